"""The ledger: each wager's life and matches, what they add up to, and what is remembered of those that are over."""
