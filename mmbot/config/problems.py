"""The problems of a settings file, and the error that lists all of them. Each problem names its place in the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

Path = tuple[str | int, ...]
"""The type of the path of a value in a document: the keys and list indexes from the top to the value."""


class Problem(NamedTuple):
    """One problem of a settings file."""

    place: str
    """The place of the problem in the form ``FILE:LINE: path``. Parts of the place that are not known are left out."""
    message: str
    """The text about the problem: the expected value, the value that was found, and advice."""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class ConfigError(ValueError):
    """Raised if the settings cannot be used. ``problems`` lists every problem, not only one."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def shown_path(path: Path) -> str:
    """Return a path as text, such as ``quoting[0].match.type``. For the whole document, the text is empty."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
