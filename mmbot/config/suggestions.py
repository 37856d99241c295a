"""Hints for misspelt names. A hint gives the most similar valid name, or all valid names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return a hint for a misspelt name. It is ``; did you mean 'x'?``, or the list of valid names if none is
    similar."""
    names = list(valid)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; valid names: {', '.join(names)}" if names else "; no name is valid here"
