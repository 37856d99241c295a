"""Reads of the exchange: the board, the wager history, single wagers."""
