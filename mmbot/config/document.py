"""Turns YAML text into plain values and remembers the line of each value.

The parser accepts only a part of YAML. It rejects duplicate keys, anchors, aliases and tags. Unquoted words are text,
except true, false, null and decimal numbers. Therefore ``NO``, ``on``, ``1_000`` and ``1:30`` are text. They are
rejected if the setting takes a number or true/false.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any, Final

import msgspec
import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from mmbot.config.files import read_file
from mmbot.config.problems import ConfigError, Path, Problem, shown_path
from mmbot.domain.words import is_text

LARGEST: Final = 1 << 20
"""The greatest size of a settings file, in bytes."""

_REJECTED: Final = "rejected"  # the tag of a node that was already reported
_DEEPEST: Final = 32  # levels of nesting; settings need six
_NO_TEXT: Final = "expected text without the character NUL and without half of a surrogate pair (such as \\ud800)"
_NO_CREDENTIALS: Final = (
    "keys and passwords must not be in this file; set PROPHETX_ACCESS_KEY and PROPHETX_SECRET_KEY in the environment"
)
_CREDENTIAL_WORDS: Final = ("accesskey", "secretkey", "secret", "password", "passwd", "apikey", "credential", "token")


class Document(msgspec.Struct, frozen=True):
    """The values of a file, with the line number of each value."""

    name: str
    """The name of the settings file, as the user gave it."""
    values: Any
    """The values of the settings file: dicts with text keys, lists, texts, numbers, booleans and None."""
    lines: dict[Path, int]
    """The line number of each key and of each list item in the settings file. The first line of the file has the number
    1."""
    problems: tuple[tuple[int, Problem], ...] = ()
    """The problems of the YAML text itself, each with its line number."""
    rejected: tuple[Path, ...] = ()
    """The paths of the keys and values that could not be read. In ``values``, an unreadable value is None, and a
    rejected key is missing."""

    def place(self, path: Path) -> str:
        """Return ``FILE:LINE: path``. If the file does not have the key, ``LINE`` belongs to the nearest key around
        it."""
        return _place(self.name, self.lines, path)

    def line(self, path: Path) -> int:
        """Return the line number of a key. If the file does not have the key, return the line number of the nearest key
        around it, or 0."""
        return _line(self.lines, path)

    def given(self, path: Path) -> bool:
        """Return True if the file contains this key. Return False if the default value applies."""
        return path in self.lines


def _line(lines: dict[Path, int], path: Path) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def _place(name: str, lines: dict[Path, int], path: Path) -> str:
    line = _line(lines, path)
    shown = shown_path(path)
    return name + (f":{line}" if line else "") + (f": {shown}" if shown else "")


class _PlainWords(BaseResolver):
    """Recognises unquoted values that are not text, such as numbers. The rules are YAML 1.2's core schema without octal
    and hexadecimal numbers."""


_PlainWords.add_implicit_resolver("null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_PlainWords.add_implicit_resolver("bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_PlainWords.add_implicit_resolver("int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_PlainWords.add_implicit_resolver(
    "float",
    re.compile(
        r"^(?:[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+0123456789."),
)


class _Tree(Reader, Scanner, Parser, Composer, _PlainWords):
    """Parses YAML text into a tree of nodes with PyYAML. The rest of this module turns the nodes into values."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        _PlainWords.__init__(self)
        self.rejected: list[tuple[int, str]] = []
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call]
            self.rejected.append((line, f"the alias '*{event.anchor}' is not supported; write the value out"))
            return yaml.ScalarNode(_REJECTED, "")
        if getattr(event, "anchor", None) is not None:
            self.rejected.append((line, f"the anchor '&{event.anchor}' is not supported; write the value out"))
            event.anchor = None
        if getattr(event, "tag", None) is not None:
            self.rejected.append((line, f"the tag '{event.tag}' is not supported; write the plain value"))
            event.tag = None
        self._depth += 1
        if self._depth > _DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {_DEEPEST} levels", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def is_credential(key: str) -> bool:
    """Return True if the name of a key suggests that its value is a secret."""
    plain = re.sub(r"[^a-z]", "", key.lower())
    return any(word in plain for word in _CREDENTIAL_WORDS) or bool(
        get_close_matches(plain, _CREDENTIAL_WORDS, 1, 0.85)
    )


