"""What is wrong with a file of settings: one problem each, with its place, and the error that carries them all."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Where something stands in a document: keys and places in lists, from the top."""


class Problem(NamedTuple):
    """One thing that is wrong."""

    place: str
    """``FILE:LINE: path``, as far as each is known."""
    message: str
    """What was expected, and what to do."""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class ConfigError(ValueError):
    """Settings that cannot be used; ``problems`` has everything that is wrong with them, not only the first."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def shown_path(path: Path) -> str:
    """``quoting[0].match.type``; the empty text for the top."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def nearest(name: str, valid: Iterable[str]) -> str:
    """A hint at what a misspelt name was meant to be: ``; did you mean 'x'?``, or all valid names if none is near."""
    names = list(valid)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; valid are: {', '.join(names)}" if names else "; none is valid here"
