"""Reads and checks a settings file. The result is a ``Config`` or the list of all problems."""

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
"""The required settings, each with a substitute value. The substitute is used if the setting is missing or wrong, so
that the other settings can still be checked."""


class Reading(msgspec.Struct, frozen=True):
    """The result of reading a file."""

    document: Document
    config: Config | None
    """The settings that were read. None if the settings file has problems."""
    problems: tuple[Problem, ...]


def load(path: FilePath | str) -> Config:
    """Return the settings in a file.

    Raises:
        ConfigError: if the file has problems. The error lists all of them.
    """
    reading = read(path)
    if reading.config is None:
        raise ConfigError(reading.problems)
    return reading.config


def read(path: FilePath | str) -> Reading:
    """Read and check a file. Raises ConfigError if the file is not a YAML mapping."""
    return judge(read_document(path))


def loads(text: str, name: str = "config") -> Config:
    """Return the settings that a YAML text contains. Raises ConfigError like ``load``."""
    reading = judge(parse_document(name, text.encode()))
    if reading.config is None:
        raise ConfigError(reading.problems)
    return reading.config


def judge(document: Document) -> Reading:
    """Check a document in three steps. The first step checks the YAML text. The second checks the keys and types. The
    third checks whether the values make sense together."""
    wrong = [one for one in mismatches(Config, document.values) if one.path not in document.rejected]
    bad = [*document.rejected, *(one.path for one in wrong)]
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
    """Return True if both paths lead to the same value, or if one leads to a part of the other's value."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _mended(values: Any, bad: list[Path]) -> Any:
    """Return a copy of the values without the bad values, so that the remaining values can still be checked
    together."""
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
    """Remove the value at a path. To remove an item of a list, the whole list is removed, so that no index changes.
    Only the list of quoting rules is never removed."""
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
