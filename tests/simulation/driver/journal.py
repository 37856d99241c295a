"""A journal that is written behind: a crash loses what it was given in the last moments."""

from __future__ import annotations

from collections import deque

from msgspec.structs import replace

from mmbot.backtest.memory import Memory
from mmbot.domain.instant import MILLISECOND, Duration, Instant
from mmbot.engine import orders as o

BEHIND: Duration = 500 * MILLISECOND
"""The longest time from a change until it is durable."""


class Journal(Memory):
    """Keeps what the next run starts from. Reserved numbers and the latch are durable at once."""

    def __init__(self) -> None:
        super().__init__()
        self._pending: deque[tuple[Instant, o.Save]] = deque()

    def keep(self, order: o.Save, now: Instant) -> None:
        """Take a record; it is durable some time later."""
        while self._pending and self._pending[0][0] <= now - BEHIND:
            self._write()
        self._pending.append((now, order))

    def seed(self) -> o.Seed:
        """Return what the next run starts from, with the ids of all earlier runs, as the daemon does."""
        seed = super().seed()
        return replace(seed, runs=tuple(f"r{number}" for number in range(1, self.runs)))

    def close(self, now: Instant) -> None:
        """Write everything: the daemon ends in order."""
        while self._pending:
            self._write()
        self.last = now

    def crash(self, now: Instant, share: float) -> int:
        """Lose the last records: of those of the last ``BEHIND``, the ``share`` that came first is durable. Returns how
        many records were lost."""
        while self._pending and self._pending[0][0] <= now - BEHIND:
            self._write()
        for _ in range(round(share * len(self._pending))):
            self._write()
        lost = len(self._pending)
        self._pending.clear()
        self.last = now - BEHIND
        self.known = min(self.known, self.last)
        return lost

    def _write(self) -> None:
        at, order = self._pending.popleft()
        super().keep(order, at)
