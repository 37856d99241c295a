"""Timers: actions that are due at a given time, such as opening a wager, paying a result or sending a delayed
message."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from mmbot.domain.instant import Instant

TimedAction = Callable[[Instant], None]
"""An action. It is called with the time at which it was due."""


class Timers:
    """Actions in order of their due time. Actions of the same instant keep the order in which they were added."""

    __slots__ = ("_added", "_due")

    def __init__(self) -> None:
        self._due: list[tuple[Instant, int, TimedAction]] = []
        self._added = 0

    def add(self, due: Instant, action: TimedAction) -> None:
        """Add an action."""
        self._added += 1
        heapq.heappush(self._due, (due, self._added, action))

    def next_due(self) -> Instant | None:
        """The due time of the next action, or None."""
        return self._due[0][0] if self._due else None

    def take(self, now: Instant) -> tuple[Instant, TimedAction] | None:
        """Remove and return the next action that is due by now, with its due time; None if there is none."""
        if not self._due or self._due[0][0] > now:
            return None
        due, _, action = heapq.heappop(self._due)
        return due, action
