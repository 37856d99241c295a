"""From books to targets: what a strategy sees, what it wants, and the difference to the open orders."""
