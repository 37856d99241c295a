"""The board. It is the catalogue of sport events, markets and lines, with the books of the lines."""
