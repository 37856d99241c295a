"""Row six of the speed budget: market events per second through the engine in virtual time, while it quotes.

    .venv/bin/python benchmarks/bench_replay.py

A thousand books arrive in each second of the clock. The benchmark times every call that a backtest makes: ``handle``
for each book, answer and private message, ``next_request`` until nothing is due, the orders and the deadline. It counts
only the books. Of a thousand books, 20 move the best price by some ticks, 80 change the size at the best price, which
moves the fair value a little, and 900 change a size further down. The shipped strategy does not look there, so those
need no decision. With a strategy that looks at every level, each book needs one.
"""

from __future__ import annotations

import random
import time
from typing import Final

from board import EVEN, HIGHEST, LOWEST, Bench, book, resized
from measure import Machine, against, fresh_json, say, settled

from mmbot.domain.book import Book
from mmbot.domain.instant import MILLISECOND
from mmbot.engine import events as e
from mmbot.engine import requests as r

BUDGET: Final = 50_000.0
BOOKS: Final = 20_000
MOVES: Final = 0.02
BEST: Final = 0.08


def books(lines: int) -> list[tuple[int, Book]]:
    """Yield the stream: the place of a line, and its new book."""
    rng = random.Random(1)
    middles = [EVEN] * lines
    shown = [book(EVEN)] * lines
    stream = []
    for _ in range(BOOKS):
        place = rng.randrange(lines)
        drawn = rng.random()
        if drawn < MOVES:
            middles[place] = min(HIGHEST, max(LOWEST, middles[place] + rng.choice((-3, -2, -1, 1, 2, 3))))
            shown[place] = book(middles[place])
        else:
            depth = 0 if drawn < MOVES + BEST else rng.randrange(1, 10)
            shown[place] = resized(shown[place], rng.randrange(2), depth, rng.randrange(15_000, 25_000))
        stream.append((place, shown[place]))
    return stream


def rate(lines: int, burst: int, deep: bool) -> dict[str, float]:
    """Return books per second. The engine is asked for requests after each ``burst`` of books."""
    bench = Bench(lines, deep=deep).quoted()
    engine = bench.engine
    stream = books(lines)
    settled()
    spent = requests = 0
    clock = time.perf_counter_ns
    for start in range(0, BOOKS, burst):
        now = bench.now
        arriving: list[e.Event] = [bench.message(place, shown) for place, shown in stream[start : start + burst]]
        while True:
            began = clock()
            for event in arriving:
                engine.handle(event, now)
            request: r.Request | None = engine.next_request(now)
            orders = engine.orders()
            if request is None:
                engine.deadline(now)
            spent += clock() - began
            del orders
            if request is None:
                break
            requests += 1
            arriving = bench.answers(request)
        bench.now += burst * MILLISECOND
        if start % 2_000 < burst:
            engine.handle(e.Beat(1), bench.now)
    return {"rate": BOOKS / spent * 1e9, "requests": requests}


def main() -> None:
    """Run the benchmark and print the result."""
    say("6. engine in virtual time, quoting: books a second")
    machine = Machine()
    found = []
    for lines, burst, deep in (
        (1, 1, False),
        (100, 1, False),
        (5000, 1, False),
        (1, 1, True),
        (100, 1, True),
        (5000, 1, True),
        (100, 10, False),
    ):
        name = f"{lines:,} line{'s' if lines > 1 else ''}"
        name += ", looking at every level" if deep else ""
        name += f", asked after {burst} books" if burst > 1 else ""
        found.append((name, fresh_json(rate, lines, burst, deep)))
    factor = machine.again().factor
    say(machine.describe())
    for name, got in found:
        say(against(f"{name} ({got['requests']} requests)", got["rate"], "/s", BUDGET, factor, least=True))


if __name__ == "__main__":
    main()
