"""The problems of a settings file, each with its place, and the error that lists all of them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Path of a value in a document: keys and list indexes, from the top."""


class Problem(NamedTuple):
    """One problem of a settings file."""

    place: str
    """``FILE:LINE: path``, as far as known."""
    message: str
    """The expected value, the value found, and what to do."""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class ConfigError(ValueError):
    """The settings cannot be used. ``problems`` lists every problem, not only the first."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def shown_path(path: Path) -> str:
    """Return a path as text, like ``quoting[0].match.type``; the empty text for the top."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return a hint for a misspelt name: ``; did you mean 'x'?``, or the list of valid names if none is similar."""
    names = list(valid)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; valid names: {', '.join(names)}" if names else "; no name is valid here"
