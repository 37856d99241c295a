"""The referee: whether the bot kept the rules, read from the exchange's own books."""
