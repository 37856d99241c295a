"""The runner of the fault scenarios: plays a data file with the real daemon and a local exchange in virtual time."""
