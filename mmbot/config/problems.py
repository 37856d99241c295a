"""The problems of a settings file, each with its place, and the error that lists all of them."""

from __future__ import annotations

from collections.abc import Iterable
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
    """Raised if the settings cannot be used. ``problems`` lists every problem, not only the first."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def shown_path(path: Path) -> str:
    """Return a path as text, like ``quoting[0].match.type``. For the whole document, the text is empty."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
