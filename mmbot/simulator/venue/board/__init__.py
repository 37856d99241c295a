"""The board: the catalogue with the books of its lines."""
