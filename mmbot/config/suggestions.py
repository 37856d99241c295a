"""Hints for misspelt names: the nearest valid one, or all of them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return a hint for a misspelt name: ``; did you mean 'x'?``, or the list of valid names if none is similar."""
    names = list(valid)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; valid names: {', '.join(names)}" if names else "; no name is valid here"
