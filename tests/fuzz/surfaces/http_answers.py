"""HTTP answers: the status line, the headers and the body as bytes, over the pool and over a connection kept open.

The first byte says where the bytes are divided, for the connection that is kept open.
"""

from __future__ import annotations

import asyncio
import gzip

from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import SECOND
from mmbot.exchange.errors import ExchangeError
from mmbot.net.http import LARGEST_CHANGE, LARGEST_READ, LONGEST_PAUSE, NoAnswer, Reply, date_of, pause_until
from mmbot.net.warm import Connection
from surfaces import Surface
from surfaces.a_server import Server, http

_server = Server()
_clock = ManualClock(1_800_000_000 * SECOND)


class _Transport(asyncio.Transport):
    """A socket that goes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self._closing = False

    def write(self, data: bytes) -> None:
        return None

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True


def check(data: bytes) -> None:
    """Answer a read over the pool, and a change over a connection that is kept open."""
    if data:
        _server.answer = data[1:]
        _server.run(_read())
        _server.run(_change(data[1:], data[0]))


async def _read() -> None:
    client = await _server.client()
    try:
        async with asyncio.timeout(20):
            await client.connection_config()
    except ExchangeError as bad:
        assert len(str(bad)) <= 400, len(str(bad))


async def _change(answer: bytes, divided: int) -> None:
    connection = Connection("127.0.0.1", "/partner")
    connection.connection_made(_Transport())
    outcome = connection.write("POST", "/mm/place", b"{}", "token", 5.0)
    size = max(1, divided)
    for place in range(0, len(answer), size):
        if not connection.open:
            break
        connection.data_received(answer[place : place + size])
    if connection.open:
        connection.eof_received()
    connection.connection_lost(None)
    got = await outcome
    if isinstance(got, NoAnswer):
        return
    assert isinstance(got, Reply)
    assert 100 <= got.status <= 999, got.status
    assert len(got.body) <= LARGEST_CHANGE
    allowed = pause_until(got, None, _clock)
    assert allowed is None or _clock.now() <= allowed <= _clock.now() + LONGEST_PAUSE
    assert date_of(got.date) is None or got.date is not None


_BODY = b'{"key":"k","cluster":"mt1","ws_host":"","app_id":1}'
_BOMB = gzip.compress(b"0" * (2 * LARGEST_READ), 9, mtime=0)

SURFACE = Surface(
    "http_answers",
    tuple(
        b"\xff" + answer
        for answer in (
            http(200, _BODY, b"Date: Fri, 15 Jan 2027 08:00:00 GMT", b"Connection: keep-alive"),
            http(429, b"{}", b"Retry-After: 5"),
            http(503, b"busy", b"Retry-After: Fri, 15 Jan 2027 08:00:09 GMT"),
            http(200, gzip.compress(_BODY, mtime=0), b"Content-Encoding: gzip"),
            http(200, _BOMB, b"Content-Encoding: gzip"),
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n',
            b"HTTP/1.1 100 Continue\r\n\r\n" + http(201, _BODY),
            b"HTTP/1.0 200 OK\r\n\r\n" + _BODY,
            http(302, b"", b"Location: http://127.0.0.1:1/"),
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n" + _BODY,
        )
    ),
    check,
    head=1,
    examples=150,
)
