"""The catalogue of markets, their books, our own stake in the books, and a count of size that left the books."""