def read_document(path: FilePath | str) -> Document:
    """Read a file.

    Raises:
        ConfigError: if the file cannot be read, is not UTF-8 or is not YAML. Other problems are listed in the
            document's ``problems``.
    """
    name = str(path)
    try:
        raw = read_file(FilePath(path), LARGEST)
    except OSError as error:
        raise ConfigError([Problem(name, f"cannot be read: {error.strerror or error}")]) from error
    return parse_document(name, raw)


def parse_document(name: str, raw: bytes) -> Document:
    """Parse the bytes of a file. Raises ConfigError if the bytes are not UTF-8 or not YAML."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(f"{name}:{line}", "is not UTF-8 text; save the file as UTF-8")]) from error
    try:
        tree = _Tree(text)
        root = tree.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError(
            [Problem(f"{name}:{mark.line + 1}" if mark else name, f"is not valid YAML: {what}")]
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(
            [Problem(f"{name}:{line}", f"contains a character that YAML does not allow: {error.reason}")]
        ) from None
    if root is None or (isinstance(root, yaml.ScalarNode) and root.tag == "null"):
        raise ConfigError([Problem(name, "is empty; expected settings")])
    if not isinstance(root, yaml.MappingNode):
        kind = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        raise ConfigError([Problem(f"{name}:1", f"expected a mapping of settings at the top, found {kind}")])
    builder = _Builder(name, [(line, Problem(f"{name}:{line}", why)) for line, why in tree.rejected])
    values = builder.value(root, ())
    return Document(name, values, builder.lines, tuple(builder.problems), tuple(builder.rejected))


class _Builder:
    """Builds plain values from nodes and collects their lines and problems."""

    def __init__(self, name: str, problems: list[tuple[int, Problem]]) -> None:
        self.name = name
        self.problems = problems
        self.lines: dict[Path, int] = {}
        self.rejected: list[Path] = []

    def value(self, node: yaml.Node, path: Path) -> Any:
        if isinstance(node, yaml.MappingNode):
            mapping: dict[str, Any] = {}
            for key, line, inner in self._keys(node, path):
                self.lines[(*path, key)] = line
                mapping[key] = self.value(inner, (*path, key))
            return mapping
        if isinstance(node, yaml.SequenceNode):
            items = []
            for place, inner in enumerate(node.value):
                self.lines[(*path, place)] = inner.start_mark.line + 1 if inner.start_mark else self.lines.get(path, 1)
                items.append(self.value(inner, (*path, place)))
            return items
        try:
            return _scalar(node)
        except ValueError as error:
            self.rejected.append(path)
            if node.tag != _REJECTED:
                self.problems.append(
                    (node.start_mark.line + 1, Problem(_place(self.name, self.lines, path), str(error)))
                )
            return None

    def _keys(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, int, yaml.Node]]:
        """Yield each key of a mapping with its line number and its node. A key that cannot be used is reported and left
        out."""
        for key_node, inner in node.value:
            line = key_node.start_mark.line + 1 if key_node.start_mark else self.lines.get(path, 1)
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag in ("null", _REJECTED):
                self._reject(line, path, "expected a key that is plain text")
                continue
            key = key_node.value
            here = (*path, key)
            if not is_text(key):
                self._reject(line, path, _NO_TEXT)
            elif is_credential(key):
                self._reject(line, here, _NO_CREDENTIALS)
            elif here in self.lines:
                self._reject(line, here, f"this key is already on line {self.lines[here]}; remove one of them")
            else:
                yield key, line, inner

    def _reject(self, line: int, path: Path, why: str) -> None:
        shown = shown_path(path)
        self.problems.append((line, Problem(f"{self.name}:{line}" + (f": {shown}" if shown else ""), why)))


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    text: str = node.value
    match node.tag:
        case "rejected":
            raise ValueError("cannot be read")
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            if len(text) > 40:
                raise ValueError("this number has more than 40 digits")
            return int(text)
        case "float":
            number = math.inf if text.lstrip("+-").startswith((".i", ".I", ".n", ".N")) else float(text)
            if not math.isfinite(number):
                raise ValueError(f"expected a finite number, found {text}")
            return number
        case _:
            if not is_text(text):
                raise ValueError(_NO_TEXT)
            return text
