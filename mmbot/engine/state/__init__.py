"""What the parts of the engine share."""
