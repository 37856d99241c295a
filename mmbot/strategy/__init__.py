"""What a strategy sees and returns, loading one by name, and sources of fair values."""
