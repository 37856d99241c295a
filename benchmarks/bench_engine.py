"""Row two of the speed budget: from a book event into the engine to its request.

    .venv/bin/python benchmarks/bench_engine.py

Each book makes the engine act, so each takes the whole way: book, own stake, strategy, diff, limits, funds, pace,
request. Each line goes through three cases: the price moves (both wagers are cancelled), the book loses a side (both
are cancelled), and the side returns (both outcomes are placed). The exchange answers between the measurements. The
benchmark also measures around the 100th and the 10,000th wager, and on boards of 1, 100 and 5,000 lines.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

from board import EVEN, HIGHEST, LOWEST, Bench, book, one_sided
from measure import Machine, against, fresh_json, percentile, plain, say, settled

from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.engine import requests as r

BUDGET_US: Final = 50.0
WAGERS: Final = 10_400
KINDS: Final = ("move", "vanish", "return")


def measured(
    lines: int, wagers: int, begin: Callable[[], None] | None = None, end: Callable[[str], None] | None = None
) -> dict[str, list[tuple[int, float]]]:
    """Run the three cases over a board until enough wagers were placed.

    Args:
        lines: number of lines of the board.
        wagers: number of wagers to place.
        begin: called before each measured case, outside of the measured time.
        end: called after each case, with its name.

    Returns:
        For each case: the number of wagers placed before it, and the µs from the event to the request.
    """
    bench = Bench(lines).quoted()
    engine = bench.engine
    rng = random.Random(1)
    middles = [EVEN] * lines
    took: dict[str, list[tuple[int, float]]] = {kind: [] for kind in KINDS}
    placed = 2 * lines
    first = placed
    turn = 0
    settled()
    while placed - first < wagers:
        place = turn // len(KINDS) * 7 % lines
        kind = KINDS[turn % len(KINDS)]
        turn += 1
        middle = middles[place]
        if kind != "vanish":
            middle = min(HIGHEST, max(LOWEST, middle + rng.choice((-7, -6, -5, 5, 6, 7))))
            middles[place] = middle
        message = bench.message(place, one_sided(middle) if kind == "vanish" else book(middle))
        now = bench.now
        if begin is not None:
            begin()
        started = time.perf_counter_ns()
        engine.handle(message, now)
        request = engine.next_request(now)
        ended = time.perf_counter_ns()
        if request is not None:
            if isinstance(request, r.PlaceMany) == (kind == "return"):
                if end is not None:
                    end(kind)
                took[kind].append((placed - first, (ended - started) / 1000))
            bench.answer(request)
        bench.settle(bench.now + 150 * MILLISECOND)
        if turn % 20 == 0:
            bench.settle(bench.now + SECOND)
        placed += sum(len(sent.items) for _, sent in bench.sent if isinstance(sent, r.PlaceMany))
        bench.sent.clear()
    return took


def figures(lines: int, wagers: int) -> dict[str, list[float]]:
    """Return for each case p50, p99, and the p50 around the 100th and the last wagers."""
    found = {}
    for kind, took in measured(lines, wagers).items():
        alone = [us for _, us in took]
        early = [us for placed, us in took if placed <= 400]
        late = [us for placed, us in took if placed >= wagers - 400]
        found[kind] = [percentile(each, 0.5) for each in (alone, early, late)] + [percentile(alone, 0.99)]
    return found


def main() -> None:
    """Run the benchmark and print the result."""
    machine = Machine()
    boards = {lines: fresh_json(figures, lines, wagers) for lines, wagers in ((1, WAGERS), (100, 4000), (5000, 4000))}
    machine.again()
    say("2. engine: book event -> request ready")
    say(machine.describe())
    names = {"move": "a price moves: cancel", "vanish": "a side is gone: cancel", "return": "it is back: place both"}
    for kind, name in names.items():
        p50, early, late, p99 = boards[1][kind]
        say(against(f"{name}, p50", p50, "us", BUDGET_US, machine.factor))
        say(plain(f"{name}, p99", p99, "us"))
        say(plain(f"{name}, p50 of the first 400 wagers", early, "us"))
        say(plain(f"{name}, p50 around the {WAGERS - 400:,}th", late, "us"))
    for lines in (100, 5000):
        for kind, name in names.items():
            rested = "; its line long untouched" if kind == "move" else ""
            say(plain(f"{name}, p50 on a board of {lines:,} lines{rested}", boards[lines][kind][0], "us"))


if __name__ == "__main__":
    main()
