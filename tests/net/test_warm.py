"""Open connections: when a request leaves, how its answer is read, and the state after one breaks."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable

import pytest
import trustme

from mmbot.net import warm as warm_module
from mmbot.net.http import NoAnswer, Reply
from mmbot.net.warm import Connection, WarmPool

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Wire:
    """A server that sends the bytes of the test."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.accepted = 0
        self.ended = 0
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._news = asyncio.Condition()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        await self._tell("accepted")
        with contextlib.suppress(ConnectionError):
            while heard := await reader.read(65_536):
                self.heard.append(heard)
                await self._tell()
        await self._tell("ended")

    async def _tell(self, counter: str | None = None) -> None:
        async with self._news:
            if counter is not None:
                setattr(self, counter, getattr(self, counter) + 1)
            self._news.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that a client brings about."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(condition)

    async def say(self, *pieces: bytes) -> None:
        """Send these on the latest connection, each by itself."""
        for piece in pieces:
            self._writers[-1].write(piece)
            await self._writers[-1].drain()
            await asyncio.sleep(0)

    def hang_up(self) -> None:
        """End the latest connection in order."""
        self._writers[-1].close()

    @contextlib.asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            for writer in self._writers:
                if (transport := writer.transport) is not None:
                    transport.abort()
            server.close()
            await server.wait_closed()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with Wire().serving() as serving:
        yield serving


@pytest.fixture
async def pool(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WarmPool]:
    """A pool of one connection."""
    monkeypatch.setattr(warm_module, "SIZE", 1)
    filled = WarmPool(f"http://127.0.0.1:{wire.port}/partner")
    await prove(filled, wire)
    yield filled
    filled.close()
    await wire.until(lambda: wire.ended == wire.accepted)


async def prove(pool: WarmPool, wire: Wire) -> None:
    """Fill a pool of one and prove its connection."""
    before = wire.accepted
    assert await pool.fill()
    await wire.until(lambda: wire.accepted == before + 1)
    (new,) = pool.untouched()
    touched = new.write("GET", "/touch", b"", "a-token", 10.0)
    await wire.until(lambda: bool(wire.heard))
    wire.heard.clear()
    await wire.say(OK)
    assert await touched == Reply(200, b"{}", None)


def ready(pool: WarmPool) -> Connection:
    connection = pool.ready()
    assert connection is not None
    return connection


def post(pool: WarmPool, timeout_s: float = 10.0) -> asyncio.Future[Reply | NoAnswer]:
    return ready(pool).write("POST", "/mm/cancel_all_wagers", b"{}", "a-token", timeout_s)


# --- what is sent -----------------------------------------------------------------------------------------------------


async def test_a_request_has_left_when_write_returns(wire: Wire, pool: WarmPool) -> None:
    answered = post(pool)
    await wire.until(lambda: bool(wire.heard))
    assert b"".join(wire.heard) == (
        b"POST /partner/mm/cancel_all_wagers HTTP/1.1\r\n"
        b"Host: 127.0.0.1:%d\r\n"
        b"Content-Type: application/json\r\n"
        b"Accept: application/json\r\n"
        b"Accept-Encoding: identity\r\n"
        b"User-Agent: mmbot\r\n"
        b"Authorization: Bearer a-token\r\n"
        b"Content-Length: 2\r\n"
        b"\r\n"
        b"{}" % wire.port
    )
    await wire.say(OK)
    assert await answered == Reply(200, b"{}", None)


async def test_a_connection_takes_one_request_at_a_time_and_the_next_after_its_answer(
    wire: Wire, pool: WarmPool
) -> None:
    connection = ready(pool)
    first = post(pool)
    assert pool.ready() is None
    with pytest.raises(RuntimeError, match="not idle"):
        connection.write("POST", "/mm/place_multiple_wagers", b"{}", "a-token", 10.0)
    await wire.say(OK)
    assert await first == Reply(200, b"{}", None)
    second = post(pool)
    await wire.say(b"HTTP/1.1 503 no\r\nContent-Length: 4\r\nRetry-After: 7\r\n\r\nwait")
    assert await second == Reply(503, b"wait", "7")
    assert wire.accepted == 1


# --- how an answer is read --------------------------------------------------------------------------------------------

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nRetry-After: 1\r\n\r\n"
HINTS = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


@pytest.mark.parametrize("piece", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (OK, Reply(200, b"{}", None)),
        (CHUNKED, Reply(200, b"abcde", "1")),
        (HINTS + OK, Reply(200, b"{}", None)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Reply(204, b"", None)),
        (b"HTTP/1.1 429 x\r\ncontent-length: 0\r\nretry-after: 3\r\n\r\n", Reply(429, b"", "3")),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", Reply(200, b"{}", None)),
    ],
    ids=["length", "chunked", "hints", "empty", "limited", "close"],
)
async def test_answers_are_read_however_they_are_framed_and_cut(
    wire: Wire, pool: WarmPool, raw: bytes, expected: Reply, piece: int
) -> None:
    answered = post(pool)
    await wire.say(*(raw[at : at + piece] for at in range(0, len(raw), piece)))
    assert await answered == expected


async def test_an_answer_without_a_length_ends_with_its_connection(wire: Wire, pool: WarmPool) -> None:
    answered = post(pool)
    await wire.say(b"HTTP/1.0 200 OK\r\n\r\n", b"to the ", b"end")
    wire.hang_up()
    assert await answered == Reply(200, b"to the end", None)
    assert pool.ready() is None


