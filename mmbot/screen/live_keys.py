"""The keys of the live view. The reader uses them to scroll, to turn pages, to filter lines and to quit."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import tty
from contextlib import suppress
from typing import Any, Final

from mmbot.engine.status import LineStatus, SportEventStatus

_KEYS: Final = {
    "\x1b[A": "up",
    "\x1bOA": "up",
    "k": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "j": "down",
    "\x1b[5~": "page up",
    "b": "page up",
    "\x1b[6~": "page down",
    " ": "page down",
    "\x1b[H": "home",
    "\x1bOH": "home",
    "\x1b[1~": "home",
    "g": "home",
    "\x1b[F": "end",
    "\x1bOF": "end",
    "\x1b[4~": "end",
    "G": "end",
    "f": "filter",
    "/": "find",
    "q": "quit",
}
_ONE: Final = re.compile(r"\x1b(?:\[[0-9;]*[~A-Za-z]|O[A-Za-z])?|.", re.DOTALL)
_LONGEST: Final = 40  # letters of the text that is searched for

SHOWN: Final = ("all", "quoted", "not quoted", "with a position")
"""The names of the filters for lines, in the sequence in which the key ``f`` selects them."""


class Window:
    """The reader's choice of lines to see."""

    def __init__(self) -> None:
        self.shown = SHOWN[0]
        """The filter for lines that the reader chose, which is one of ``SHOWN``."""
        self.words = ""
        """The search text. Only lines whose names contain the search text are shown."""
        self.typing = False
        """True while the reader types the search text."""
        self.quit = False
        """True once the reader has pressed the key that ends the view."""
        self.first = 0
        """The index of the line at the top of the page, counted from 0."""
        self.page = 1
        """The number of lines that fitted on the page when the page was most recently drawn."""

    def press(self, keys: str) -> None:
        """Act on the keys that the reader pressed. While the reader types a search text, add the keys to this text."""
        for text in _ONE.findall(keys):
            if self.typing:
                self._type(text)
            else:
                self._do(_KEYS.get(text, ""))

    def shows(self, sport_event: SportEventStatus, line: LineStatus) -> bool:
        """Return True if a line passes the reader's filter and contains the search text."""
        if self.words:
            names = " ".join((sport_event.name, sport_event.tournament, line.name, *line.outcomes)).casefold()
            if self.words.casefold() not in names:
                return False
        match self.shown:
            case "quoted":
                return bool(line.own) and line.why is None
            case "not quoted":
                return line.why is not None or not line.own
            case "with a position":
                return line.profit != (0, 0)
            case _:
                return True

    def turn_to(self, total: int, page: int) -> slice:
        """Return the range of lines that the page shows. ``total`` is the number of lines, and ``page`` is the number
        of lines that fit on the screen."""
        self.page = max(1, page)
        self.first = max(0, min(self.first, total - self.page))
        return slice(self.first, self.first + self.page)

    def text(self, total: int) -> str:
        """Return a text that names the lines on the page, the filter and the keys. ``total`` is the number of lines."""
        if self.typing:
            return f" find: {self.words}_  (Enter: done, Esc: all)"
        last = min(total, self.first + self.page)
        place = f"lines {self.first + 1}-{last} of {total}" if total else "no lines"
        chosen = self.shown + (f", {self.words!r}" if self.words else "")
        return f" {place}  f {chosen}  / find  ↑↓ PgUp PgDn  q quit"

    def _do(self, key: str) -> None:
        match key:
            case "up":
                self.first -= 1
            case "down":
                self.first += 1
            case "page up":
                self.first -= self.page
            case "page down":
                self.first += self.page
            case "home":
                self.first = 0
            case "end":
                self.first = 1 << 30
            case "filter":
                self.shown = SHOWN[(SHOWN.index(self.shown) + 1) % len(SHOWN)]
                self.first = 0
            case "find":
                self.typing, self.words, self.first = True, "", 0
            case "quit":
                self.quit = True

    def _type(self, text: str) -> None:
        if text in ("\r", "\n"):
            self.typing = False
        elif text == "\x1b":
            self.typing, self.words = False, ""
        elif text in ("\x7f", "\b"):
            self.words = self.words[:-1]
        elif text.isprintable():
            self.words = (self.words + text)[:_LONGEST]
        self.first = 0


class Keyboard:
    """Reads keys from the terminal without waiting for Enter. Without a terminal, there are never any keys."""

    def __init__(self) -> None:
        self._terminal: int | None = None
        self._before: list[Any] = []

    def __enter__(self) -> Keyboard:
        with suppress(OSError, ValueError, AttributeError, termios.error):
            number = sys.stdin.fileno()
            if os.isatty(number) and os.getpgrp() == os.tcgetpgrp(number):  # else reading would stop the process
                self._before = termios.tcgetattr(number)
                tty.setcbreak(number)
                self._terminal = number
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal is not None:
            termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)

    @property
    def usable(self) -> bool:
        """True if there is a terminal from which keys can be read."""
        return self._terminal is not None

    def pressed(self) -> str:
        """Return the characters that were typed since the previous call. The text is empty if nothing was typed."""
        if self._terminal is None or not select.select([self._terminal], [], [], 0)[0]:
            return ""
        typed = os.read(self._terminal, 256)
        if not typed:  # the terminal has gone
            self._terminal = None
        return typed.decode("utf-8", "replace")
