"""Strategies that fail: one that raises, one that is slow, and one that does not return for a while."""

from __future__ import annotations

import time
from typing import Any

from mmbot.strategy.interface import EventView, Result
from strategies.fair_value import FairValueMaker, FairValueParams

BEGINS_NS = 1_800_000_020 * 1_000_000_000
"""When a strategy begins to fail, by the clock of a scenario: 20 s after the start."""


class _Failing:
    book_depth = 1

    def __init__(self) -> None:
        self._maker = FairValueMaker(FairValueParams(margin=0.005, price_tolerance=0.003, size=50, inventory=150))
        self._failed = 0

    def quote(self, view: EventView, state: Any) -> Result:
        """Quote as the shipped strategy does, and fail in between."""
        if view.now >= BEGINS_NS and self._failed < 1:
            self._failed += 1
            self.fail()
        return self._maker.quote(view, state)

    def fail(self) -> None:
        raise NotImplementedError


class Raising(_Failing):
    """Raises once."""

    def fail(self) -> None:
        raise RuntimeError("told to raise")


class Hung(_Failing):
    """Does not return for a second and a half of real time."""

    def fail(self) -> None:
        time.sleep(1.5)


class Slow(_Failing):
    """Takes longer than it may, by a little."""

    def fail(self) -> None:
        time.sleep(0.7)
