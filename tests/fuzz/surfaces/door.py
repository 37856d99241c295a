"""The daemon's own HTTP server: request lines, headers and bodies as bytes on a connection."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import time
from typing import Any

from mutations import edited
from scripted_daemon import status_of

from mmbot.daemon.http import Door
from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import SECOND
from mmbot.telemetry.metrics import Metrics
from surfaces import Surface

_LAST_S = 0.02
_MOST = 1 << 24


class _Pump:
    def __init__(self) -> None:
        self.events: list[Any] = []

    @property
    def pumped_at(self) -> float:
        return time.monotonic()

    def deliver(self, event: Any) -> None:
        self.events.append(event)


class _Errors(logging.Handler):
    """Collects what the HTTP library logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))


class _Open:
    """A server that stays open for all inputs."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.pump = _Pump()
        self.errors = _Errors()
        for name in ("aiohttp.server", "aiohttp.web", "asyncio"):
            logging.getLogger(name).addHandler(self.errors)
        self.port = self.runner.run(self._begin())

    async def _begin(self) -> int:
        status = status_of(5, quoting=True)
        metrics = Metrics()
        metrics.observe(lambda: status)
        self.door = Door(self.pump, lambda: status, metrics, ManualClock(1_800_000_000 * SECOND), prices=True)
        return int((await self.door.open("127.0.0.1", 0)).rpartition(":")[2])

    async def ask(self, data: bytes, quiet_s: float = 0.05) -> bytes:
        """Send bytes, and return what comes back until the server closes the connection or says nothing more."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answer = b""
        try:
            writer.write(data)
            while len(answer) < _MOST:
                async with asyncio.timeout(_LAST_S if answer else quiet_s):
                    more = await reader.read(1 << 16)
                if not more:
                    break
                answer += more
        except (ConnectionError, TimeoutError):
            pass
        finally:
            writer.close()
        return answer


_opened: list[_Open] = []


def check(data: bytes) -> None:
    """Send bytes to the server. It answers without an error of its own, and serves the next client."""
    if not _opened:
        _opened.append(_Open())
    opened = _opened[0]
    opened.pump.events.clear()
    opened.errors.records.clear()
    trouble: list[dict[str, Any]] = []
    opened.runner.get_loop().set_exception_handler(lambda _, context: trouble.append(context))
    answer = opened.runner.run(opened.ask(data))
    for event in opened.pump.events:
        json.dumps(repr(event)).encode()
        getattr(event, "reason", "").encode()
        getattr(event, "line_id", "").encode()
    assert not answer.startswith(b"HTTP/1.1 5"), answer[:300]
    assert not trouble, trouble
    assert not opened.errors.records, opened.errors.records[0][-1_500:]
    alive = opened.runner.run(
        opened.ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 20.0)
    )
    assert alive.startswith(b"HTTP/1.1 200"), alive[:200]


def _post(path: bytes, body: bytes, *more: bytes) -> bytes:
    head = (
        b"POST " + path + b" HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Content-Type: application/json",
        b"X-Mmbot: 1",
        b"Content-Length: %d" % len(body),
        *more,
        b"Connection: close",
    )
    return b"\r\n".join((*head, b"", body))


_PRICES = b'{"prices":[{"line_id":"abc","probability":0.5,"at":"2027-01-15T08:00:00Z"}]}'


def _edit(data: bytes, number: int) -> bytes:
    """Edit a request. Half of the edits of a request with a body change the body, and leave the head true."""
    head, _, body = data.partition(b"\r\n\r\n")
    path = head.split(b" ")[1] if head.startswith(b"POST ") and head.count(b" ") > 1 else b""
    if number % 2 and body and path in (b"/prices", b"/kill") and b"gzip" not in head:
        return _post(path, edited(body, number))
    return edited(data, number)


SURFACE = Surface(
    "door",
    (
        _post(b"/prices", _PRICES),
        _post(b"/kill", b'{"reason":"a fat finger"}'),
        _post(b"/resume", b"{}"),
        _post(b"/prices", gzip.compress(_PRICES, mtime=0), b"Content-Encoding: gzip"),
        _post(b"/prices", gzip.compress(b" " * (1 << 24), 9, mtime=0), b"Content-Encoding: gzip"),
        b"POST /kill HTTP/1.1\r\nHost: localhost\r\nX-Mmbot: 1\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: localhost:9464\r\nConnection: close\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: [::1]\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\nConnection: close\r\n\r\n",
        b"GET /readyz?a=b#c HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=0-\r\nConnection: close\r\n\r\n",
    ),
    check,
    edit=_edit,
    examples=150,
)
