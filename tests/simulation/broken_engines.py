"""Run every broken engine until the simulation finds it: ``python -m broken_engines``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from broken import engines
from broken.patches import Broken, applied
from driver.play import Outcome, Play

HEAD = "| engine | what it does | seeds | found on | rule that it breaks | time |\n|---|---|---|---|---|---|"


class Pair(NamedTuple):
    """What came of one seed: with the broken engine, and with the whole one."""

    seed: int
    broken: Outcome
    whole: Outcome


class Search:
    """Looks for broken engines, and runs the whole engine once on each seed that it uses."""

    def __init__(self, pool: ProcessPoolExecutor, start: int, most: int, ahead: int) -> None:
        self._pool = pool
        self._seeds = range(start, start + most)
        self._ahead = ahead
        self._whole: dict[tuple[str, int], Future[Outcome]] = {}
        self._looked_at: dict[tuple[str, int], None] = {}
        self.unclean: dict[tuple[str, int], str] = {}
        """The rules that the whole engine breaks, by load and seed."""

    def find(self, broken: Broken) -> tuple[int, Pair | None]:
        """Run seeds until one finds the engine. Returns how many seeds were run, and the pair that found it."""
        tried = 0
        for pair in self._pairs(broken):
            tried += 1
            if pair.whole.breach is not None:
                self.unclean[broken.load.name, pair.seed] = f"{pair.whole.breach.rule}: {pair.whole.breach.detail}"
            elif pair.broken.breach is not None:
                return tried, pair
        return tried, None

    def seeds_of(self, load: str) -> list[int]:
        """The seeds of a load whose outcomes were looked at."""
        return [seed for name, seed in self._looked_at if name == load]

    def _pairs(self, broken: Broken) -> Iterator[Pair]:
        waiting: list[tuple[int, Future[Outcome], Future[Outcome]]] = []
        seeds = iter(self._seeds)
        try:
            while True:
                while len(waiting) < self._ahead and (seed := next(seeds, None)) is not None:
                    waiting.append((seed, self._pool.submit(run, broken.name, seed), self._run_whole(broken, seed)))
                if not waiting:
                    return
                seed, with_broken, with_whole = waiting.pop(0)
                self._looked_at[broken.load.name, seed] = None
                yield Pair(seed, with_broken.result(), with_whole.result())
        finally:
            for _, future, _ in waiting:
                future.cancel()

    def _run_whole(self, broken: Broken, seed: int) -> Future[Outcome]:
        key = broken.load.name, seed
        if key not in self._whole:
            self._whole[key] = self._pool.submit(run_whole, broken.name, seed)
        return self._whole[key]


def run(name: str, seed: int) -> Outcome:
    """Run one seed on a broken engine. Raises AssertionError if the engine is not broken as it is meant to be."""
    broken = _named(name)
    with applied(broken):
        outcome = Play(broken.load.draw(seed)).play()
    if outcome.breach is not None and f"{engines.__name__.rpartition('.')[2]}.py" in outcome.breach.detail:
        raise AssertionError(f"{name}: {outcome.breach.detail}")
    return outcome


def run_whole(name: str, seed: int) -> Outcome:
    """Run a seed of this broken engine on the whole engine."""
    return Play(_named(name).load.draw(seed)).play()


def _named(name: str) -> Broken:
    return next(each for each in engines.ENGINES if each.name == name)


def main(arguments: list[str]) -> int:
    """Look for every broken engine. Returns 1 if one was not found, or if the whole engine broke a rule."""
    parser = argparse.ArgumentParser(prog="make broken-engines", description=__doc__)
    parser.add_argument("--most", type=int, default=300, help="seeds for each engine")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="only the engines whose name contains this")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(arguments)
    missed = 0
    print(HEAD, flush=True)  # noqa: T201
    with ProcessPoolExecutor(given.jobs, get_context("spawn")) as pool:
        search = Search(pool, given.start, given.most, given.jobs)
        for broken in engines.ENGINES:
            if given.only not in broken.name:
                continue
            began = time.monotonic()
            tried, pair = search.find(broken)
            missed += pair is None
            where, rule = ("NOT FOUND", "") if pair is None else (f"seed {pair.seed}", _shown(pair.broken))
            load = f"{tried} {broken.load.name}".strip()
            took = f"{time.monotonic() - began:.0f} s"
            print(f"| {broken.name} | {broken.says} | {load} | {where} | {rule} | {took} |", flush=True)  # noqa: T201
    _show_loads(search)
    return 1 if missed or search.unclean else 0


def _shown(outcome: Outcome) -> str:
    assert outcome.breach is not None
    detail = f" ({outcome.breach.detail.partition(':')[0]})" if "raises" in outcome.breach.rule else ""
    return outcome.breach.rule + detail


def _show_loads(search: Search) -> None:
    """Print each load that was used, and on how many of its seeds the whole engine broke no rule."""
    print("\n| load | what comes more often | seeds without a broken rule on the whole engine |\n|---|---|---|")  # noqa: T201
    loads = {broken.load.name: broken.load for broken in engines.ENGINES}
    for name, load in loads.items():
        run_on = search.seeds_of(name)
        if run_on:
            clean = sum((name, seed) not in search.unclean for seed in run_on)
            print(f"| {name or 'none'} | {load.says} | {clean} of {len(run_on)} |")  # noqa: T201
    for (name, seed), what in search.unclean.items():
        print(f"the whole engine breaks a rule on seed {seed} {name}: {what}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
