"""A memory of the backtest that also writes every entry to a journal on disk."""

from __future__ import annotations

from pathlib import Path

from mmbot.backtest.run import Memory
from mmbot.domain.instant import Instant
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
