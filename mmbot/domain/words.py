"""Numbers of things in the words of a sentence."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 cancel``, ``2 cancels``; ``many`` where an s does not make it."""
    return f"{number} {one if number == 1 else many or one + 's'}"
