"""Run the real daemon in its own process, and a scripted exchange in this one.

The daemon's process records times on the machine's monotonic clock: when the bytes of a marked frame arrive at the
websocket's transport, when the frame's book is in the pump's inbox, when the engine returns the placement, and when the
bytes of a request are handed to the socket of an HTTP connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
from aiohttp import client_proto
from exchange import Exchange

MARK: Final = b'"mark":1'
WATCHED: Final = {b"/mm/place_multiple_wagers": "place", b"/mm/cancel_all_wagers": "cancel_all"}


class Stamp(NamedTuple):
    """A time that the daemon's process recorded."""

    what: str
    """``frame``; ``book`` and ``decided``, which follow it; or the request written: ``place``, ``cancel_all``."""
    at: int
    """Nanoseconds of the machine's monotonic clock."""


class Noting:
    """A transport that records each write after it is done. Attributes are passed on without a call, so that they cost
    no time."""

    def __init__(self, transport: Any, note: Callable[[bytes], None]) -> None:
        self._transport = transport
        self._note = note
        self._write = transport.write
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        self._write(data)
        self._note(bytes(data[:80]))

    def writelines(self, chunks: Iterable[bytes]) -> None:
        chunks = list(chunks)
        self._transport.writelines(chunks)
        self._note(bytes(chunks[0][:80]))

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


def watch(stamps: list[tuple[str, int]]) -> None:
    """Record frames when they reach aiohttp's transports, requests when they are handed to a socket, and the steps in
    between. The records are plain pairs, since the cost of recording is measured too."""
    from mmbot.daemon.loop import Pump
    from mmbot.engine.events import Answer, BookMessage, Event
    from mmbot.engine.requests import PlaceMany, Request
    from mmbot.exchange.rest import Client
    from mmbot.net import warm

    deliver, perform = Pump.deliver, Client.perform

    def delivered(self: Pump, event: Event) -> None:
        deliver(self, event)
        if isinstance(event, BookMessage) and stamps and stamps[-1][0] == "frame":
            stamps.append(("book", time.monotonic_ns()))

    def decided(self: Client, request: Request) -> Coroutine[Any, Any, Answer]:
        if isinstance(request, PlaceMany) and stamps and stamps[-1][0] == "book":
            stamps.append(("decided", time.monotonic_ns()))
        return perform(self, request)

    def note(head: bytes) -> None:
        now = time.monotonic_ns()
        if not head.startswith(b"POST "):
            return
        path = head.split(b" ", 2)[1]
        for ending, what in WATCHED.items():
            if path.endswith(ending):
                stamps.append((what, now))

    def noted(connection_made: Callable[[Any, Any], None]) -> Callable[[Any, asyncio.BaseTransport], None]:
        def made(self: Any, transport: asyncio.BaseTransport) -> None:
            connection_made(self, Noting(transport, note))

        return made

    Pump.deliver = delivered  # type: ignore[method-assign]
    Client.perform = decided  # type: ignore[method-assign]
    for connection in (warm.Connection, client_proto.ResponseHandler):
        connection.connection_made = noted(connection.connection_made)  # type: ignore[method-assign,assignment]
    received = client_proto.ResponseHandler.data_received

    def data_received(self: client_proto.ResponseHandler, data: bytes) -> None:
        if MARK in data:
            stamps.append(("frame", time.monotonic_ns()))
        received(self, data)

    client_proto.ResponseHandler.data_received = data_received  # type: ignore[method-assign]


def pin(core: int) -> None:
    """Bind this process to its own core if the machine has two. On a shared core, the write that wakes the other
    process would also hand over the core, and the benchmark would measure that process."""
    if hasattr(os, "sched_setaffinity"):
        cores = range(os.cpu_count() or 1)
        with contextlib.suppress(OSError):  # the core is not available: let the machine decide
            os.sched_setaffinity(0, {cores[core % len(cores)]})


def live(settings: str, directory: str, result: str) -> int:
    """Run the daemon like ``mmbot run``, and write the records to a file."""
    from mmbot import config
    from mmbot.daemon import run as life
    from mmbot.daemon import start
    from mmbot.daemon.wiring import open_wire
    from mmbot.engine.engine import Engine
    from mmbot.strategy.loader import load

    pin(0)
    stamps: list[tuple[str, int]] = []
    watch(stamps)
    given = config.loads(settings)
    strategies = load(given, Path(directory))
    with (
        open(os.environ.get("BENCH_LOG", os.devnull), "w") as out,
        asyncio.Runner(loop_factory=start.loop_factory()) as runner,
    ):
        code = runner.run(life.run(given, strategies, Path(directory), open_wire, Engine, out=out))
    Path(result).write_text(json.dumps(stamps))
    return code


class Daemon:
    """The daemon's process."""

    def __init__(self, process: asyncio.subprocess.Process, directory: Path, result: Path) -> None:
        self.process: Final = process
        self._directory: Final = directory
        self._result: Final = result

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self.process.pid

    def door(self) -> str:
        """Address of the daemon's HTTP server."""
        holders = [json.loads(file.read_text()) for file in self._directory.glob("*lock*") if file.stat().st_size]
        return str(holders[0]["url"])

    async def stop(self) -> list[Stamp]:
        """Stop the daemon in order, and read the records."""
        self.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(self.process.wait(), 60)
        return [Stamp(*each) for each in json.loads(self._result.read_text())]


@contextlib.asynccontextmanager
async def trading(
    exchange: Exchange, rate: float, *, transport: str = "aiohttp", **limits: object
) -> AsyncIterator[Daemon]:
    """Run the real daemon against a scripted exchange, with a clock that runs ``rate`` times as fast."""
    many = 500 * max(10, len(exchange.keys))
    settings = {
        "environment": "local",
        "exchange": {
            "base_url": exchange.base_url,
            "ws_url": exchange.ws_url,
            "transport": transport,
            "clock": exchange.clock(rate),
        },
        "quoting": [
            {"strategy": "strategies.fair_value:FairValueMaker", "params": {"margin": 0.01, "price_tolerance": 0.001}}
        ],
        "limits": {"event": many, "tournament": many, "account": many, "daily_loss": many} | limits,
        "guards": {"hold_s": 1, "flap_hold_s": 1},
        "telemetry": {"port": 0},
    }
    with tempfile.TemporaryDirectory() as folder:
        directory, result = Path(folder) / "var", Path(folder) / "stamps.json"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            __file__,
            json.dumps(settings),
            str(directory),
            str(result),
            env={
                **os.environ,
                "PROPHETX_ACCESS_KEY": "access-key-of-the-bench",
                "PROPHETX_SECRET_KEY": "secret-key-of-the-bench",
            },
        )
        daemon = Daemon(process, directory, result)
        try:
            yield daemon
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def resume(daemon: Daemon) -> None:
    """Release the kill switch over the daemon's HTTP server."""
    from mmbot.daemon.http import HEADER

    async with (
        aiohttp.ClientSession() as http,
        http.post(
            f"{daemon.door()}/resume", data=b"{}", headers={HEADER: "bench", "Content-Type": "application/json"}
        ) as answer,
    ):
        answer.raise_for_status()


def serve(work: Callable[[], Awaitable[None]]) -> None:
    """Run a benchmark's exchange on the fastest event loop available."""
    from mmbot.daemon.start import loop_factory

    async def main() -> None:
        await work()

    pin(1)

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())


if __name__ == "__main__":
    sys.exit(live(*sys.argv[1:]))
