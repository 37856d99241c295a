"""The referee. It decides from the exchange's own books whether the bot kept the rules."""
