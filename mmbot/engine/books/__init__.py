"""What is traded, its books, our own stake in them, and why size left them."""
