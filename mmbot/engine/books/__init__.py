"""The catalogue of markets, their books, our own stake in these books, and a count of the size that left the books."""
