"""The deterministic core: books, wagers, quoting, risk and the queue of what to send. No I/O, no clock, no chance."""
