"""A file of settings, read and judged: everything that is wrong with it at once, or a ``Config``."""

from __future__ import annotations

import copy
from pathlib import Path as FilePath
from typing import Any, Final

import msgspec

from mmbot.config.document import Document, parse_document, read_document
from mmbot.config.problems import ConfigError, Path, Problem
from mmbot.config.sense import senseless
from mmbot.config.settings import Config
from mmbot.config.validation import convert, mismatches

_NEEDED: Final[tuple[tuple[Path, str], ...]] = (
    (("environment",), "local"),
    (("exchange",), ""),
    (("exchange", "base_url"), "http://127.0.0.1"),
)
"""What has no default, with a stand-in, so that the rest is judged where one of these is missing."""


class Reading(msgspec.Struct, frozen=True):
    """What came of a file."""

    document: Document
    config: Config | None
    """None where there are problems."""
    problems: tuple[Problem, ...]


def load(path: FilePath | str) -> Config:
    """The settings in a file.

    Raises:
        ConfigError: with everything that is wrong with the file.
    """
    reading = read(path)
    if reading.config is None:
        raise ConfigError(reading.problems)
    return reading.config


def read(path: FilePath | str) -> Reading:
    """Read and judge a file. Raises ConfigError where it is not even a mapping of YAML."""
    return judge(read_document(path))


def loads(text: str, name: str = "config") -> Config:
    """The settings in a text. Raises ConfigError as ``load`` does."""
    reading = judge(parse_document(name, text.encode()))
    if reading.config is None:
        raise ConfigError(reading.problems)
    return reading.config


def judge(document: Document) -> Reading:
    """Judge a document: its text, its keys and types, then what its values mean beside each other."""
    wrong = [one for one in mismatches(Config, document.values) if one.path not in document.refused]
    bad = [*document.refused, *(one.path for one in wrong)]
    problems = list(document.problems)

    def note(path: Path, message: str) -> None:
        problems.append((document.line(path), Problem(document.place(path), message)))

    for one in wrong:
        note(one.path, one.message)
    config: Config | None = None
    try:
        config = convert(Config, _mended(document.values, bad))
    except ValueError as error:
        note((), str(error))
    if config is not None:
        for odd in senseless(config, document.given):
            if not any(_touch(path, rotten) for path in (odd.path, *odd.because_of) for rotten in bad):
                note(odd.path, odd.message)
    ordered = tuple(problem for _, problem in sorted(problems, key=lambda item: item[0]))
    return Reading(document, None if ordered else config, ordered)


def _touch(one: Path, other: Path) -> bool:
    """Whether one path is the other or leads to it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _mended(values: Any, bad: list[Path]) -> Any:
    """The values without those that do not fit, so that the others can be judged beside each other."""
    mended = copy.deepcopy(values)
    for path in bad:
        _remove(mended, path)
    for path, stand_in in _NEEDED:
        parent = mended
        for step in path[:-1]:
            parent = parent[step]
        parent.setdefault(path[-1], stand_in or {})
    quoting = mended.get("quoting")
    if isinstance(quoting, list):
        for place, rule in enumerate(quoting):
            if not isinstance(rule, dict):
                quoting[place] = rule = {}
            rule.setdefault("strategy", "module:Class")
    return mended


def _remove(values: Any, path: Path) -> None:
    """Take out the value at a path. Of a list nothing is taken out but the whole: places must not move."""
    for step in range(1, len(path)):
        if isinstance(path[step], int) and path[:step] != ("quoting",):
            path = path[:step]
            break
    parent: Any = values
    for key in path[:-1]:
        if isinstance(parent, list) or (isinstance(parent, dict) and key in parent):
            parent = parent[key]  # type: ignore[index]
        else:
            return
    if isinstance(parent, dict):
        parent.pop(path[-1], None)
    elif isinstance(parent, list) and isinstance(path[-1], int):
        parent[path[-1]] = None
