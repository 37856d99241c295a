"""The program around the engine. It runs the start-up, the main loop, the HTTP server and the shutdown. It also handles
signals and watches over its own parts."""
