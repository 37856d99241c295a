"""The deterministic core: books, wagers, quoting, risk, and the requests to send. No I/O, no clock, no randomness."""
