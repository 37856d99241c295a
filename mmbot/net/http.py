"""Sends one HTTP request with aiohttp and reads its answer.

A request that was not sent raises another error than a request without an answer. The size of each answer is limited.
The limits are for the headers, and for the body before and after decompression.
"""

from __future__ import annotations

import asyncio
import os
import time
import zlib
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from mmbot.domain.bounds import LATEST, LONGEST_HEADER
from mmbot.domain.instant import MINUTE, SECOND, Clock, Duration, Instant, seconds

OnRequest = Callable[[str, str, Duration], None]
"""The type of a function that is called after each request with the name of the call, its result, and its duration."""

SHORTEST: Final = 1.0
"""The shortest timeout of a request, in real seconds. A faster clock does not shorten it, because the network is no
faster."""

LONGEST_PAUSE: Final = 5 * MINUTE
"""The longest pause that an answer can impose. If an answer asks for a longer pause, this limit is used."""

LARGEST_READ: Final = 1 << 24
"""The greatest size in bytes of the answer to a request that only reads, before and after decompression. The markets of
50 sport events have a few million bytes."""

LARGEST_CHANGE: Final = 1 << 20
"""The greatest size in bytes of the answer to a request that changes something, before and after decompression. The
answer to a batch of wagers has about 20 thousand bytes."""

SHRINK_S: Final = 20.0
"""The time between two removals of a connection from the pool of HTTP connections, in real seconds. A new connection is
opened when a request needs it."""

_INLINE: Final = 1 << 16  # a larger body is decompressed in a thread

_JSON: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "mmbot",
}


class Reply(NamedTuple):
    """An HTTP answer, whatever its status is."""

    status: int
    body: bytes
    retry_after: str | None
    date: str | None = None


class NotSent(Exception):
    """Raised if the server never got the request, usually because no connection could be opened."""


class Withdrawn(NotSent):
    """Raised if the caller withdrew the request before it was sent."""


class NoAnswer(Exception):
    """Raised if no complete answer came back. The server may have got the request."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code: Final = code
        self.message: Final = message


class _Connections(aiohttp.TCPConnector):
    """A pool of HTTP connections that loses a connection from time to time. Otherwise, the many connections of a burst
    of requests would all stay open."""

    # aiohttp uses the connection that was idle for longest, so a few requests a second keep all connections in use.

    def __init__(self, keep_alive_s: float, shrink_s: float) -> None:
        super().__init__(limit=0, ttl_dns_cache=300, keepalive_timeout=keep_alive_s)
        self._shrink_s = shrink_s
        self._shrink_at = time.monotonic() + shrink_s

    def drops_one(self) -> bool:
        """Return True if the connection of the next request is to be closed after this request. The result is True once
        every ``shrink_s`` seconds."""
        now = time.monotonic()
        if now < self._shrink_at:
            return False
        self._shrink_at = now + self._shrink_s
        return True


def open_http(keep_alive_s: float = 15.0, shrink_s: float = SHRINK_S) -> aiohttp.ClientSession:
    """Open a pool of connections, which the caller has to close. The pool has no size limit, so no request waits for
    another request. The rate limit of the requests keeps the pool small. Every ``shrink_s`` seconds the pool loses a
    connection, so that it shrinks again after a burst. Cookies are not stored."""
    connector = _Connections(keep_alive_s, shrink_s)
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=_JSON, auto_decompress=False
    )


def timeout_for(clock: Clock, limit_s: float) -> float:
    """Convert a timeout from seconds of the clock to real seconds. The result is at least ``SHORTEST``."""
    return max(SHORTEST, clock.real_seconds(seconds(limit_s)))


class _Body(aiohttp.BytesPayload):
    """A request body that can stop its own request. Just before the body is written, it checks whether the request was
    withdrawn. aiohttp writes the headers together with the body, so nothing of a withdrawn request is sent."""

    def __init__(self, body: bytes, withdrawn: Callable[[], bool]) -> None:
        super().__init__(body)
        self._withdrawn = withdrawn
        self.kept = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        if self._withdrawn():
            self.kept = True
            raise Withdrawn("withdrawn")  # aiohttp closes the connection, and no byte has left
        await super().write_with_length(writer, content_length)


async def send(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    body: bytes | None,
    token: str | None,
    timeout_s: float,
    withdrawn: Callable[[], bool] | None = None,
    largest: int = LARGEST_CHANGE,
) -> Reply:
    """Send one request and read the whole answer. A redirect is returned as the answer and is not followed. If the
    server had closed an idle connection, a GET may be sent again. No other request is sent twice.

    Args:
        timeout_s: the time limit in real seconds, from the start of the request to the end of the answer. At most 60 %
            of this time may be used to connect.
        withdrawn: a function that returns True if the request must not be sent any more. The function is called at the
            start, and just before the first byte is sent. If the request has no body, the function is
            never called.
        largest: the greatest size of the answer's body in bytes. A larger body is not read completely.

    Raises:
        NotSent: if no connection could be opened. If the request was withdrawn, the error is the subclass
            ``Withdrawn``.
        NoAnswer: if no complete answer came. Its code is ``timeout`` after a timeout. It is ``connection`` if the
            connection broke or the answer was not HTTP. It is ``undecodable`` if the answer is too large or cannot be
            decompressed.
    """
    if http.closed:
        raise NotSent("the pool is closed")
    content: bytes | _Body | None = body
    if body is not None and withdrawn is not None:
        if withdrawn():
            raise Withdrawn("withdrawn")
        content = _Body(body, withdrawn)
    limits = aiohttp.ClientTimeout(total=timeout_s, connect=max(SHORTEST, 0.6 * timeout_s))
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if method == "GET" and isinstance(http.connector, _Connections) and http.connector.drops_one():
        headers["Connection"] = "close"
    failure: NotSent | NoAnswer
    try:
        async with http.request(
            method, url, data=content, headers=headers, timeout=limits, allow_redirects=False
        ) as response:
            told = response.headers
            answer = await _whole(response, largest)
            return Reply(response.status, answer, told.get("Retry-After"), told.get("Date"))
    except NoAnswer as bad:
        failure = bad
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        failure = NotSent(_without_connection(error))
    except TimeoutError:
        failure = NoAnswer("timeout", f"no answer in {timeout_s:g} s")
    except (aiohttp.ClientError, OSError) as error:
        failure = NoAnswer("connection", type(error).__name__)
    if isinstance(content, _Body) and content.kept:
        failure = Withdrawn("withdrawn")
    raise failure  # raised outside ``except``: aiohttp's error may quote the headers and must not be shown with it


async def _whole(response: aiohttp.ClientResponse, largest: int) -> bytes:
    """Read the body of an answer. If the body is too large, close the connection and raise NoAnswer."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > largest:
            response.close()
            raise too_large()
        parts.append(part)
    body = b"".join(parts)
    match response.headers.get("Content-Encoding", "identity").strip().lower():
        case "identity" | "":
            return body
        case "gzip" | "x-gzip" if not body:
            return body
        case "gzip" | "x-gzip" if len(body) <= _INLINE:
            return _unzipped(body, largest)
        case "gzip" | "x-gzip":
            return await asyncio.to_thread(_unzipped, body, largest)
        case _:
            raise NoAnswer("undecodable", "encoded as nobody asked")


