"""Draws docs/images/live.svg: the live view after some minutes on the synthetic board, played in virtual time.

Command: ``.venv/bin/python docs/images/live.py``
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console, Group

from mmbot.backtest.run import Run
from mmbot.backtest.tape import referee_limits
from mmbot.domain.instant import MINUTE, from_iso
from mmbot.screen.live import Caption, screen
from mmbot.simulator.world import synthetic_world
from mmbot.strategy.loader import open_config

ROOT = Path(__file__).parents[2]
START = from_iso("2026-10-03T17:00:00Z")
BALANCE = 25_000_000
WIDTH, HEIGHT = 132, 40


def main() -> None:
    """Play and draw."""
    config, strategies = open_config(ROOT / "config" / "demo.yaml", ROOT)
    world = synthetic_world(None, 1, START, balance=BALANCE, limits=referee_limits(config))
    run = Run(world, world.account, config, strategies, START)
    run.until(START + 13 * MINUTE)
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True)
    rows = screen(
        run.engine.status(run.now),
        WIDTH,
        HEIGHT,
        Caption("mmbot demo", note=" Ctrl-C stops it: cancelled and confirmed"),
    )
    console.print(Group(*rows))
    console.save_svg(str(ROOT / "docs" / "images" / "live.svg"), title="make demo")


if __name__ == "__main__":
    main()
