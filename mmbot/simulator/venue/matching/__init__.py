"""Accepts and matches wagers, and enters the orders of the crowd."""
