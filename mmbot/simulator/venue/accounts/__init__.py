"""The accounts of the exchange. An account has a wallet, orders, and a wager history that it can read."""
