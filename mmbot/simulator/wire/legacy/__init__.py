"""The legacy dialect of the exchange's interface. Its words are wager, odds, stake and line."""
