"""Logs: one event with fields a line, as JSON or readable on a terminal, with every secret taken out.

They are taken out of the finished line, not of the fields: so it holds for tracebacks, for messages of libraries and
for whatever else finds its way in. Lines are written by a thread, so that a stalled reader never stalls the trading.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.types import EventDict, FilteringBoundLogger

from mmbot.domain.instant import Instant, iso

HIDDEN: Final = "***"

LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_SECRET_FIELDS: Final = frozenset(
    {"access_key", "secret_key", "access_token", "refresh_token", "token", "authorization", "password", "auth"}
)
_TOKENS: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"  # a JWT, wherever it stands
    r"|(?<=Bearer )[^\s\"'\\]+"
)
_NAMED: Final = re.compile(r"((?:access|secret|refresh)_(?:key|token)\\*[\"']\s*:\s*\\*[\"'])[^\"'\\]+")
_GATHER_S: Final = 0.02  # a thread that ran for each line would stop the trading each time until it lets go
_SHORTEST: Final = 6  # a shorter "secret" would blot out ordinary words
_TAKEN: Final[Mapping[str, str]] = {
    "event": "event_id",
    "level": "level_",
    "at": "at_",
    "exc_info": "exc_info_",
    "stack_info": "stack_info_",
}


class Secrets:
    """Values that must never be shown. More can be added as they come to be known."""

    def __init__(self, *values: str) -> None:
        self._values: list[str] = []
        self._others: list[Callable[[str], str]] = []
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Hide this value from now on."""
        if len(value) < _SHORTEST:
            return
        escaped = orjson.dumps(value).decode()[1:-1]
        for form in {value, escaped, repr(value)[1:-1]}:
            if form not in self._values:
                self._values.append(form)
        self._values.sort(key=len, reverse=True)

    def also(self, hide: Callable[[str], str]) -> None:
        """Hide what another holder of secrets takes out of a text, besides."""
        self._others.append(hide)

    def hide(self, text: str) -> str:
        """The text without them, and without whatever looks like a token."""
        for hide in self._others:
            text = hide(text)
        for value in self._values:
            text = text.replace(value, HIDDEN)
        return _NAMED.sub(rf"\1{HIDDEN}", _TOKENS.sub(HIDDEN, text))


class LineWriter:
    """Writes lines to a stream from a thread of its own. When the reader stalls, lines are dropped and counted."""

    def __init__(self, out: TextIO, limit: int = 10_000) -> None:
        self.dropped = 0
        """Lines that were lost because too many waited, or because the stream is gone."""
        self.terminal: Final = out.isatty()
        self._out: Final = out
        self._limit: Final = limit
        self._lines: deque[str] = deque()
        self._some = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._write_out, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Write this line soon."""
        if len(self._lines) >= self._limit:
            self.dropped += 1
            return
        self._lines.append(line)
        if not self._some.is_set():
            self._some.set()

    def close(self, timeout_s: float = 2.0) -> None:
        """Write what is left, for at most this long."""
        self._closing = True
        self._some.set()
        self._thread.join(timeout_s)

    def _write_out(self) -> None:
        while self._lines or not self._closing:
            self._some.wait()
            if not self._closing:
                time.sleep(_GATHER_S)
            self._some.clear()  # before the lines are looked at: one that comes now wakes it again
            while self._lines:
                text = "".join(f"{self._lines.popleft()}\n" for _ in range(len(self._lines)))
                try:
                    self._out.write(text)
                    self._out.flush()
                except (OSError, ValueError):  # nobody reads any more; the trading goes on
                    self.dropped += text.count("\n")


class _Lines:
    """What structlog calls with a finished line."""

    def __init__(self, out: LineWriter) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = self.msg = out.write


def logger(
    out: LineWriter,
    secrets: Secrets,
    *,
    level: str = "info",
    style: str = "auto",
    now: Callable[[], Instant] = time.time_ns,
) -> FilteringBoundLogger:
    """A logger that writes to ``out``.

    Args:
        out: where lines go.
        secrets: what must not be shown.
        level: the least that is written: ``debug``, ``info``, ``warning`` or ``error``.
        style: ``json``, ``text``, or ``auto``: text if ``out`` is a terminal.
        now: the instant that lines carry.

    Raises:
        ValueError: if the level or the style is none of these.
    """
    if level not in LEVELS:
        raise ValueError(f"log level {level!r}: expected one of {', '.join(LEVELS)}")
    if style not in {"json", "text", "auto"}:
        raise ValueError(f"log format {style!r}: expected json, text or auto")
    readable = out.terminal if style == "auto" else style == "text"

    def stamp(_logger: object, _method: str, event: EventDict) -> EventDict:
        event["at"] = iso(now())
        for field in event:
            if field in _SECRET_FIELDS:
                event[field] = HIDDEN
        return event

    def hide(_logger: object, _method: str, line: Any) -> str:
        return secrets.hide(line)

    render: list[Any]
    if readable:
        console = structlog.dev.ConsoleRenderer(
            colors=out.terminal,
            timestamp_key="at",
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,  # a box drawn around it would break secrets over lines
        )
        render = [_short_time, console]
    else:
        render = [structlog.processors.format_exc_info, _as_json]
    made: FilteringBoundLogger = structlog.wrap_logger(
        _Lines(out),
        processors=[structlog.processors.add_log_level, stamp, *render, hide],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        cache_logger_on_first_use=True,
    )
    return made


def fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields under names that the log does not use itself: ``event`` becomes ``event_id``."""
    return {_TAKEN.get(name, name): value for name, value in given.items()}


class Forwarding(logging.Handler):
    """Sends what libraries say through the standard library's logging into ours."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record as the event ``library``."""
        error = record.exc_info if record.exc_info and record.exc_info[0] else None
        self._log.log(record.levelno, "library", logger=record.name, message=record.getMessage(), exc_info=error)


def _as_json(_logger: object, _method: str, event: EventDict) -> str:
    if "exc_info" in event and not event["exc_info"]:
        del event["exc_info"]
    ordered = {"at": event.pop("at"), "level": event.pop("level"), "event": event.pop("event"), **event}
    try:
        return orjson.dumps(ordered, default=repr).decode()
    except TypeError:  # what orjson alone refuses: half a surrogate pair, an integer beyond 64 bits
        return json.dumps(ordered, default=repr)


def _short_time(_logger: object, _method: str, event: EventDict) -> EventDict:
    event["at"] = event["at"][11:23]
    return event
