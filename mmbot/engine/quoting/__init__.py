"""Asks the strategies for quotes, and finds the placements and cancels that make the open wagers equal to the
quotes."""
