"""The engine driven in virtual time against the local exchange: a day takes seconds, and every run is the same."""