async def test_a_connection_that_the_server_wants_to_close_is_not_used_again(wire: Wire, pool: WarmPool) -> None:
    answered = post(pool)
    await wire.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
    await answered
    assert pool.ready() is None
    wire.heard.clear()
    await prove(pool, wire)
    again = post(pool)
    await wire.until(lambda: bool(wire.heard))
    await wire.say(OK)
    assert await again == Reply(200, b"{}", None)


# --- no answer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_half_an_answer_is_none(wire: Wire, pool: WarmPool, raw: bytes) -> None:
    answered = post(pool)
    await wire.until(lambda: bool(wire.heard))
    await wire.say(raw)
    wire.hang_up()
    outcome = await answered
    assert isinstance(outcome, NoAnswer)
    assert outcome.code == "connection"
    assert pool.ready() is None


@pytest.mark.parametrize(
    "raw",
    [
        b"what?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_what_is_no_answer_ends_the_connection(wire: Wire, pool: WarmPool, raw: bytes) -> None:
    answered = post(pool)
    await wire.say(raw)
    outcome = await answered
    assert isinstance(outcome, NoAnswer)
    assert outcome.code == ("undecodable" if b"gzip" in raw else "connection")
    await wire.until(lambda: wire.ended == 1)
    assert pool.ready() is None


async def test_an_answer_that_is_too_large_is_none(wire: Wire, pool: WarmPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_module, "LARGEST_CHANGE", 10)
    answered = post(pool)
    await wire.say(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901")
    assert isinstance(await answered, NoAnswer)
    await wire.until(lambda: wire.ended == 1)


async def test_a_late_answer_is_nobodys(wire: Wire, pool: WarmPool) -> None:
    outcome = await post(pool, timeout_s=0.01)
    assert isinstance(outcome, NoAnswer)
    assert (outcome.code, pool.ready()) == ("timeout", None)
    await wire.until(lambda: wire.ended == 1)


async def test_giving_up_ends_the_connection(wire: Wire, pool: WarmPool) -> None:
    answered = post(pool)
    await wire.until(lambda: bool(wire.heard))
    answered.cancel()
    await wire.until(lambda: wire.ended == 1)
    assert pool.ready() is None


@pytest.mark.parametrize("raw", [OK, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", b"x"])
async def test_what_comes_unasked_ends_the_connection(wire: Wire, pool: WarmPool, raw: bytes) -> None:
    await wire.say(raw)
    await wire.until(lambda: wire.ended == 1)
    assert pool.ready() is None


@pytest.mark.parametrize(
    "piece",
    [
        b"X-More: and more\r\n" * 2_000,
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" * 500,
    ],
    ids=["headers", "interim responses"],
)
async def test_a_head_without_end_ends_the_connection(wire: Wire, pool: WarmPool, piece: bytes) -> None:
    answered = post(pool)
    with contextlib.suppress(ConnectionError):
        await wire.say(b"HTTP/1.1 103 Early Hints\r\n\r\n" if b"103" in piece else b"HTTP/1.1 200 OK\r\n")
        for _ in range(10):
            await wire.say(piece)
    outcome = await answered
    assert isinstance(outcome, NoAnswer)
    assert outcome.code == "undecodable", "a head without end is given up before the timeout"
    await wire.until(lambda: wire.ended == 1)


async def test_an_answer_without_a_body_leaves_the_connection_open(wire: Wire, pool: WarmPool) -> None:
    answered = post(pool)
    await wire.say(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert await answered == Reply(204, b"", None)
    assert pool.ready() is not None


async def test_two_answers_to_one_request_end_the_connection(wire: Wire, pool: WarmPool) -> None:
    answered = post(pool)
    await wire.say(OK + OK)
    assert await answered == Reply(200, b"{}", None)
    await wire.until(lambda: wire.ended == 1)
    assert pool.ready() is None


async def test_an_answer_at_the_last_moment_does_not_end_the_next_request(wire: Wire, pool: WarmPool) -> None:
    first = post(pool, timeout_s=0.5)
    await wire.say(OK)
    await first
    second = post(pool)
    await asyncio.wait({second}, timeout=0.6)  # past the first one's limit
    await wire.say(OK)
    assert await second == Reply(200, b"{}", None)


# --- the pool ---------------------------------------------------------------------------------------------------------


async def test_a_connection_that_the_server_closed_is_replaced(wire: Wire, pool: WarmPool) -> None:
    connection = ready(pool)
    wire.hang_up()
    await wire.until(lambda: wire.ended == 1)
    assert pool.ready() is None
    await prove(pool, wire)
    assert ready(pool) is not connection


async def test_nobody_there_is_no_trouble() -> None:
    pool = WarmPool("http://127.0.0.1:9/partner")
    assert not await pool.fill()
    assert pool.ready() is None
    assert not pool.untouched()
    pool.close()


@pytest.mark.parametrize("known", [True, False])
async def test_tls_is_checked(known: bool) -> None:
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1" if known else "elsewhere.example").configure_cert(serving)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trusting)
    async with Wire().serving(serving) as wire:
        pool = WarmPool(f"https://127.0.0.1:{wire.port}/partner", trusting)
        assert await pool.fill() is known
        if known:
            answered = pool.untouched()[-1].write("POST", "/mm/cancel_all_wagers", b"{}", "a-token", 10.0)
            await wire.until(lambda: bool(wire.heard))
            await wire.say(OK)
            assert await answered == Reply(200, b"{}", None)
        pool.close()
