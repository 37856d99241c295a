"""The legacy dialect of the exchange's interface, with the names wager, odds, stake and line."""
