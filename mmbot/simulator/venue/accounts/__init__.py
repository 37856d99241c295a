"""An account: its wallet, its orders, and the history that it can read."""
