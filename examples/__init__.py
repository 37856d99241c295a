"""Short strategies to start from. Each is run by a test, and none is advice: see the risk notice in the README."""
