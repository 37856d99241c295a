"""Reads from the exchange: markets and books, the wager history, and single wagers."""
