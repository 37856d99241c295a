"""The balance of the account, the stakes that may still be placed, and the profit of the account."""
