"""The accounts of the exchange: wallets, orders, and the wager history that an account can read."""
