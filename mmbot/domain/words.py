"""Write counts of things in a sentence."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, such as ``1 cancel`` or ``2 cancels``. ``many`` is the plural of the noun, needed
    only if that is not the noun plus s."""
    return f"{number} {one if number == 1 else many or one + 's'}"
