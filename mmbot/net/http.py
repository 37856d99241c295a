"""Send one HTTP request with aiohttp and read its answer. A request that was not sent and one without an answer raise
different errors."""

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
"""Called after each request with the name of the call, its result, and its duration."""

SHORTEST: Final = 1.0
"""Shortest timeout, in real seconds. The clock may be faster than real time, but the network is not."""

LONGEST_PAUSE: Final = 5 * MINUTE
"""Longest pause that an answer can impose. If an answer asks for a longer pause, this one is made."""

_JSON: Final = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "mmbot"}


class Reply(NamedTuple):
    """An HTTP answer with any status."""

    status: int
    body: bytes
    retry_after: str | None
    date: str | None = None


class NotSent(Exception):
    """The server never saw the request, mostly because no connection could be opened."""


class Withdrawn(NotSent):
    """The caller withdrew the request before it was sent."""


class NoAnswer(Exception):
    """The request may have reached the server, but no complete answer came back."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code: Final = code
        self.message: Final = message


def open_http(keep_alive_s: float = 15.0) -> aiohttp.ClientSession:
    """Open a pool of connections. The caller closes it. Its size has no limit, so no request waits for another; the
    rate limit of the requests bounds it. It keeps no cookies."""
    connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=keep_alive_s)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=_JSON)


def timeout_for(clock: Clock, limit_s: float) -> float:
    """Convert a timeout from seconds of the clock to real seconds, at least ``SHORTEST``."""
    return max(SHORTEST, clock.real_seconds(seconds(limit_s)))


class _Body(aiohttp.BytesPayload):
    """A request body that checks, when it is written, whether the request was withdrawn. aiohttp writes the headers
    together with the body, so nothing of a withdrawn request is sent."""

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
) -> Reply:
    """Send one request and read the whole answer. A redirect counts as the answer and is not followed. Only a GET may
    be sent twice, if the server had closed the connection that was kept open.

    Args:
        timeout_s: real seconds from the start to the end of the answer. Connecting may take 60 % of them.
        withdrawn: returns True if the request must not be sent any more. Called at the start and just before the first
            byte is sent. It has no effect on a request without a body.

    Raises:
        NotSent: if no connection could be opened; ``Withdrawn`` if the request was withdrawn.
        NoAnswer: with the code ``timeout`` after a timeout; with the code ``connection`` if the connection broke or the
            answer was not HTTP.
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
    raise failure  # raised outside ``except``: aiohttp's error may quote the headers and must not be shown with it


def _without_connection(error: Exception) -> str:
    """Return the reason why no connection could be opened, in the words of the operating system if it gives one."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time"
    if isinstance(error, aiohttp.ClientSSLError) or not isinstance(error, aiohttp.ClientConnectorError):
        return type(error).__name__
    number = error.os_error.errno
    said = os.strerror(number) if number is not None and number > 0 else error.os_error.strerror
    return said.lower() if said else type(error).__name__


def pause_until(reply: Reply, allowed_at: Instant | None, clock: Clock) -> Instant | None:
    """Return the time from which an answer allows the next request, by our clock; None if the answer names no time.

    Args:
        allowed_at: time that the body names, by the server's clock. If it is None, the header ``Retry-After`` counts,
            which gives a number of seconds or a date.
    """
    wait: Duration | None = None
    if allowed_at is not None:
        wait = allowed_at - clock.wall()
    elif reply.retry_after is not None:
        wait = _retry_after(reply.retry_after.strip(), clock)
    return None if wait is None else clock.now() + min(max(wait, 0), LONGEST_PAUSE)


def _retry_after(text: str, clock: Clock) -> Duration | None:
    if text.isdecimal():
        return int(text[:9]) * SECOND
    moment = date_of(text)
    return None if moment is None else moment - clock.wall()


def date_of(text: str | None) -> Instant | None:
    """Return the instant of an HTTP date, in whole seconds; None if the text is no date."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp()) * SECOND
