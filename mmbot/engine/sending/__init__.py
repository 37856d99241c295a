"""Placements, cancels and hedges: the requests that change something at the exchange."""
