"""Results of markets, and the money that they move."""
