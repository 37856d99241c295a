"""Row two of the speed budget: a book event into the engine until its request is ready.

    python benchmarks/bench_engine.py

One line is quoted by the shipped strategy. Each book moves the fair price by more than the tolerance, so each costs the
whole way: book, own stake, strategy, diff, limits, funds, pace, request. The exchange's answers are given between the
measurements. The early and the late tenth are printed apart: the cost may not grow with the wagers placed. A fixed
piece of Python is timed in the same run, so that figures of different machines compare.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from typing import Final

from mmbot.config import Config, ExchangeConfig, LimitsConfig, RuleConfig
from mmbot.domain.book import Book, Level
from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent, Tournament
from mmbot.domain.instant import HOUR, MILLISECOND, SECOND, Instant
from mmbot.domain.odds import Ladder, negate
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.engine import Engine
from mmbot.simulator.ladder import STANDARD
from strategies.fair_value import FairValueMaker, FairValueParams

BUDGET_US: Final = 50.0
BOOKS: Final = 10_000
START: Final = 1_800_000_000 * SECOND
KEY: Final = LineKey(1, 219, 0)
LINE: Final = Line(KEY, (Outcome(4, "a" * 32, "Home"), Outcome(5, "b" * 32, "Away")))
MARKET: Final = Market(MarketKey(1, 219), "Moneyline", "moneyline", "moneyline", "Game Lines", lines=(LINE,))
EVENT: Final = SportEvent(1, 132, "Away @ Home", "not_started", START + 40 * HOUR, tournament_name="NBA")


def book(middle: int) -> Book:
    """Ten levels a side around a rung of the ladder."""
    rungs = LADDER.rungs
    under_0 = tuple(Level(rungs[middle - 2 - depth], 20_000 + 100 * depth) for depth in range(10))
    under_1 = tuple(Level(negate(rungs[middle + 2 + depth]), 20_000 + 100 * depth) for depth in range(10))
    return Book((under_0, under_1))


LADDER: Final = Ladder(STANDARD)


class Bench:
    """An engine and the exchange's answers, one wager at a time."""

    def __init__(self) -> None:
        self.now: Instant = START
        self.sequence = 1
        self.items: dict[str, r.Placement] = {}
        config = Config(
            environment="local",
            exchange=ExchangeConfig(base_url="http://127.0.0.1:1/partner"),
            quoting=(RuleConfig(strategy="strategies.fair_value:FairValueMaker"),),
            limits=LimitsConfig(),
        )
        maker = FairValueMaker(FairValueParams(margin=0.01, price_tolerance=0.001))
        self.engine = Engine(config, r.Seed("b", 0, 10_000_000, None), (maker,), self.now)

    def report(self, item: r.Placement, status: Status, sequence: int) -> WagerReport:
        """What the exchange says of a wager."""
        return WagerReport(
            wager_id=f"w{item.external_id}",
            external_id=item.external_id,
            event_id=1,
            market_id=219,
            line_id=item.line_id,
            odds=item.odds,
            stake=item.stake,
            status=status,
            matching=Matching.UNMATCHED,
            winning=Winning.TBD,
            matched=0,
            sequence=sequence,
        )

    def answer(self, request: r.Request) -> None:
        """What comes back, a moment later."""
        engine, self.now = self.engine, self.now + MILLISECOND
        number = request.id
        told: list[WagerReport] = []
        match request:
            case r.CancelAll():
                engine.handle(e.CancelledAll(number, nothing_open=True), self.now)
            case r.ReadHistory():
                engine.handle(e.HistoryRead(number, (), "", self.now), self.now)
            case r.ReadBalance():
                engine.handle(e.BalanceRead(number, 1_000_000, 0, 0), self.now)
            case r.ReadLadder():
                engine.handle(e.LadderRead(number, STANDARD), self.now)
            case r.ReadTournaments():
                engine.handle(e.TournamentsRead(number, (Tournament(132, "NBA"),)), self.now)
            case r.ReadEvents():
                engine.handle(e.EventsRead(number, (EVENT,)), self.now)
            case r.ReadMarkets():
                image = e.MarketImage(MARKET, (book(LADDER.index(100)),))
                engine.handle(e.MarketsRead(number, {1: (image,)}), self.now)
            case r.PlaceMany():
                accepted = tuple(self.report(item, Status.INACTIVE, 0) for item in request.items)
                engine.handle(e.Placed(number, accepted, ()), self.now)
                for item in request.items:
                    self.sequence += 1
                    self.items[item.external_id] = item
                    told.append(self.report(item, Status.OPEN, self.sequence))
            case r.CancelMany():
                gone = tuple(item.external_id for item in request.items)
                engine.handle(e.Cancelled(number, gone, ()), self.now)
                for item in request.items:
                    self.sequence += 1
                    told.append(self.report(self.items.pop(item.external_id), Status.CANCELED, self.sequence))
            case _:
                raise AssertionError(f"not expected here: {request}")
        for said in told:
            engine.handle(e.WagerMessage(1, said), self.now)

    def settle(self, until: Instant) -> None:
        """Answer everything until nothing more is asked, and let time pass."""
        while True:
            request = self.engine.next_request(self.now)
            orders = self.engine.orders()
            for order in orders:
                if isinstance(order, r.Connect):
                    self.engine.handle(e.FeedUp(1), self.now)
            if request is not None:
                self.answer(request)
                continue
            if orders and any(isinstance(order, r.Connect) for order in orders):
                continue
            following = self.engine.deadline(self.now)
            if following is None or following > until:
                break
            self.now = max(self.now + 1, following)
        self.now = max(self.now, until)
        self.engine.handle(e.Beat(1), self.now)


def percentile(values: list[int], share: float) -> float:
    """In microseconds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] / 1000


def reference() -> int:
    """A fixed piece of Python, in nanoseconds."""
    started = time.perf_counter_ns()
    table: dict[int, int] = {}
    for number in range(200):
        table[number % 50] = table.get(number % 50, 0) + number
    return time.perf_counter_ns() - started


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print."""
    bench = Bench()
    bench.settle(START + 20 * SECOND)
    rng = random.Random(1)
    took: list[int] = []
    kinds = {"cancel": 0, "place": 0}
    references: list[int] = []
    gc.collect()
    gc.freeze()
    middle = LADDER.index(100)
    while len(took) < BOOKS:
        middle = min(LADDER.index(180), max(LADDER.index(-180), middle + rng.choice((-7, -6, -5, 5, 6, 7))))
        bench.sequence += 1
        message = e.BookMessage(1, 1, 219, 0, bench.sequence, book(middle))
        engine, now = bench.engine, bench.now
        started = time.perf_counter_ns()
        engine.handle(message, now)
        request = engine.next_request(now)
        ended = time.perf_counter_ns()
        if request is not None:
            took.append(ended - started)
            kinds["place" if isinstance(request, r.PlaceMany) else "cancel"] += 1
            bench.answer(request)
        references.append(reference())
        bench.settle(bench.now + 200 * MILLISECOND)
        bench.engine.orders()
    early, late = took[: BOOKS // 10], took[-BOOKS // 10 :]
    p50 = percentile(took, 0.5)
    unit = statistics.median(references) / 1000
    say(f"book event -> request ready: p50 {p50:.1f} us, p99 {percentile(took, 0.99):.1f} us ({kinds})")
    say(f"  budget: p50 <= {BUDGET_US:.0f} us; in units of a fixed loop of {unit:.1f} us: {p50 / unit:.2f}")
    say(f"  first tenth p50 {percentile(early, 0.5):.1f} us, last tenth {percentile(late, 0.5):.1f} us")


if __name__ == "__main__":
    main()
