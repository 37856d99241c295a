"""A placement that waits for a connection while everything is cancelled is never sent."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import aiohttp
import pytest
import trustme
from scripted_exchange import ScriptedExchange, client_of, data

from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import SECOND
from mmbot.engine import requests
from mmbot.engine.events import CancelledAll, Failed, Failure, Placed
from mmbot.engine.requests import Placement
from mmbot.exchange.perform import LEFT_TO_CANCELS
from mmbot.net.http import Withdrawn, open_http, send
from mmbot.net.warm import SIZE

PLACE = "/mm/place_multiple_wagers"
ONE = Placement("run-s-1", "line-a", -110, 2_550)
PLACED = data({"succeed_wagers": [{"id": "w1", "external_id": "run-s-1", "status": "inactive"}]})


class Gate:
    """Stands before a server. While it is shut, connections are taken and nothing goes through them: over TLS a client
    waits for them to stand."""

    def __init__(self, port: int) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.taken = 0
        self.ended = 0
        self.port = 0
        self._behind = port
        self._news = asyncio.Condition()

    async def until(self, *, taken: int = 0, ended: int = 0) -> None:
        """Wait for so many connections to be taken and ended, from the first on."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: self.taken >= taken and self.ended >= ended)

    async def _count(self, *, taken: int = 0, ended: int = 0) -> None:
        async with self._news:
            self.taken += taken
            self.ended += ended
            self._news.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._count(taken=1)
        await self.open.wait()
        behind, into = await asyncio.open_connection("127.0.0.1", self._behind)
        answers = asyncio.create_task(_carry(behind, writer))
        await _carry(reader, into)
        await self._count(ended=1)
        await answers

    @contextlib.asynccontextmanager
    async def standing(self) -> AsyncIterator[Gate]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while heard := await reader.read(65_536):
            writer.write(heard)
            await writer.drain()
    writer.close()


@pytest.fixture
def serving() -> ssl.SSLContext:
    """The certificate of a server on loopback."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


@pytest.fixture(autouse=True)
def trusting(serving: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every client trust that server."""
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trust)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trust)
    opened = functools.partialmethod(aiohttp.TCPConnector.__init__, ssl=trust)
    monkeypatch.setattr(aiohttp.TCPConnector, "__init__", opened)


@pytest.mark.parametrize("cause", ["cancelled", "paused", None])
async def test_a_placement_that_waits_for_a_connection_is_withdrawn_when_everything_is_cancelled_or_after_a_pause(
    serving: ssl.SSLContext, tmp_path: Path, cause: str | None
) -> None:
    pauses: list[int] = []
    exchange = ScriptedExchange(warm=True)
    busy = SIZE - LEFT_TO_CANCELS
    exchange.script(PLACE, *(exchange.hang() for _ in range(busy)), PLACED)
    exchange.script("/mm/cancel_all_wagers", data({"success": True}))
    clock = ManualClock(1_790_000_000 * SECOND)
    async with exchange.serving(tls=serving), Gate(urlsplit(exchange.base_url).port or 0).standing() as gate:
        exchange.base_url = f"https://127.0.0.1:{gate.port}/partner"
        async with client_of(exchange, clock, tmp_path, interrupted_at=lambda: len(pauses)) as (client, _):
            first = [asyncio.create_task(client.perform(requests.PlaceMany(n, (ONE,)))) for n in range(busy)]
            await exchange.until(lambda: len(exchange.calls(PLACE)) == busy)
            taken, ended = gate.taken, gate.ended
            gate.open.clear()
            waiting = asyncio.create_task(client.perform(requests.PlaceMany(7, (ONE,))))
            await gate.until(taken=taken + 1)
            if cause == "paused":
                pauses.append(1)
            if cause == "cancelled":
                assert isinstance(await client.perform(requests.CancelAll(8)), CancelledAll)
            gate.open.set()
            told = await waiting
            if cause is not None:
                assert isinstance(told, Failed)
                assert (told.request, told.failure, told.code) == (7, Failure.RETRYABLE, "withdrawn")
                await gate.until(ended=ended + 1)  # its connection is not left behind
            else:
                assert isinstance(told, Placed)
            exchange.over.set()
            await asyncio.gather(*first)
    assert len(exchange.calls(PLACE)) == busy + (cause is None)


class Listener(asyncio.Protocol):
    """A server that answers GETs and keeps every byte."""

    def __init__(self) -> None:
        self.connections = 0
        self.heard = b""
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.connections += 1
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if data.startswith(b"GET "):
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set()


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "new"])
async def test_what_is_withdrawn_at_the_last_moment_leaves_no_byte_and_no_connection(
    serving: ssl.SSLContext, kept: bool
) -> None:
    listener = Listener()
    server = await asyncio.get_running_loop().create_server(lambda: listener, "127.0.0.1", 0, ssl=serving)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/partner"
    asked: Iterator[bool] = iter((False, True))  # wanted when it starts, and then no more
    async with server, open_http() as http:
        if kept:
            await send(http, "GET", url, body=None, token="t", timeout_s=10.0)
        before = listener.heard
        with pytest.raises(Withdrawn):
            await send(http, "POST", url, body=b"{}", token="t", timeout_s=10.0, withdrawn=asked.__next__)
        assert not list(asked)
        async with asyncio.timeout(10):
            await listener.ended.wait()  # while the pool is open
        assert (listener.connections, listener.heard) == (1, before)
        assert await send(http, "GET", url, body=None, token="t", timeout_s=10.0)
        assert listener.connections == 2


async def test_what_is_withdrawn_before_it_starts_opens_no_connection() -> None:
    async with open_http() as http:
        with pytest.raises(Withdrawn):
            await send(http, "POST", "http://127.0.0.1:9/", body=b"", token="t", timeout_s=10.0, withdrawn=lambda: True)
