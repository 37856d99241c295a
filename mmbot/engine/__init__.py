"""The deterministic core of mmbot: books, wagers, quoting, risk, and the requests to send. The core does no I/O, reads
no clock and uses no randomness."""