def _unzipped(body: bytes, largest: int) -> bytes:
    """Decompress a body. Raises NoAnswer if the body is damaged, incomplete, or larger than ``largest`` bytes."""
    unzip = zlib.decompressobj(wbits=31)
    try:
        text = unzip.decompress(body, largest + 1)
    except zlib.error:
        raise NoAnswer("undecodable", "the answer cannot be decompressed") from None
    if len(text) > largest:
        raise too_large()
    if not unzip.eof:
        raise NoAnswer("undecodable", "the answer cannot be decompressed")
    return text


def too_large() -> NoAnswer:
    """Return the error for a request whose answer is larger than allowed."""
    return NoAnswer("undecodable", "the answer is too large")


def _without_connection(error: Exception) -> str:
    """Return the reason why no connection could be opened, in the words of the operating system if it names a
    reason."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time"
    if isinstance(error, aiohttp.ClientSSLError) or not isinstance(error, aiohttp.ClientConnectorError):
        return type(error).__name__
    number = error.os_error.errno
    said = os.strerror(number) if number is not None and number > 0 else error.os_error.strerror
    return said.lower() if said else type(error).__name__


def pause_until(reply: Reply, allowed_at: Instant | None, clock: Clock) -> Instant | None:
    """Return the time from which an answer allows the next request, by our clock. None if the answer names no time.

    Args:
        allowed_at: the time that the body of the answer names, by the server's clock. If it is None, the header
            ``Retry-After`` is used. This header has a number of seconds or a date.
    """
    wait: Duration | None = None
    if allowed_at is not None:
        wait = allowed_at - clock.wall()
    elif reply.retry_after is not None:
        wait = _retry_after(reply.retry_after.strip(), clock)
    return None if wait is None else clock.now() + min(max(wait, 0), LONGEST_PAUSE)


def _retry_after(text: str, clock: Clock) -> Duration | None:
    if text.isascii() and text.isdecimal():
        return int(text[:9]) * SECOND  # cut: any number of so many digits is beyond the longest pause
    moment = date_of(text)
    return None if moment is None else moment - clock.wall()


def date_of(text: str | None) -> Instant | None:
    """Return the instant of an HTTP date, in whole seconds. None if the text is not a date. Also None if the date is
    before 1970 or after ``LATEST``."""
    if text is None or len(text) > LONGEST_HEADER:
        return None
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        instant = round(moment.timestamp()) * SECOND
    except (ValueError, OverflowError, TypeError, IndexError):  # a year or a zone beyond every calendar
        return None
    return instant if 0 <= instant <= LATEST else None
