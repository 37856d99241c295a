"""Drives the engine in virtual time against the local exchange: a day takes seconds, and every run gives the same."""
