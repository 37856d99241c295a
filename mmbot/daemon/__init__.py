"""The program around the engine. It does the start-up, the main loop, supervision, signals, HTTP and the shutdown."""
