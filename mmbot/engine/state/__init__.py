"""The state that the parts of the engine share, and the instructions of the engine to the shell (the code around the
engine)."""
