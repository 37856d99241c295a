"""Writes numbers with their nouns, such as ``2 cancels``, and checks whether a text can be stored."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, such as ``1 cancel`` or ``2 cancels``. ``many`` is the plural of the noun. It is
    needed only if the plural is not the noun plus s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def is_text(value: str) -> bool:
    """Return whether a text can be stored in every kind of place: a file, a path, a database, JSON. This is not so if
    the text has the character NUL, or half of a surrogate pair (an incomplete character)."""
    # JSON and YAML can write both as escapes, so both can come from outside.
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
