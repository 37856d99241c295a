"""What is said to the outside: logs as events with fields, and metrics."""
