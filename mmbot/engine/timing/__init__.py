"""The rate limit, and what is due when."""
