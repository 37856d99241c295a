"""Makes every text safe to write to standard output. The output may be unable to show a character, or its reader may
have ended."""

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
    "↑": "^",
    "↓": "v",
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
"""The replacement for each character that an output may be unable to show. Each replacement has the width of its
character on a terminal, so that columns stay straight."""


def prepare() -> None:
    """Let standard output and standard error accept any text.

    If the encoding of standard output lacks a character, a similar character is written, for example ``S`` for ``Š``.
    If there is no similar character, ``?`` is written. Standard error writes ``\\u0160`` instead, so that a log in JSON
    stays valid. Text for an output that was closed before the start is discarded.
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
    """Write a JSON document to standard output. If the encoding is UTF-8, the document is written unchanged. Otherwise,
    characters outside ASCII are written as escapes."""
    utf8 = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    sys.stdout.write((text if utf8 else text.encode("ascii", _JSON).decode()) + "\n")


def say(line: str) -> None:
    """Write a line to standard output at once. If this is not possible any more, discard the line.

    A command that cancels wagers must continue even if nobody reads its output any more.
    """
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError as bad:
        abandon()
        if not isinstance(bad, BrokenPipeError):
            complain(f"standard output cannot be written: {bad.strerror}")


def complain(problem: str) -> None:
    """Write a line to standard error. If this is not possible, do nothing, because the exit code shows the problem
    too."""
    with suppress(OSError):
        sys.stderr.write(f"mmbot: {problem}\n")


def abandon() -> None:
    """Discard the output that is not written yet, because standard output cannot be written any more."""
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
