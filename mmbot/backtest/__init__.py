"""Runs the engine in virtual time against the local exchange. A day takes seconds, and every run gives the same
result."""
