"""The ledger: the state and matches of each wager, their sums, and the results of wagers that are over."""
