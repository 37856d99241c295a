"""One request: the bounds of its answer, and what its headers may say."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import SECOND, Instant
from mmbot.net.http import LARGEST_CHANGE, LONGEST_PAUSE, NoAnswer, Reply, date_of, open_http, pause_until, send

NOW = 1_790_000_000 * SECOND
DATE = "Sun, 22 Nov 2026 01:13:20 GMT"

Says = Callable[[asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def answering(says: Says) -> AsyncIterator[str]:
    """A server whose answers are what a test writes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await says(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def asked(url: str, largest: int = LARGEST_CHANGE) -> Reply:
    async with open_http() as http:
        return await send(http, "GET", url, body=None, token=None, timeout_s=20.0, largest=largest)


def whole(body: bytes, *headers: str) -> Says:
    async def says(writer: asyncio.StreamWriter) -> None:
        head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers])
        writer.write(f"{head}\r\n\r\n".encode() + body)
        await writer.drain()

    return says


def endless(head: bytes, piece: bytes, written: list[int]) -> Says:
    async def says(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while sum(written) < 100 * LARGEST_CHANGE:
            writer.write(piece)
            await writer.drain()
            written.append(len(piece))

    return says


# --- the connections --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shrink_s", "left"), [(0.0, 1), (1000.0, 12)])
async def test_the_pool_shrinks_again_after_a_burst(shrink_s: float, left: int) -> None:
    """aiohttp uses its connections in turn, so without this none of them would ever be idle for long."""
    open_ones: dict[asyncio.StreamWriter, None] = {}
    burst = asyncio.Barrier(12)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones[writer] = None
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                if b"/burst" in asked:
                    await burst.wait()
                closes = b"Connection: close" in asked
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
                if closes:
                    break
        del open_ones[writer]
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_http(shrink_s=shrink_s) as http:

            async def read(path: str) -> None:
                assert (await send(http, "GET", url + path, body=None, token=None, timeout_s=20.0)).body == b"ok"

            await asyncio.gather(*(read("/burst") for _ in range(12)))
            for _ in range(24):
                await read("/one")
            assert len(open_ones) <= left
            assert left == 1 or len(open_ones) == left


# --- the answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x" * 65_536),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65_536),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65_536),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 65_536),
    ],
    ids=["chunked", "until closed", "long", "error", "headers", "one header"],
)
async def test_an_answer_without_end_is_not_read_to_its_end(head: bytes, piece: bytes) -> None:
    written: list[int] = []
    async with answering(endless(head, piece, written)) as url:
        with pytest.raises(NoAnswer):
            await asked(url)
    assert sum(written) < 20 * LARGEST_CHANGE  # what lies in the buffers of both sides comes on top


async def test_an_answer_that_is_compressed_has_the_bound_of_one_that_is_not() -> None:
    bomb = gzip.compress(b"\0" * 200 * LARGEST_CHANGE)
    assert len(bomb) < LARGEST_CHANGE
    async with answering(whole(bomb, "Content-Encoding: gzip")) as url:
        with pytest.raises(NoAnswer, match="too large"):
            await asked(url)


@pytest.mark.parametrize("size", [2, 100_000, LARGEST_CHANGE])
async def test_a_compressed_answer_is_read(size: int) -> None:
    body = b"ab" * (size // 2)
    async with answering(whole(gzip.compress(body), "Content-Encoding: GZIP")) as url:
        assert (await asked(url)).body == body


@pytest.mark.parametrize(
    "body", [gzip.compress(b"abc" * 1000, mtime=0)[:-9], b"no gzip", gzip.compress(b"x", mtime=0)[:5]]
)
async def test_a_damaged_compressed_answer_is_no_answer(body: bytes) -> None:
    async with answering(whole(body, "Content-Encoding: gzip")) as url:
        with pytest.raises(NoAnswer, match="undecodable"):
            await asked(url)


async def test_an_encoding_that_nobody_asked_for_is_no_answer() -> None:
    async with answering(whole(b"...", "Content-Encoding: br")) as url:
        with pytest.raises(NoAnswer, match="undecodable"):
            await asked(url)


# --- its headers ------------------------------------------------------------------------------------------------------

BEYOND = [
    "Fri, 31 Dec 99999999999999999999 23:59:59 GMT",
    "Fri, 31 Dec 2026 23:59:59 +99999999999999",
    "Fri, 31 Dec 2026 23:59:59 -99999999999999",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Sun, 31 Dec 1899 00:00:00 GMT",
    "Fri, 31 Dec 2026 99:99:99 GMT",
    "Fri, 31 Dec 2026 23:59:59 " + "9" * 5_000,
    "9" * 5_000 + " Dec 2026 23:59:59 GMT",
    "٣ Dec 2026",
    "soon",
    "",
    "-5",
    "1e400",
    "nan",
    "inf",
    "0x10",
    "²",
]


def pause_of(text: str) -> Instant | Exception | None:
    """The pause that a Retry-After leads to, or what it raises."""
    try:
        return pause_until(Reply(429, b"", text), None, ManualClock(NOW))
    except (ArithmeticError, LookupError, TypeError, ValueError) as bad:
        return bad


@pytest.mark.parametrize("text", BEYOND)
def test_a_retry_after_that_cannot_be_read_is_as_if_it_were_not_there(text: str) -> None:
    assert pause_of(text) is None
    assert date_of(text) is None


@pytest.mark.parametrize("text", ["99999999999999999999", "9" * 5_000, "Fri, 31 Dec 2027 23:59:59 GMT"])
def test_a_retry_after_in_the_far_future_is_cut_to_the_longest_pause(text: str) -> None:
    assert pause_until(Reply(429, b"", text), None, ManualClock(NOW)) == NOW + LONGEST_PAUSE


@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,25} [0-9:]{8} \S{1,20}"))
def test_no_header_raises_anything(text: str) -> None:
    until = pause_of(text)
    assert until is None or (isinstance(until, int) and NOW <= until <= NOW + LONGEST_PAUSE)
    date = date_of(text)
    assert date is None or 0 <= date < 2**63


def test_a_date_is_read() -> None:
    assert date_of(DATE) == 1_795_310_000 * SECOND


async def test_the_answer_of_the_bug_report_is_an_answer() -> None:
    async with answering(whole(b'{"error":"rate_limit_reached"}', f"Retry-After: {BEYOND[0]}")) as url:
        reply = await asked(url)
    assert pause_until(reply, None, ManualClock(NOW)) is None
