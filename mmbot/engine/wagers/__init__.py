"""The ledger: each wager with its state and matches, the sums over all wagers, and the results of ended wagers."""
