"""The program around the engine: start-up, main loop, supervision, signals, HTTP and shutdown."""
