"""Hints for misspelt names. A hint gives the most similar valid name, or a list of all valid names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return a hint for a misspelt name. It reads ``; did you mean 'x'?``, or lists the valid names if none is
    similar."""
    names = list(valid)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; valid names: {', '.join(names)}" if names else "; no name is valid here"
