"""The log. Each line is one event with fields. A line is JSON, or text for a terminal, and shows no secrets.

Secrets are removed from the finished line, so they are also removed from tracebacks and messages of libraries. A thread
writes the lines, so a slow reader of the log does not delay trading.
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

from mmbot.domain.bounds import SHORTEST_SECRET
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
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"  # a JWT anywhere in the text
    r"|(?<=Bearer )[^\s\"'\\]+"
)
_TOKENS_IN_BYTES: Final = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_NAMED: Final = re.compile(r"((?:access|secret|refresh)_(?:key|token)\\*[\"']\s*:\s*\\*[\"'])[^\"'\\]+")
_GATHER_S: Final = 0.02  # a thread that wakes for each line would interrupt trading too often
_TAKEN: Final[Mapping[str, str]] = {
    "event": "event_",
    "level": "level_",
    "at": "at_",
    "exc_info": "exc_info_",
    "stack_info": "stack_info_",
}


class Secrets:
    """The secret values that a log must never show. Further values can be added at any time."""

    def __init__(self, *values: str) -> None:
        self._values: list[str] = []
        self._others: list[Callable[[str], str]] = []
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Add a value that is hidden from now on."""
        if len(value) < SHORTEST_SECRET:
            return
        escaped = orjson.dumps(value).decode()[1:-1]
        for form in {value, escaped, repr(value)[1:-1]}:
            if form not in self._values:
                self._values.append(form)
        self._values.sort(key=len, reverse=True)

    def also(self, hide: Callable[[str], str]) -> None:
        """Add a function that hides further secrets in a text."""
        self._others.append(hide)

    def hide(self, text: str) -> str:
        """Return the text without secrets. Everything that looks like a token is removed too."""
        for hide in self._others:
            text = hide(text)
        for value in self._values:
            text = text.replace(value, HIDDEN)
        return _NAMED.sub(rf"\1{HIDDEN}", _TOKENS.sub(HIDDEN, text))

    def mask(self, data: bytes) -> bytes:
        """Return binary data in which secrets are replaced by asterisks. Everything that looks like a token is replaced
        too. The length does not change, so that lengths inside the data stay right."""
        for value in self._values:
            secret = value.encode(errors="replace")
            data = data.replace(secret, b"*" * len(secret))
        return _TOKENS_IN_BYTES.sub(lambda found: b"*" * len(found[0]), data)


class LineWriter:
    """Writes lines to a stream in its own thread. If the stream is read too slowly, lines are dropped and counted."""

    def __init__(self, out: TextIO, limit: int = 10_000) -> None:
        self.dropped = 0
        """The number of log lines that were lost because too many lines waited, or because the stream was closed."""
        self.terminal: Final = out.isatty()
        self._out: Final = out
        self._limit: Final = limit
        self._lines: deque[str] = deque()
        self._some = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._write_out, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Put a line into the queue. The thread writes the line soon afterwards."""
        if len(self._lines) >= self._limit:
            self.dropped += 1
            return
        self._lines.append(line)
        if not self._some.is_set():
            self._some.set()

    def close(self, timeout_s: float = 2.0) -> None:
        """Write the lines in the queue. This takes at most ``timeout_s`` seconds."""
        self._closing = True
        self._some.set()
        self._thread.join(timeout_s)

    def _write_out(self) -> None:
        while self._lines or not self._closing:
            self._some.wait()
            if not self._closing:
                time.sleep(_GATHER_S)
            self._some.clear()  # before the lines are read, so that a new line wakes the thread again
            while self._lines:
                text = "".join(f"{self._lines.popleft()}\n" for _ in range(len(self._lines)))
                try:
                    self._out.write(text)
                    self._out.flush()
                except (OSError, ValueError):  # the reader has gone; the trading goes on
                    self.dropped += text.count("\n")


class _Lines:
    """Passes finished lines from the library structlog to the writer."""

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
    """Create a logger that writes to ``out``.

    Args:
        out: the writer of the lines.
        secrets: the values that must not be shown.
        level: the lowest level that is written. It is ``debug``, ``info``, ``warning`` or ``error``.
        style: the format, which is ``json`` or ``text``. With ``auto``, it is text if ``out`` is a terminal, and JSON
            otherwise.
        now: a function that returns the time for each line.

    Raises:
        ValueError: if the level or the style is unknown.
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
            exception_formatter=structlog.dev.plain_traceback,  # a traceback in a box would split secrets
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
    """Rename the fields whose names the log uses for itself. For example, ``event`` becomes ``event_``."""
    return {_TAKEN.get(name, name): value for name, value in given.items()}


class Forwarding(logging.Handler):
    """Writes the log messages of other libraries to our log."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one log message of a library. In our log, the name of its event is ``library``."""
        error = record.exc_info if record.exc_info and record.exc_info[0] else None
        self._log.log(record.levelno, "library", logger=record.name, message=record.getMessage(), exc_info=error)


def _as_json(_logger: object, _method: str, event: EventDict) -> str:
    if "exc_info" in event and not event["exc_info"]:
        del event["exc_info"]
    ordered = {"at": event.pop("at"), "level": event.pop("level"), "event": event.pop("event"), **event}
    try:
        return orjson.dumps(ordered, default=repr).decode()
    except TypeError:  # only orjson rejects half a surrogate pair and an integer above 64 bits
        return json.dumps(ordered, default=repr)


def _short_time(_logger: object, _method: str, event: EventDict) -> EventDict:
    event["at"] = event["at"][11:23]
    return event
