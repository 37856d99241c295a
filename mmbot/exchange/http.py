"""One HTTP request and its answer, over aiohttp: what was surely not sent is told apart from what got no answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from mmbot.domain.instant import MINUTE, SECOND, Clock, Duration, Instant, seconds

OnRequest = Callable[[str, str, Duration], None]
"""Told of each request: which call, how it ended, how long it took."""

SHORTEST: Final = 1.0
"""Seconds of the machine below which no timeout goes: a faster clock does not make the network faster."""

LONGEST_PAUSE: Final = 5 * MINUTE
"""An answer that asks for a longer pause is not believed further than this."""

_JSON: Final = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "mmbot"}


class Reply(NamedTuple):
    """An answer, whatever its status."""

    status: int
    body: bytes
    retry_after: str | None
    date: str | None = None


class NotSent(Exception):
    """The exchange never saw the request. Mostly no connection could be had."""


class Withdrawn(NotSent):
    """It was not wanted any more when it could have left."""


class NoAnswer(Exception):
    """The request may have reached the exchange, but no whole answer came back."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code: Final = code
        self.message: Final = message


def open_http(keep_alive_s: float = 15.0) -> aiohttp.ClientSession:
    """A pool of connections without a limit, so that no request waits for another; the request rate bounds it. No
    cookies. To be closed by the caller."""
    connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=keep_alive_s)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=_JSON)


def timeout_for(clock: Clock, limit_s: float) -> float:
    """The machine's seconds for a timeout in seconds of the clock."""
    return max(SHORTEST, clock.real_seconds(seconds(limit_s)))


class _Body(aiohttp.BytesPayload):
    """A body that asks, in the instant in which it is written, whether it may be. The head waits for it: aiohttp writes
    the two as one."""

    def __init__(self, body: bytes, withdrawn: Callable[[], bool]) -> None:
        super().__init__(body)
        self._withdrawn = withdrawn
        self.kept = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        if self._withdrawn():
            self.kept = True
            raise Withdrawn("withdrawn")  # aiohttp closes the connection, and nothing of the request has left
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
) -> Reply:
    """Send one request and read the whole answer. Redirects are answers. Nothing is sent twice but a GET whose kept
    connection turned out to be closed.

    Args:
        timeout_s: for everything, in the machine's seconds; most of it may go into connecting.
        withdrawn: for a request with a body, asked at the start and in the instant before its first byte leaves.

    Raises:
        NotSent: if no connection came about; ``Withdrawn`` if it was withdrawn.
        NoAnswer: for a timeout (``timeout``), or a connection that broke or spoke no HTTP (``connection``).
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
    failure: NotSent | NoAnswer
    try:
        async with http.request(
            method, url, data=content, headers=headers, timeout=limits, allow_redirects=False
        ) as response:
            told = response.headers
            return Reply(response.status, await response.read(), told.get("Retry-After"), told.get("Date"))
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        failure = NotSent(_without_connection(error))
    except TimeoutError:
        failure = NoAnswer("timeout", f"no answer in {timeout_s:g} s")
    except (aiohttp.ClientError, OSError) as error:
        failure = NoAnswer("connection", type(error).__name__)
    if isinstance(content, _Body) and content.kept:
        failure = Withdrawn("withdrawn")
    raise failure  # out here, so that aiohttp's error, whose text may hold the headers, does not hang on to it


def _without_connection(error: Exception) -> str:
    """Why no connection came about, in the machine's words where it has some: ``connection refused``."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time"
    if isinstance(error, aiohttp.ClientSSLError) or not isinstance(error, aiohttp.ClientConnectorError):
        return type(error).__name__
    number = error.os_error.errno
    said = os.strerror(number) if number is not None and number > 0 else error.os_error.strerror
    return said.lower() if said else type(error).__name__


def pause_until(reply: Reply, next_allow_at: Instant | None, clock: Clock) -> Instant | None:
    """When an answer says to come again, by the clock; None where it says nothing that can be read.

    ``next_allow_at`` is by the exchange's wall clock, and finer; else ``Retry-After``, seconds or a date (PROTOCOL 11).
    """
    wait: Duration | None = None
    if next_allow_at is not None:
        wait = next_allow_at - clock.wall()
    elif reply.retry_after is not None:
        wait = _retry_after(reply.retry_after.strip(), clock)
    return None if wait is None else clock.now() + min(max(wait, 0), LONGEST_PAUSE)


def _retry_after(text: str, clock: Clock) -> Duration | None:
    if text.isdecimal():
        return int(text[:9]) * SECOND
    moment = date_of(text)
    return None if moment is None else moment - clock.wall()


def date_of(text: str | None) -> Instant | None:
    """An HTTP date, in whole seconds; None for what is none."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp()) * SECOND
