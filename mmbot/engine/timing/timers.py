"""The engine's timers: a heap of instants at which something is to be looked at again."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant


class Due(Enum):
    """What a timer is for."""

    __hash__ = object.__hash__  # a timer is set on every event, and Enum's own is Python

    EVENT = "event"
    """Look at an event again: its start is near, or its strategy asked for it."""
    LINE = "line"
    """Look at a line again: its book or price may have aged, or a pause is over."""
    HEDGE = "hedge"
    """A hedge on a line may be tried again."""
    SUSPECT = "suspect"
    """Judge a book difference."""
    MISSED = "missed"
    """A read of the board may have lacked a line or an event: read it again."""
    ACTIVATION = "activation"
    """An accepted wager should be active by now."""
    PRINT = "print"
    """A print at our price should have been matched by now."""
    CANCEL = "cancel"
    """A cancel may be tried again."""
    BREAKER = "breaker"
    """A circuit breaker may lift its guard."""


Key = LineKey | int | str

NEVER: Final[Instant] = 1 << 63
"""Later than any instant."""


class Timers:
    """One timer for each (purpose, key) at most: setting it again keeps the earlier instant unless told to move it."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, Due, Key]] = []
        self._at: dict[tuple[Due, Key], Instant] = {}
        self._count = 0
        self._handlers: dict[Due, Callable[..., None]] = {}
        self.soonest: Instant = NEVER
        """Nothing is due earlier; ``due_at`` is exact."""

    def register(self, handlers: Mapping[Due, Callable[..., None]]) -> None:
        """Give for each purpose what is called with the key and the present when a timer of it is due."""
        self._handlers.update(handlers)

    def set(self, due: Due, key: Key, at: Instant) -> None:
        """Wake for this at ``at``, or earlier if that was asked already."""
        known = self._at.get((due, key))
        if known is not None and known <= at:
            return
        self._at[due, key] = at
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, due, key))
        if at < self.soonest:
            self.soonest = at

    def due_at(self, now: Instant) -> Instant:
        """When the next timer is due; ``NEVER`` if there is none."""
        heap = self._heap
        while heap and self._at.get((heap[0][2], heap[0][3])) != heap[0][0]:
            heapq.heappop(heap)
        self.soonest = heap[0][0] if heap else NEVER
        return self.soonest

    def do_due(self, now: Instant) -> None:
        """Call the handlers of what is due, in order of its instant and then of setting."""
        while self.soonest <= now and self.due_at(now) <= now:
            _, _, due, key = heapq.heappop(self._heap)
            del self._at[due, key]
            self._handlers[due](key, now)
