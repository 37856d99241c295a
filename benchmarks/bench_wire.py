"""Row three of the speed budget: from a received frame to the placement's bytes at the socket.

    .venv/bin/python benchmarks/bench_wire.py

The real daemon runs in its own process with journal, log and metrics. This process runs a scripted exchange that
answers at once and never sleeps. Each process has its own core. A line's book loses a side, the two wagers are
cancelled, and a marked frame brings the side back. The figure is the time from the bytes of this frame at the
websocket's transport to the bytes of the placement of both outcomes at the HTTP transport. Both processes share the
machine's clock, so the benchmark also measures the round trip: from just before the frame is written here to the
arrival of the placement here. The daemon is idle for 2 ms before each frame. Its clock runs 100 times as fast, so no
request waits for the rate limit.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Final

from board import EVEN, book, one_sided
from exchange import Exchange
from measure import Machine, against, percentile, plain, say
from process import Stamp, serve, trading

from mmbot.exchange.rest import LOOK_S

P50_US: Final = 150.0
P99_US: Final = 1_000.0
WAGERS: Final = 10_400
RATE: Final = 100.0
WINDOW: Final = 800
"""Number of wagers around the 100th and the 10,000th that have their own row."""

_READY_S: Final = 2 * LOOK_S
"""Seconds until the connections of a daemon are ready after the log-in. With this fast clock the daemon has placed
hundreds of wagers by then, which it could not in real time."""


async def stay_awake() -> None:
    """Keep this process from sleeping. Otherwise the daemon's write would have to wake it, and the benchmark would
    count that time, which a remote exchange does not cause."""
    while True:  # noqa: ASYNC110 - the loop must not wait
        await asyncio.sleep(0)


def passed(stamps: list[Stamp], what: str) -> list[tuple[int, float]]:
    """Return the place of each marked frame among the stamps, and the µs from it to the first stamp of a kind."""
    found = []
    for at, stamp in enumerate(stamps):
        if stamp.what == "frame":
            after = next(other for other in itertools.islice(stamps, at + 1, None) if other.what == what)
            found.append((at, (after.at - stamp.at) / 1000))
    return found


async def measured() -> None:
    """Run the benchmark and print the result."""
    say("3. frame received -> placement bytes handed to the socket: the real daemon, uvloop, aiohttp, loopback")
    machine = Machine()
    exchange = Exchange(1, book(EVEN))
    sent: list[int] = []
    seen: list[int] = []
    placed: list[int] = []
    async with exchange.serving(), trading(exchange, RATE) as daemon:
        await exchange.until(lambda: len(exchange.resting) == 2)
        await asyncio.sleep(_READY_S)
        turn = 0
        waking = asyncio.create_task(stay_awake())
        while exchange.placed < WAGERS:
            turn += 1
            exchange.send(exchange.frame(0, one_sided(EVEN)))
            await exchange.until(lambda: not exchange.resting)
            await asyncio.sleep(0.002)  # time for the private messages to arrive and the daemon to be idle
            frame = exchange.frame(0, book(EVEN + turn % 7), marked=True)
            before = len(exchange.placements)
            sent.append(time.monotonic_ns())
            exchange.send(frame)
            await exchange.until(lambda: len(exchange.resting) == 2)
            seen.append(exchange.placements[before])
            placed.append(exchange.placed)
            await asyncio.sleep(0.001)
        waking.cancel()
        stamps = await daemon.stop()
    machine.again()
    took = [us for _, us in passed(stamps, "place")]
    steps = {what: dict(passed(stamps, what)) for what in ("book", "decided", "place")}
    away = [(arrived - left) / 1000 for left, arrived in zip(sent, seen, strict=True)]
    say(machine.describe())
    say(against("p50", percentile(took, 0.5), "us", P50_US, machine.factor))
    say(against("p99", percentile(took, 0.99), "us", P99_US, machine.factor))
    for name, part in (
        (f"of the first {WINDOW} wagers", [us for us, n in zip(took, placed, strict=True) if n <= WINDOW]),
        ("around the 10,000th wager", [us for us, n in zip(took, placed, strict=True) if n > WAGERS - WINDOW]),
    ):
        say(plain(f"p50 {name}", percentile(part, 0.5), "us"))
        say(plain(f"p99 {name}", percentile(part, 0.99), "us"))
    for name, before, what in (
        ("frame -> book in the inbox: websocket, Pusher, decoder", None, "book"),
        ("-> placement decided: the pump's wake-up, the engine", "book", "decided"),
        ("-> bytes handed over: the body, the head, the socket", "decided", "place"),
    ):
        part = [us - (steps[before][at] if before else 0.0) for at, us in steps[what].items()]
        say(plain(f"{name}, p50", percentile(part, 0.5), "us"))
    say(plain("exchange to exchange, with both processes' wake-ups, p50", percentile(away, 0.5), "us"))
    say(plain("exchange to exchange, with both processes' wake-ups, p99", percentile(away, 0.99), "us"))


if __name__ == "__main__":
    serve(measured)
