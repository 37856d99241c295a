"""The way of an order into the book and out of it: acceptance, matching, and the crowd's own orders."""
