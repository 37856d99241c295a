"""Writes numbers with their nouns in a sentence, and tells text from what only looks like it."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, such as ``1 cancel`` or ``2 cancels``. ``many`` is the plural of the noun. It is
    needed only if the plural is not the noun plus s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def is_text(value: str) -> bool:
    """Return False if a text has the character NUL or half of a surrogate pair. JSON and YAML can write both as
    escapes, but no path can have NUL, and no file, database or other JSON text can hold half of a surrogate pair."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
