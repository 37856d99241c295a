"""The balance, the stakes that it still allows, and the profit of the account."""
