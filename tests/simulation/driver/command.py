"""The command line of the simulation: run many seeds, count what happened, and stop at the first broken rule."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path

from mmbot.domain.instant import HOUR, SECOND

from .kinds import CRASH
from .play import Outcome, Play
from .scenario import draw
from .shrink import shrink, write

FIXED = 0
"""The first seed of the fixed set."""


def run_seed(seed: int, hours: float) -> Outcome:
    """Run one seed."""
    return Play(draw(seed, hours)).play()


def main(arguments: Sequence[str]) -> int:
    """Run the simulation with these arguments. Returns 1 if a rule was broken."""
    given = _parser().parse_args(arguments)
    totals = Totals()
    with ProcessPoolExecutor(given.jobs, get_context("spawn")) as pool:
        for name, seeds, minutes in _sets(given):
            first, seeds = _first(seeds)
            print(f"{name}: seeds from {first}", flush=True)  # noqa: T201
            work = partial(run_seed, hours=given.hours)
            until = None if minutes is None else time.monotonic() + 60 * minutes
            broken = totals.run(pool, work, seeds, 2 * given.jobs, until)
            if broken is not None:
                pool.shutdown(wait=False, cancel_futures=True)
                totals.show()
                _explain(broken, given.hours, given.log)
                return 1
    totals.show()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds")
    parser.add_argument("--start", type=int, default=FIXED, help="the first seed")
    parser.add_argument("--minutes", type=float, help="run so long instead of a number of seeds")
    parser.add_argument("--fresh", action="store_true", help="with --minutes: half of the time on seeds nobody ran yet")
    parser.add_argument("--hours", type=float, default=1.0, help="virtual hours of each seed")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--log", type=Path, default=Path("build/simulation"), help="where a broken run is written")
    return parser


def _sets(given: argparse.Namespace) -> Iterator[tuple[str, Iterator[int], float | None]]:
    if given.minutes is None:
        yield "the given set", iter(range(given.start, given.start + given.seeds)), None
        return
    share = given.minutes / 2 if given.fresh else given.minutes
    yield "the fixed set", count(given.start), share
    if given.fresh:
        yield "a fresh set", count(secrets.randbelow(1 << 40)), share


def _first(seeds: Iterator[int]) -> tuple[int, Iterator[int]]:
    first = next(seeds)
    return first, (seed for each in ((first,), seeds) for seed in each)


class Totals:
    """The sums over all runs so far."""

    def __init__(self) -> None:
        self.seeds = 0
        self.matches = 0
        self.virtual = 0
        self.requests = 0
        self.busiest = 0
        self.faults: Counter[str] = Counter()
        self.began = time.monotonic()

    def run(
        self, pool: ProcessPoolExecutor, work: partial[Outcome], seeds: Iterator[int], ahead: int, until: float | None
    ) -> Outcome | None:
        """Run seeds in their order until one breaks a rule, no seed is left, or the time is over. Returns the run that
        broke a rule."""
        waiting: list[Future[Outcome]] = []
        while True:
            while len(waiting) < ahead and (until is None or time.monotonic() < until):
                seed = next(seeds, None)
                if seed is None:
                    break
                waiting.append(pool.submit(work, seed))
            if not waiting:
                return None
            outcome = waiting.pop(0).result()
            self.add(outcome)
            if outcome.breach is not None:
                for future in waiting:
                    future.cancel()
                return outcome

    def add(self, outcome: Outcome) -> None:
        """Count a run."""
        self.seeds += 1
        self.matches += outcome.matches
        self.virtual += outcome.length
        self.requests += outcome.requests
        self.busiest = max(self.busiest, outcome.busiest)
        self.faults += outcome.faults

    def show(self) -> None:
        """Print the counts."""
        hours = max(self.virtual / HOUR, 1e-9)
        wall = time.monotonic() - self.began
        crashes = self.faults[CRASH]
        faults = sum(self.faults.values()) - crashes
        print(  # noqa: T201
            f"{self.seeds} seeds, {hours:.1f} virtual hours in {wall:.0f} s "
            f"({self.virtual / SECOND / wall:,.0f} virtual seconds a second)\n"
            f"{self.matches / hours:.1f} matches an hour, {faults / hours:.2f} faults an hour, "
            f"a crash every {hours / crashes if crashes else float('inf'):.1f} hours, "
            f"{self.requests / hours:,.0f} requests an hour, at most {self.busiest} in one second"
        )
        for kind, times in sorted(self.faults.items(), key=lambda item: (-item[1], item[0])):
            print(f"  {kind:24} {times:6}  {times / hours:.3f} an hour")  # noqa: T201


def _explain(broken: Outcome, hours: float, folder: Path) -> None:
    breach = broken.breach
    assert breach is not None
    scenario = draw(broken.seed, hours)
    after = (breach.at - scenario.start) / SECOND
    print(f"\nseed {broken.seed} breaks a rule after {after:.3f} s: {breach.rule}: {breach.detail}", flush=True)  # noqa: T201
    small = shrink(scenario, breach.rule)
    where = write(small, folder / f"seed-{broken.seed}")
    assert small.breach is not None
    sys.stdout.write(
        f"the shortest run that still breaks it has {len(small.faults)} of {len(scenario.faults)} faults, and ends "
        f"after {(small.breach.at - scenario.start) / SECOND:.3f} s:\n"
        + "".join(f"  {fault.at / SECOND:10.3f} s {fault.kind}\n" for fault in small.faults)
        + f"  {small.breach.rule}: {small.breach.detail}\n"
        f"its event log is in {where}\nrun it again: make simulate SEEDS=1 START={broken.seed}\n"
    )
