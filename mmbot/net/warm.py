"""HTTP connections that are kept open. So a placement or a cancel is written to a socket immediately.

An HTTP library needs longer to send a request than the engine needs to decide on it. If none of the open connections is
free, ``http.py`` sends the request. The library httptools parses the answers.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Final, cast
from urllib.parse import urlsplit

import httptools

from mmbot.net.http import LARGEST_CHANGE, NoAnswer, Reply, too_large

SIZE: Final = 3
"""The number of HTTP connections that are kept open."""

TOUCH_AFTER_S: Final = 10.0
"""The longest time that a connection is idle before a read is sent over it, in real seconds. Without the read, the
server would close the connection."""

_OPEN_S: Final = 10.0  # time limit in real seconds for DNS, TCP and TLS
_LARGEST_HEAD: Final = 1 << 16  # most bytes of an answer besides its body: heads, interim responses, chunk sizes

Outcome = Reply | NoAnswer
"""The type of the result of a request that was written to a socket. The result is an answer, or the reason why no
answer came."""


class Connection(asyncio.Protocol):
    """One HTTP connection, with at most one request under way.

    Args:
        host: the value of the header ``Host``, including the port.
        prefix: the part of the base URL with which every path begins.
    """

    def __init__(self, host: str, prefix: str) -> None:
        self.used_at = time.monotonic()
        """The time at which the connection was opened or its newest answer ended, in seconds of the machine's monotonic
        clock."""
        self.proved = False
        """True once a complete answer came and the connection stayed open. Placements and cancels are sent only over
        such a connection."""
        self._prefix: Final = prefix
        self._common: Final = (
            f"Host: {host}\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
            "Accept-Encoding: identity\r\nUser-Agent: mmbot\r\n"
        )
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[Outcome] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._came = self._size = 0
        self._begin()

    @property
    def open(self) -> bool:
        """True if the connection is open."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def idle(self) -> bool:
        """True if the connection is open and no request is under way."""
        return self._waiting is None and self.open

    def write(self, method: str, path: str, body: bytes, token: str, timeout_s: float) -> asyncio.Future[Outcome]:
        """Write a request to the socket, and return a future that receives the result of the request. The bytes are
        sent at once, unless the server does not read. The request is never repeated. If the future is cancelled, the
        connection is closed.

        Args:
            path: the path and the query, encoded for HTTP.
            token: the access token, encoded for an HTTP header.
            timeout_s: the time limit for the whole answer, in real seconds.

        Raises:
            RuntimeError: if the connection is not idle. Nothing is then sent.
        """
        if self._transport is None or not self.idle:
            raise RuntimeError("the connection is not idle")
        head = (
            f"{method} {self._prefix}{path} HTTP/1.1\r\n{self._common}"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        loop = asyncio.get_running_loop()
        waiting = self._waiting = loop.create_future()
        self._came = self._size = 0
        self._transport.write(head.encode() + body)
        self._timer = loop.call_later(timeout_s, self._fail, "timeout", f"no answer in {timeout_s:g} s")
        waiting.add_done_callback(self._settled)
        return waiting

    def close(self) -> None:
        """Close the connection. A request that is under way gets no answer."""
        self._fail("connection", "closed")

    def _fail(self, code: str, message: str) -> None:
        self._finish(NoAnswer(code, message))
        self._abort()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _finish(self, outcome: Outcome) -> None:
        waiting, self._waiting = self._waiting, None
        if self._timer is not None:
            self._timer.cancel()
        if waiting is not None and not waiting.done():
            waiting.set_result(outcome)

    def _settled(self, waiting: asyncio.Future[Outcome]) -> None:
        if waiting is self._waiting:  # cancelled: nobody waits for the answer
            self._fail("connection", "given up")

    # --- called by the event loop -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:
            self._fail("connection", "unasked")  # these bytes could be taken for the next answer
            return
        self._came += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as bad:
            self._fail("connection", type(bad).__name__)
        if self._waiting is not None and self._came - self._size > _LARGEST_HEAD:
            self._finish(too_large())
            self._abort()

    def eof_received(self) -> None:
        """Called when the server will send no more data. An answer that does not state its length is then complete."""
        if self._is_headed and not self._has_length:
            self._complete()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._finish(NoAnswer("connection", "closed" if error is None else type(error).__name__))

    # --- called by the parser ---------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._retry_after: str | None = None
        self._date: str | None = None
        self._has_length = self._is_headed = False
        self._body: list[bytes] = []

    def on_message_begin(self) -> None:
        self._begin()
        if self._waiting is None:
            self._fail("connection", "unasked")

    def on_header(self, name: bytes, value: bytes) -> None:
        lowered = name.lower()
        if lowered == b"retry-after":
            self._retry_after = value.decode("latin-1")
        elif lowered == b"date":
            self._date = value.decode("latin-1")
        elif lowered in (b"content-length", b"transfer-encoding"):
            self._has_length = True
        elif lowered == b"content-encoding" and value.lower() != b"identity":
            self._fail("undecodable", "encoded as nobody asked")

    def on_headers_complete(self) -> None:
        self._is_headed = True
        if self._parser.get_status_code() == 204:
            self._has_length = True  # it has no body

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > LARGEST_CHANGE:
            self._finish(too_large())
            self._abort()
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            self._complete()
        else:
            self._begin()  # an interim response: the answer follows

    def _complete(self) -> None:
        keep = self.open and self._has_length and self._parser.should_keep_alive()
        self.used_at = time.monotonic()
        self._finish(Reply(self._parser.get_status_code(), b"".join(self._body), self._retry_after, self._date))
        self._begin()
        if keep:
            self.proved = True
        elif self._transport is not None:
            self._transport.close()


class WarmPool:
    """Keeps connections to one host open.

    Args:
        base_url: the address of the host, with the beginning of every path.
        tls: the settings that check the server's certificate. If it is None, the machine's own settings are used.
    """

    def __init__(self, base_url: str, tls: ssl.SSLContext | None = None) -> None:
        split = urlsplit(base_url)
        self._secure: Final = split.scheme == "https"
        self._name: Final = split.hostname or ""
        self._port: Final = split.port or (443 if self._secure else 80)
        self._host: Final = split.netloc.rpartition("@")[2]
        self._prefix: Final = split.path.rstrip("/")
        self._tls = tls
        self._connections: list[Connection] = []

    def ready(self, leave: int = 0) -> Connection | None:
        """Return an idle connection that has given an answer before. If there are several, return the one that was used
        most recently. None if at most ``leave`` connections could be returned."""
        found = None
        idle = 0
        for each in self._connections:
            if each.proved and each.idle:
                idle += 1
                if found is None or each.used_at > found.used_at:
                    found = each
        return found if idle > leave else None

    def untouched(self) -> list[Connection]:
        """Return the connections over which a read has to be sent. They are all connections that have not given an
        answer yet, and at most one connection that has been idle for long. Without a read, the server may close an idle
        connection."""
        least = time.monotonic() - TOUCH_AFTER_S
        new = [each for each in self._connections if each.idle and not each.proved]
        old = [each for each in self._connections if each.idle and each.proved and each.used_at <= least]
        return new + old[:1]

    async def fill(self) -> bool:
        """Open the missing connections. Return False if a connection cannot be opened. A new connection must give one
        answer before a placement or a cancel is sent over it."""
        self._connections = [each for each in self._connections if each.open]
        while len(self._connections) < SIZE:
            try:
                async with asyncio.timeout(_OPEN_S):
                    self._connections.append(await self._opened())
            except (OSError, ValueError):  # ValueError: the host name is no valid name
                return False
        return True

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    async def _opened(self) -> Connection:
        if self._secure and self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self._host, self._prefix),
            self._name,
            self._port,
            ssl=self._tls if self._secure else None,
        )
        return connection
