"""Row four of the speed budget: from a signal or a disconnect to the bytes of ``cancel_all`` at the socket.

    .venv/bin/python benchmarks/bench_clear.py

The real daemon quotes 50 lines while a thousand book messages arrive each second. One in twenty moves a price. The
benchmark alternates between SIGUSR1 (the kill switch, released again over HTTP) and a cut of the websocket. It measures
from just before the signal or the cut to the bytes of ``cancel_all`` at the HTTP transport, on the machine's monotonic
clock. The daemon's clock runs 100 times as fast, so that the daemon soon quotes again. A round starts when every line
is quoted and the reads of the start are done.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from typing import Final

from board import EVEN, book, resized
from exchange import Exchange
from measure import Machine, against, percentile, plain, say
from process import resume, serve, trading

BUDGET_MS: Final = 5.0
LINES: Final = 50
ROUNDS: Final = 100
"""Rounds of each kind."""
A_SECOND: Final = 1_000
RATE: Final = 100.0
SETTLE_S: Final = 0.05
"""Pause in seconds after every line is quoted again, for the reads that follow a start."""


async def flood(exchange: Exchange, sent: list[int]) -> None:
    """Send a thousand books a second, evenly spaced."""
    rng = random.Random(1)
    frames = []
    for _ in range(2_000):
        shown = book(EVEN + rng.randrange(-3, 4)) if rng.random() < 0.05 else exchange.shown
        shown = resized(shown, rng.randrange(2), rng.randrange(1, 10), rng.randrange(15_000, 25_000))
        frames.append((rng.randrange(LINES), shown))
    started = time.monotonic()
    while True:
        due = int((time.monotonic() - started) * A_SECOND)
        while sent[0] < due:
            exchange.send(exchange.frame(*frames[sent[0] % len(frames)]))
            sent[0] += 1
        await asyncio.sleep(0.001)


async def measured() -> None:
    """Run the benchmark and print the result."""
    say("4. signal or disconnect -> cancel_all bytes handed to the socket, 1,000 book messages a second")
    machine = Machine()
    exchange = Exchange(LINES, book(EVEN))
    begun: list[tuple[str, int]] = []
    async with exchange.serving(), trading(exchange, RATE) as daemon:
        await exchange.until(lambda: len(exchange.resting) >= 2 * LINES)
        sent = [0]
        flooding = asyncio.create_task(flood(exchange, sent))
        started = time.monotonic()
        for turn in range(2 * ROUNDS):
            before = len(exchange.cancel_alls)
            await asyncio.sleep(random.Random(turn).uniform(0.005, 0.025))
            if turn % 2:
                exchange.up.clear()
                begun.append(("disconnect", time.monotonic_ns()))
                exchange.drop()
            else:
                begun.append(("signal", time.monotonic_ns()))
                os.kill(daemon.pid, signal.SIGUSR1)
            await exchange.until(lambda before=before: len(exchange.cancel_alls) > before)
            await exchange.until(lambda: not exchange.resting)
            async with asyncio.timeout(60):
                while len(exchange.resting) < 2 * LINES:
                    if turn % 2 == 0:
                        await resume(daemon)  # rejected until the account is proved clear
                    await asyncio.sleep(0.02)
            await asyncio.sleep(SETTLE_S)
        took_s = time.monotonic() - started
        flooding.cancel()
        stamps = await daemon.stop()
    machine.again()
    written = [stamp.at for stamp in stamps if stamp.what == "cancel_all"]
    took: dict[str, list[float]] = {"signal": [], "disconnect": []}
    for kind, at in begun:
        took[kind].append((next(each for each in written if each > at) - at) / 1e6)
    say(machine.describe())
    for kind, ms in took.items():
        say(against(f"{kind}, p99 of {len(ms)}", percentile(ms, 0.99), "ms", BUDGET_MS, machine.factor))
        say(plain(f"{kind}, p50", percentile(ms, 0.5), "ms"))
    say(plain("messages a second during the benchmark", sent[0] / took_s, "/s"))


if __name__ == "__main__":
    serve(measured)
