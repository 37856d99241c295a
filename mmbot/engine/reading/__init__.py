"""What is read from the exchange: board, wager history, single wagers."""
