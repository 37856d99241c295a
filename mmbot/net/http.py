"""One HTTP request and its answer, over aiohttp. A request that never left is told apart from one without an answer."""

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
"""Called after each request with the name of the call, how it ended, and how long it took."""

SHORTEST: Final = 1.0
"""The shortest timeout, in seconds of the machine: a faster clock does not make the network faster."""

LONGEST_PAUSE: Final = 5 * MINUTE
"""The longest pause that an answer can ask for; a longer one is cut to this."""

_JSON: Final = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "mmbot"}


class Reply(NamedTuple):
    """An answer, whatever its status."""

    status: int
    body: bytes
    retry_after: str | None
    date: str | None = None


class NotSent(Exception):
    """The server never saw the request, mostly because no connection could be opened."""


class Withdrawn(NotSent):
    """The request was withdrawn before it left."""


class NoAnswer(Exception):
    """The request may have reached the server, but no complete answer came back."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code: Final = code
        self.message: Final = message


def open_http(keep_alive_s: float = 15.0) -> aiohttp.ClientSession:
    """Open a pool of connections, which the caller closes. It has no limit, so that no request waits for another; the
    rate of requests bounds it. It keeps no cookies."""
    connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=keep_alive_s)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=_JSON)


def timeout_for(clock: Clock, limit_s: float) -> float:
    """Convert a timeout from seconds of the clock to seconds of the machine."""
    return max(SHORTEST, clock.real_seconds(seconds(limit_s)))


class _Body(aiohttp.BytesPayload):
    """A body that checks, at the instant at which it is written, whether the request was withdrawn. aiohttp writes the
    head together with the body."""

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
    """Send one request and read the whole answer. Redirects are answers. A request is sent twice only if it is a GET
    and the server had closed the kept connection.

    Args:
        timeout_s: from the start to the whole answer, in seconds of the machine; up to 60 % of it for connecting.
        withdrawn: for a request with a body; asked at the start and just before its first byte leaves.

    Raises:
        NotSent: if no connection could be opened; ``Withdrawn`` if the request was withdrawn.
        NoAnswer: after a timeout (``timeout``), or if the connection broke or spoke no HTTP (``connection``).
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
    raise failure  # here, because aiohttp's error may quote the headers and must not become its context


def _without_connection(error: Exception) -> str:
    """The reason why no connection could be opened, in the words of the system where it has some."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time"
    if isinstance(error, aiohttp.ClientSSLError) or not isinstance(error, aiohttp.ClientConnectorError):
        return type(error).__name__
    number = error.os_error.errno
    said = os.strerror(number) if number is not None and number > 0 else error.os_error.strerror
    return said.lower() if said else type(error).__name__


def pause_until(reply: Reply, allowed_at: Instant | None, clock: Clock) -> Instant | None:
    """The instant of our clock from which an answer allows the next request; None if it names none.

    Args:
        allowed_at: the instant that the body names, by the server's wall clock. It counts before ``Retry-After``,
            which is in seconds or a date.
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
    """The instant of an HTTP date, in whole seconds; None if the text is no date."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp()) * SECOND
