"""Strategies. To write your own, copy a file, change it, and name it in ``quoting:`` as ``strategies.mine:Class``."""
