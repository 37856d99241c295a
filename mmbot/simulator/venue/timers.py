"""What is to happen, and when: a wager opens, a result is paid, the crowd moves, a message arrives late."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from mmbot.domain.instant import Instant

TimedAction = Callable[[Instant], None]
"""What is done when it is due; it is given the time."""


class Timers:
    """Acts in order of their due time, those of one instant in the order they were set down."""

    __slots__ = ("_due", "_set_down")

    def __init__(self) -> None:
        self._due: list[tuple[Instant, int, TimedAction]] = []
        self._set_down = 0

    def add(self, due: Instant, act: TimedAction) -> None:
        """Set down what is to happen."""
        self._set_down += 1
        heapq.heappush(self._due, (due, self._set_down, act))

    def next_due(self) -> Instant | None:
        """When something is due."""
        return self._due[0][0] if self._due else None

    def take(self, now: Instant) -> tuple[Instant, TimedAction] | None:
        """The next that is due by now, with its due time; it is off the agenda then."""
        if not self._due or self._due[0][0] > now:
            return None
        due, _, act = heapq.heappop(self._due)
        return due, act
