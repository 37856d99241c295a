"""The state that the parts of the engine share, and the engine's orders to the program around it (the shell)."""
