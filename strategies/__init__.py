"""Strategies. To write your own, copy a file of this folder, change it, and name it in the settings under ``quoting:``,
such as ``strategies.mine:Class``."""
