"""The legacy dialect on the wire: wager, odds, stake, line."""
