"""Worst cases against limits, guards, and the size of a hedge."""
