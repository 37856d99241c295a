"""Limits for the clients of the HTTP server. They concern the number of connections, slow clients, and the host name.

An idle client that stays connected occupies a file descriptor. The connections to the exchange need file descriptors
too. So the server closes idle connections.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Collection
from typing import Final, cast
from urllib.parse import urlsplit

from aiohttp import web

MOST: Final = 64
"""The greatest number of HTTP connections at the same time. A further connection is closed at once."""

FROM_ELSEWHERE: Final = 48
"""The greatest number of HTTP connections from other machines at the same time. The remaining connections are left for
the operator's commands from this machine."""

IDLE_S: Final = 10.0
"""The time that a client may take to send all headers of a request, in real seconds. The pause between two requests has
the same limit."""

BODY_S: Final = 5.0
"""The time that a client may take to send the body of a request, in real seconds."""

UNREAD_S: Final = 10.0
"""The time for which a client may leave its answer unread, in real seconds. After this time, the client is
disconnected."""

Handler = Callable[[], asyncio.Protocol]


class Connections:
    """Creates the object that serves a connection, once for each connection. It also counts the connections.

    Args:
        handler: a function that creates the object that serves one connection.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler: Final = handler
        self.open = 0
        self.from_elsewhere = 0

    def __call__(self) -> asyncio.Protocol:
        return _Bounded(self, self._handler())


class _Bounded(asyncio.Protocol):
    """Gives the data of a connection to the object that serves it. If there are too many connections, this one is
    closed instead."""

    def __init__(self, connections: Connections, inner: asyncio.Protocol) -> None:
        self._connections: Final = connections
        self._inner: Final = inner
        self._transport: asyncio.Transport | None = None
        self._is_local = False
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast("asyncio.Transport", transport)
        peer = made.get_extra_info("peername")
        self._is_local = bool(peer) and is_loopback(peer[0])
        counts = self._connections
        if counts.open >= MOST or (not self._is_local and counts.from_elsewhere >= FROM_ELSEWHERE):
            made.abort()
            return
        counts.open += 1
        counts.from_elsewhere += not self._is_local
        self._transport = made
        self._inner.connection_made(made)

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is None:
            return
        self._transport = None
        self._connections.open -= 1
        self._connections.from_elsewhere -= not self._is_local
        self._read_again()
        self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._transport is not None else None

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._unread = asyncio.get_running_loop().call_later(UNREAD_S, self._transport.abort)
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._read_again()
        if self._transport is not None:
            self._inner.resume_writing()

    def _read_again(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def is_loopback(address: str | None) -> bool:
    """Return True if an IP address always means this machine."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)


def is_known(host: str | None, names: Collection[str]) -> bool:
    """Return True if a request with this ``Host`` header may be answered.

    The owner of a foreign web page can make the page's host name point to this machine. The page could then read the
    answers (DNS rebinding). An IP address cannot be redirected in this way. A request without a ``Host`` header does
    not come from a browser.

    Args:
        names: the names that are accepted in addition to ``localhost`` and IP addresses, in lower case.
    """
    if host is None:
        return True
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name == "localhost" or name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def body_of(request: web.Request) -> bytes:
    """Read the body of a request.

    Raises:
        web.HTTPRequestTimeout: if the body does not come in time.
        web.HTTPBadRequest: if the body is incomplete or cannot be decompressed.
        web.HTTPRequestEntityTooLarge: if the body is too large.
    """
    try:
        async with asyncio.timeout(BODY_S):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body did not come in time\n") from None
    except (web.RequestPayloadError, ValueError, OSError):
        raise web.HTTPBadRequest(text="the body cannot be read\n") from None
    if not body and request.content_length:  # compressed data that ends within its own header
        raise web.HTTPBadRequest(text="the body cannot be read\n")
    return body
