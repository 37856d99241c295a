"""The demo: a local exchange and a daemon in two processes, and a closing summary."""
