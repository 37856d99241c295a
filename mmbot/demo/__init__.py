"""The demo. It runs a local exchange and a daemon in two processes, and prints a closing summary."""
