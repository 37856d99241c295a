"""Row three of the speed budget: a frame received until the placement's bytes are handed to the socket.

    .venv/bin/python benchmarks/bench_wire.py

The real daemon in a process of its own, its journal, log and metrics included, against a scripted exchange in this one
that answers at once and never sleeps, each process on a core of its own. A line's book loses a side, the two wagers are
cancelled, and a marked frame brings the side back: from its bytes at the websocket's transport to the bytes of the
placement of both outcomes at the HTTP transport. The same clock in both processes also gives the way there and back:
from just before the frame is written here to the placement's arrival here. The daemon has been idle for 2 ms each time.
Its clock runs 100 times as fast, so that no request waits for the rate limit.
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
"""Wagers around the 100th and the 10,000th that are shown apart."""

_READY_S: Final = 2 * LOOK_S
"""Until the connections of a daemon that has just logged in stand ready. With a clock of this rate it has placed
hundreds of wagers by then, which at the machine's own pace it cannot."""


async def stay_awake() -> None:
    """Keep this process from sleeping. To wake it would be done by the daemon's write, and be counted as its own; an
    exchange on another machine costs nobody that."""
    while True:  # noqa: ASYNC110 - not to wait for anything is the point
        await asyncio.sleep(0)


def passed(stamps: list[Stamp], what: str) -> list[tuple[int, float]]:
    """Each marked frame's place among the stamps, and the microseconds until the first of a kind after it."""
    found = []
    for at, stamp in enumerate(stamps):
        if stamp.what == "frame":
            after = next(other for other in itertools.islice(stamps, at + 1, None) if other.what == what)
            found.append((at, (after.at - stamp.at) / 1000))
    return found


async def measured() -> None:
    """Run and print."""
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
            await asyncio.sleep(0.002)  # for the private messages to be heard, and for the daemon to be idle
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
