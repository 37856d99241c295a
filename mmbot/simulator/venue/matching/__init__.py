"""Orders on their way into a book and out of it: intake, matching, and the orders of the crowd."""
