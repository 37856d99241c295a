"""How the results of markets are applied, and how the payments for them are made."""
