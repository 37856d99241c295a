"""The catalogue of markets, their books, our own stake in the books, and why size left them."""
