"""Row seven of the speed budget: memory for 5,000 lines, and time for the daemon's imports.

    .venv/bin/python benchmarks/bench_size.py

Memory is the resident set of the real daemon's process, by the kernel. The daemon has read a board of 500 sport events
with ten lines each and ten levels a side, and quotes as many lines as ``limits.open_wagers`` allows. For comparison,
the benchmark also prints the memory for a board of 100 lines, and of a daemon that has read nothing. The time of the
imports is that of a new interpreter with the imports of ``mmbot run``, minus that of an interpreter without imports.
"""

from __future__ import annotations

import asyncio
import statistics
from typing import Final

from board import EVEN, book
from exchange import Exchange
from measure import Machine, Usage, against, fresh, memory, plain, say
from process import serve, trading

BUDGET_MB: Final = 150.0
BUDGET_S: Final = 0.4
RATE: Final = 20.0
OPEN: Final = 500
TRIES: Final = 9
IMPORTS: Final = "import mmbot.cli, mmbot.daemon.start, mmbot.daemon.wiring, mmbot.engine.engine, mmbot.strategy.loader"


async def resident(lines: int) -> Usage:
    """Return the memory of a daemon with a board of this many lines."""
    exchange = Exchange(lines, book(EVEN))
    async with exchange.serving(), trading(exchange, RATE, open_wagers=OPEN) as daemon:
        await exchange.until(lambda: len(exchange.resting) >= min(OPEN, 2 * lines))
        for place in range(lines):  # every line has received a message too
            exchange.send(exchange.frame(place, book(EVEN + 1)))
            if place % 20 == 0:
                await asyncio.sleep(0.02)
        await asyncio.sleep(1.0)
        found = memory(daemon.pid)
        await daemon.stop()
    return found


def imports() -> tuple[float, float]:
    """Return the seconds of the imports and of an empty interpreter: medians of new processes, in turn."""
    whole, empty = [], []
    fresh(["-c", IMPORTS])
    for _ in range(TRIES):
        empty.append(fresh(["-c", "pass"])[0])
        whole.append(fresh(["-c", IMPORTS])[0])
    return statistics.median(whole), statistics.median(empty)


def imported() -> None:
    """Measure the imports and print the result."""
    machine = Machine()
    whole, empty = imports()
    say(machine.again().describe())
    cost = 1000 * (whole - empty)
    say(against(f"import of the daemon, median of {TRIES}", cost, "ms", 1000 * BUDGET_S, machine.factor))
    say(plain("the same with the interpreter's own start", 1000 * whole, "ms"))


async def held() -> None:
    """Measure the memory and print the result."""
    few, many = await resident(100), await resident(5_000)
    say(against(f"5,000 lines with {OPEN} open wagers: resident", many.now, "MB", BUDGET_MB))
    say(plain("the most that it ever was", many.most, "MB"))
    say(plain("100 lines: resident", few.now, "MB"))
    say(plain("so a line costs", (many.now - few.now) * 1024 / 4_900, "KB"))


if __name__ == "__main__":
    say("7. 5,000 lines held; import")
    imported()
    serve(held)
