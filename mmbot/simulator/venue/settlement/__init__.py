"""Applies the results of markets and pays them."""
