"""Timers. A timer carries out an action at a given time, such as opening a wager or paying a result."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from mmbot.domain.instant import Instant

TimedAction = Callable[[Instant], None]
"""The type of an action of a timer. The action is called with the time for which the timer was set."""


class Timers:
    """Actions sorted by their time. Actions with the same time are kept in the order in which they were added."""

    __slots__ = ("_added", "_due")

    def __init__(self) -> None:
        self._due: list[tuple[Instant, int, TimedAction]] = []
        self._added = 0

    def add(self, due: Instant, action: TimedAction) -> None:
        """Add an action to be carried out at the time ``due``."""
        self._added += 1
        heapq.heappush(self._due, (due, self._added, action))

    def next_due(self) -> Instant | None:
        """The time of the earliest action. None if no action is left."""
        return self._due[0][0] if self._due else None

    def take(self, now: Instant) -> tuple[Instant, TimedAction] | None:
        """Remove and return the earliest action with its time, if it is due at or before ``now``. Otherwise return
        None."""
        if not self._due or self._due[0][0] > now:
            return None
        due, _, action = heapq.heappop(self._due)
        return due, action
