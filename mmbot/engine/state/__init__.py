"""The state that the parts of the engine share, and the orders that the engine gives to the shell (the code around the
engine)."""
