"""Make standard output safe to write to, whatever it can hold and whether or not anybody still reads it."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from contextlib import suppress
from typing import Final

_LOOK_ALIKE: Final = "mmbot-look-alike"
_JSON: Final = "mmbot-json"

_ALIKE: Final = {
    "█": "#",
    "▒": "+",
    "┊": "|",
    "│": "|",
    "─": "-",
    "·": ".",
    "…": "~",
    "–": "-",
    "—": "-",
    "−": "-",
    "×": "x",
    "≤": "<",
    "≥": ">",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "ß": "s",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ı": "i",
}
"""Characters and what is written for them if the output cannot hold them. Each replacement takes as many cells of a
terminal as its character, so that columns stay straight."""


def prepare() -> None:
    """Make standard output and standard error take any text.

    Standard output writes a look-alike for a character that its encoding lacks: ``S`` for ``Š``, otherwise ``?``.
    Standard error writes ``\\u0160``, so that a log in JSON stays valid. An output that was closed before the start
    takes everything and shows nothing.
    """
    codecs.register_error(_LOOK_ALIKE, _write_look_alike)
    codecs.register_error(_JSON, _write_escaped)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end of the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end of the process
    _set_errors(sys.stdout, _LOOK_ALIKE)
    _set_errors(sys.stderr, _JSON)


def write_json(text: str) -> None:
    """Write a JSON document to standard output: in UTF-8, or in ASCII with escapes if the output has another
    encoding."""
    utf8 = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    sys.stdout.write((text if utf8 else text.encode("ascii", _JSON).decode()) + "\n")


def say(line: str) -> None:
    """Write a line to standard output at once. Do nothing if the output can no longer be written.

    A command that cancels wagers must not end because the reader of its lines has ended.
    """
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError as bad:
        abandon()
        if not isinstance(bad, BrokenPipeError):
            complain(f"standard output cannot be written: {bad.strerror}")


def complain(problem: str) -> None:
    """Write a line to standard error. Do nothing if it cannot be written: the exit code tells the problem too."""
    with suppress(OSError):
        sys.stderr.write(f"mmbot: {problem}\n")


def abandon() -> None:
    """Discard what is still to be written to standard output, because it can no longer be written."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, sys.stdout.fileno())
    except (OSError, io.UnsupportedOperation):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end of the process
    finally:
        os.close(devnull)


def _set_errors(stream: object, handler: str) -> None:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=handler)


def _write_look_alike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join([_alike(letter, error.encoding) for letter in letters]), error.end


def _alike(letter: str, encoding: str) -> str:
    if unicodedata.combining(letter):
        return ""
    base = unicodedata.normalize("NFKD", letter)[0]
    for text in (_ALIKE.get(letter), base):
        if text is not None and text != letter and _fits(text, encoding):
            return text
    return "??" if unicodedata.east_asian_width(letter) in "WF" else "?"


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _write_escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join([f"\\u{high:02x}{low:02x}" for high, low in pairs]), error.end
