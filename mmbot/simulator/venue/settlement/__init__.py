"""The results of markets, and the payments that follow from them."""
