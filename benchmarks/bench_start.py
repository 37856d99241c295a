"""How long a start and a stop take with no matched, unsettled wagers and with 50,000, and how much memory these take.

    .venv/bin/python benchmarks/bench_start.py [WAGERS ...]

A local exchange runs as a process whose account has so many matched wagers, and the real daemon as another. The first
start has no journal, so it reads a page of 1,000 wagers a second. The starts after it have one. A start is measured
from the creation of the process until the daemon may quote, and a stop from the signal until the end of the process.
The benchmark takes three minutes. The wagers are ten minutes old.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from measure import memory, say

from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.simulator.serve import ServeOptions, build_world, ready_line, settings
from mmbot.simulator.wire.local_exchange import LocalExchange
from mmbot.simulator.wire.server import Server
from mmbot.simulator.world import World

COUNTS: Final = (0, 50_000)
ROUNDS: Final = 3
KEYS: Final = {"PROPHETX_ACCESS_KEY": "bench-access-key", "PROPHETX_SECRET_KEY": "bench-secret-key"}
QUOTES_S: Final = 3.0
"""How long the daemon quotes before it is stopped."""


class Took(NamedTuple):
    """Seconds of a start and of the stop after it, processor seconds of the start, and MB of memory in between."""

    start: float
    cpu: float
    stop: float
    memory: float


# --- the exchange -----------------------------------------------------------------------------------------------------


def fill(world: World, wagers: int, now: Instant) -> None:
    """Give the account so many matched wagers on the first line."""
    venue = world.venue
    line = next(line.key for market in venue.board.markets.values() for line in market.lines)
    line_id = venue.line_id(*line, 0)
    for number in range(wagers):
        venue.place(world.account, f"earlier-{number}", line_id, 100, 100, now)
    world.advance(now + SECOND)
    if wagers:
        taker = venue.open_account("whale", 0, unlimited=True)
        venue.crowd.enter(taker, line, 1, -100, 100 * wagers + 1_000_000, now + SECOND, rest=False)
    matched = sum(wager.matched > 0 for wager in venue.wagers(world.account))
    assert matched == wagers, f"{matched} of {wagers} wagers were matched"


async def serve(wagers: int) -> None:
    """Run the exchange until a signal ends it."""
    options = ServeOptions(
        port=0,
        balance=10**12,
        sport_events=1,
        before_sport_event=600 * MINUTE,
        access_key=KEYS["PROPHETX_ACCESS_KEY"],
        secret_key=KEYS["PROPHETX_SECRET_KEY"],
        json=True,
    )
    clock = SystemClock()
    begun = clock.now() - 10 * MINUTE
    world = build_world(options, begun)
    fill(world, wagers, begun + SECOND)
    world.advance(clock.now())
    async with Server(LocalExchange(world, clock, settings(options)), options.host, 0, None) as server:
        say(ready_line(options, server, clock))
        await server.wait()


# --- the daemon -------------------------------------------------------------------------------------------------------


def config(ready: dict[str, Any]) -> dict[str, Any]:
    """Return the daemon's settings. Its quotes are far from the market, so that nothing more is matched."""
    many = 10_000_000
    return {
        "environment": "local",
        "exchange": {"base_url": ready["base_url"], "ws_url": ready["ws_url"]},
        "quoting": [{"strategy": "strategies.fair_value:FairValueMaker", "params": {"margin": 0.2, "size": 20}}],
        "limits": dict.fromkeys(("line", "market", "event", "tournament", "account", "daily_loss"), many),
        "guards": {"hold_s": 1},
        "state_dir": "state",
        "telemetry": {"port": 0, "log_format": "json", "last_scrape_s": 0},
    }


def run(folder: Path, rest_s: float) -> Took:
    """Start the daemon, let it quote for so many seconds, and stop it."""
    log = folder / "daemon.log"
    with log.open("w") as out:
        started = time.time()
        daemon = subprocess.Popen(
            [sys.executable, "-m", "mmbot", "run", "-c", str(folder / "mmbot.yaml")],
            stderr=out,
            env={**os.environ, **KEYS},
        )
    try:
        with log.open() as lines:
            read = ""
            while '"life.ready"' not in (read := read[-20:] + (new := lines.read())):
                if daemon.poll() is not None or time.time() > started + 300:
                    raise SystemExit(f"the daemon did not start:\n{log.read_text()[-2000:]}")
                if not new:
                    time.sleep(0.01)
        start = time.time() - started
        # The name of the program is in brackets and may hold blanks.
        ticks = Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        cpu = sum(int(each) for each in ticks) / os.sysconf("SC_CLK_TCK")
        time.sleep(rest_s)
        used = memory(daemon.pid).now
        stopped = time.time()
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(60)
        if code != 0:
            raise SystemExit(f"the daemon ended with {code}:\n{log.read_text()[-2000:]}")
        return Took(start, cpu, time.time() - stopped, used)
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()


def measured(wagers: int) -> Took:
    """Measure with so many wagers, and print the figures. Returns the medians with a journal."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        exchange = subprocess.Popen(
            [sys.executable, __file__, "exchange", str(wagers)], stdout=subprocess.PIPE, text=True
        )
        try:
            assert exchange.stdout is not None
            ready = json.loads(exchange.stdout.readline())
            (folder / "mmbot.yaml").write_text(yaml.safe_dump(config(ready)))
            first = run(folder, QUOTES_S)
            rounds = [run(folder, QUOTES_S) for _ in range(ROUNDS)]
        finally:
            exchange.kill()
            exchange.wait()
    middle = Took(*(statistics.median(each) for each in zip(*rounds, strict=True)))
    say(f"{wagers:,} matched, unsettled wagers")
    for took, what in ((middle, f"medians of {ROUNDS}"), (first, "without a journal")):
        say(
            f"  start {took.start:6.2f} s, processor {took.cpu:5.2f} s   stop {took.stop:6.2f} s   "
            f"memory {took.memory:6.1f} MB   {what}"
        )
    return middle


def main() -> None:
    """Run the benchmark and print the result."""
    counts = [int(each) for each in sys.argv[1:]] or COUNTS
    took = [measured(count) for count in counts]
    for count, each in zip(counts[1:], took[1:], strict=True):
        more = count - counts[0]
        memory_each = (each.memory - took[0].memory) * 1024 * 1024 / more
        say(
            f"{count:,} against {counts[0]:,}: start {each.start - took[0].start:+.2f} s, "
            f"processor {each.cpu - took[0].cpu:+.2f} s, "
            f"stop {each.stop - took[0].stop:+.2f} s, {memory_each:,.0f} bytes for each wager"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["exchange"]:
        asyncio.run(serve(int(sys.argv[2])))
    else:
        main()
