"""Writes numbers with their nouns in a sentence."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, such as ``1 cancel`` or ``2 cancels``. ``many`` is the plural of the noun. It is
    needed only if the plural is not the noun plus s."""
    return f"{number} {one if number == 1 else many or one + 's'}"
