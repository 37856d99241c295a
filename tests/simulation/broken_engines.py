"""Run every broken engine until the simulation finds it: ``python -m broken_engines``."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

from broken.engines import ENGINES
from broken.patches import applied
from driver.play import Outcome, Play
from driver.scenario import draw


def run(name: str, seed: int) -> Outcome:
    """Run one seed on a broken engine. A rule that the whole engine breaks on this seed does not count."""
    broken = next(each for each in ENGINES if each.name == name)
    with applied(broken):
        outcome = Play(draw(seed)).play()
    if outcome.breach is not None:
        whole = Play(draw(seed)).play().breach
        if whole is not None and whole.rule == outcome.breach.rule:
            return replace(outcome, breach=None)
    return outcome


def main(arguments: list[str]) -> int:
    """Look for every broken engine. Returns 1 if one was not found."""
    parser = argparse.ArgumentParser(prog="make broken-engines", description=__doc__)
    parser.add_argument("--most", type=int, default=300, help="seeds for each engine")
    parser.add_argument("--only", default="", help="only the engines whose name contains this")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(arguments)
    missed = 0
    with ProcessPoolExecutor(given.jobs, get_context("spawn")) as pool:
        for broken in ENGINES:
            if given.only not in broken.name:
                continue
            began = time.monotonic()
            found = None
            for first in range(0, given.most, given.jobs):
                seeds = range(first, min(given.most, first + given.jobs))
                waiting = [pool.submit(run, broken.name, seed) for seed in seeds]
                outcomes = [future.result() for future in waiting]
                found = next((each for each in outcomes if each.breach is not None), None)
                if found is not None:
                    break
            took = time.monotonic() - began
            if found is None or found.breach is None:
                missed += 1
                print(f"{broken.name:28} NOT FOUND in {given.most} seeds  {took:.0f} s", flush=True)  # noqa: T201
                continue
            text = f"{broken.name:28} {found.seed + 1:4} seeds  {took:4.0f} s  {found.breach.rule}"
            print(text, flush=True)  # noqa: T201
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
