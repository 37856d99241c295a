"""Strategies as a user writes them. Copy one, change it, and name it in ``quoting:`` as ``strategies.mine:Class``."""
