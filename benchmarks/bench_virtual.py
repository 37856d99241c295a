"""Virtual time: tape changes a second from file to result, and virtual seconds a second on a synthetic board.

    .venv/bin/python benchmarks/bench_virtual.py TAPE...

The times are those of the processor, the best of three, so that other work on the machine counts little.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mmbot.backtest.run import Run
from mmbot.backtest.tape import play
from mmbot.domain import COMPILED
from mmbot.domain.instant import HOUR, MINUTE, SECOND
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings
from mmbot.simulator.crowd.tape import read_tape
from mmbot.simulator.world import synthetic_world
from mmbot.strategy.loader import open_config

DEMO = Path(__file__).parents[1] / "config" / "demo.yaml"
START = 1_800_000_000 * SECOND
BOARDS = (
    (
        "a board of 3 sport events before their starts, a taker on each line every 8 s",
        BoardSettings(sport_events=3),
        5 * MINUTE,
    ),
    (
        "a quiet board of 2 sport events, a taker on each line every 10 min",
        BoardSettings(
            sport_events=2,
            first_start_ns=6 * HOUR,
            step_ns=MINUTE,
            refresh_ns=MINUTE,
            taker_ns=10 * MINUTE,
        ),
        HOUR,
    ),
)


def best(work: Callable[[], object]) -> float:
    """Return the processor's time for ``work`` in seconds."""
    took = []
    for _ in range(3):
        gc.collect()
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


def tape(path: Path) -> None:
    recorded = read_tape(path)
    hours = (recorded.changes[-1].at - recorded.start) / HOUR

    def backtest() -> None:
        config, strategies = open_config(DEMO)
        play(read_tape(path), config, strategies)

    took = best(backtest)
    print(
        f"{path.name}: {len(recorded.changes)} changes in {hours:.1f} virtual hours, {took:.2f} s, "
        f"{len(recorded.changes) / took:,.0f} changes a second"
    )


def board(name: str, settings: BoardSettings, length: int) -> None:
    def run() -> None:
        config, strategies = open_config(DEMO)
        world = synthetic_world(None, 1, START, board=settings, balance=100_000_000)
        Run(world, world.account, config, strategies, START).until(START + length)

    took = best(run)
    print(f"{name}: {length / SECOND / took:,.0f} virtual seconds a second")


if __name__ == "__main__":
    print("compiled" if COMPILED else "plain")
    for argument in sys.argv[1:]:
        tape(Path(argument))
    for each in BOARDS:
        board(*each)
