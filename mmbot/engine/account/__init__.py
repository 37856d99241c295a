"""Balance, funds and profit of the account."""
