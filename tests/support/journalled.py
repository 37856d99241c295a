"""A memory of the backtest that also writes every entry to a journal on disk."""

from __future__ import annotations

from pathlib import Path

from engine_scene import MARKET, Scene

from mmbot.backtest.memory import Memory
from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.engine import orders as o
from mmbot.store.journal import Journal


class Journalled(Memory):
    """Keeps the entries of one run in a journal, too."""

    def __init__(self, directory: Path, strategies: tuple[str, ...] = ("tests:Fixed",)) -> None:
        super().__init__()
        self.journal = Journal(directory)
        self.journal.begin(0, "abc", strategies)
        self.journal.start()

    def keep(self, order: o.Save, now: Instant) -> None:
        super().keep(order, now)
        self.journal.save(order)


def played(directory: Path) -> Scene:
    """An evening with matches on both outcomes, a result, and a read of the transactions."""
    memory = Journalled(directory)
    scene = Scene(memory=memory).quoted()
    for stake in (700, 2_000, 1_501):
        scene.take(0, stake)
        scene.take(1, stake // 2)
        scene.go(15 * SECOND)
    scene.venue.settle(MARKET, 1, scene.now)
    scene.go(10 * MINUTE)
    assert memory.journal.close()
    return scene
