"""Write counts of things in a sentence."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 cancel``, ``2 cancels``; ``many`` is the plural of a word that takes no s."""
    return f"{number} {one if number == 1 else many or one + 's'}"
