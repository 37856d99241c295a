"""The referee. It uses only the exchange's books to decide whether the bot kept the rules."""
