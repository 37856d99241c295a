"""The audit: compares wagers, matches, balance and transactions with the exchange's records while the daemon quotes."""
