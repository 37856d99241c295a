"""The state that the parts of the engine share, and the orders that the engine gives to the program around it (the
shell)."""
