"""The engine's timers: a heap of instants. Each instant has a purpose and a key, such as a line or a wager."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant


class Due(Enum):
    """The purpose of a timer."""

    __hash__ = object.__hash__  # faster: timers are set on every event, and the hash of Enum is Python code

    SPORT_EVENT = "sport_event"
    """Decide the quotes of a sport event again, because its start is near or its strategy asked to be called."""
    LINE = "line"
    """Decide the quotes of a line again. Its book or the user's price may be too old, or its pause may be over."""
    HEDGE = "hedge"
    """Try to hedge on a line again."""
    HEDGE_END = "hedge_end"
    """Look up a hedge, because a message about its end should have come."""
    SUSPECT = "suspect"
    """Decide whether a difference between a book and a REST read is an error, or was explained by a message."""
    MISSED = "missed"
    """Read a sport event again, because the previous read may have lacked the sport event or one of its lines."""
    ACTIVATION = "activation"
    """Check that an accepted wager became active."""
    PRINT = "print"
    """A print (a public message about a match) came at the price of our wager. Check that a match of the wager
    followed."""
    CANCEL = "cancel"
    """Try a cancel again."""
    STRATEGY = "strategy"
    """Quote a sport event again after a pause. The pause began because the strategy of the sport event was slow."""
    SETTLING = "settling"
    """Read the missing results of a market in which some wagers have their result and others do not yet."""
    BREAKER = "breaker"
    """Let a circuit breaker lift its guard (a reason not to quote). A circuit breaker stops quoting after something
    that looks wrong."""


Key = LineKey | MarketKey | int | str

NEVER: Final[Instant] = 1 << 63
"""A value that is later than every instant."""


class Timers:
    """The timers of the engine. Each timer has a purpose and a key (a line, a sport event or a wager). If a timer is
    set twice, the earlier of the two instants applies."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, Due, Key]] = []
        self._at: dict[tuple[Due, Key], Instant] = {}
        self._count = 0
        self._handlers: dict[Due, Callable[..., None]] = {}
        self.soonest: Instant = NEVER
        """No timer is due before this instant. ``due_at`` returns the exact instant."""

    def register(self, handlers: Mapping[Due, Callable[..., None]]) -> None:
        """Register a handler for each purpose. When a timer is due, the handler of its purpose is called with its key
        and the present instant."""
        self._handlers.update(handlers)

    def set(self, due: Due, key: Key, at: Instant) -> None:
        """Set a timer for the instant ``at``. If the timer is already set for an earlier instant, do nothing."""
        known = self._at.get((due, key))
        if known is not None and known <= at:
            return
        self._at[due, key] = at
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, due, key))
        if at < self.soonest:
            self.soonest = at

    def due_at(self, now: Instant) -> Instant:
        """Return the instant of the next timer. The result is ``NEVER`` if no timer is set."""
        heap = self._heap
        while heap and self._at.get((heap[0][2], heap[0][3])) != heap[0][0]:
            heapq.heappop(heap)
        self.soonest = heap[0][0] if heap else NEVER
        return self.soonest

    def do_due(self, now: Instant) -> None:
        """Call the handlers of all timers that are due, in the order of their instants. If two instants are equal, the
        timer that was set earlier comes first."""
        while self.soonest <= now and self.due_at(now) <= now:
            _, _, due, key = heapq.heappop(self._heap)
            del self._at[due, key]
            self._handlers[due](key, now)
