"""The legacy dialect of the exchange's API. It uses the words wager, odds, stake and line."""
