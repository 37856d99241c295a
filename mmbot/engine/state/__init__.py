"""The state that the parts of the engine share, and the orders that wait for the shell."""
