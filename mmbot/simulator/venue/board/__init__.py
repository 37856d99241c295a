"""The board: the catalogue of sport events, markets and lines, with the books of the lines."""
