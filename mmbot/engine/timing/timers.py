"""The engine's timers: a heap of instants. Each instant has a purpose and a key, such as a line or a wager."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from enum import Enum

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import NEVER, Instant


class Due(Enum):
    """The purpose of a timer."""

    __hash__ = object.__hash__  # faster: timers are set on every event, and the hash of Enum is Python code

    SPORT_EVENT = "sport_event"
    """The kind of timer that fires when the quotes of a sport event must be decided again. This is so when the start of
    the sport event is near, or when its strategy asked to be called."""
    LINE = "line"
    """The kind of timer that fires when the quotes of a line must be decided again. This is so when the book or the
    user's own price gets too old, or when a pause of the line ends."""
    HEDGE = "hedge"
    """The kind of timer that fires when a line may be hedged again."""
    HEDGE_END = "hedge_end"
    """The kind of timer that fires when the end of a hedge should have been reported. The hedge is then looked up."""
    SUSPECT = "suspect"
    """The kind of timer that fires when a difference between a book and a REST read must be judged. The difference is
    an error unless a message explained it."""
    MISSED = "missed"
    """The kind of timer that fires when a sport event must be read again, because the previous read may have lacked the
    sport event or one of its lines."""
    MOVED = "moved"
    """The kind of timer that fires when a sport event must be read again, because the ``line_id`` of another line now
    belongs to one of its lines."""
    # Our stake at the former line of the id may be gone.
    ACTIVATION = "activation"
    """The kind of timer that fires when an accepted wager should have become active."""
    PRINT = "print"
    """The kind of timer that fires when a match of our wager should have been reported. The timer is set by a print (a
    public message about a match) at the price of the wager."""
    CANCEL = "cancel"
    """The kind of timer that fires when a cancel must be tried again."""
    STRATEGY = "strategy"
    """The kind of timer that fires when a sport event may be quoted again after a pause. The pause began because the
    strategy of the sport event was slow."""
    SETTLING = "settling"
    """The kind of timer that fires when the missing results of a market must be read. Some wagers of the market have
    their result, and others do not yet."""
    BREAKER = "breaker"
    """The kind of timer that fires when a circuit breaker may lift its guard (a reason not to quote). A circuit breaker
    stops quoting after something looked wrong."""


Key = LineKey | MarketKey | int | str


class Timers:
    """The timers of the engine. Each timer has a purpose and a key (a line, a sport event or a wager). If a timer is
    set twice, the earlier of the two instants applies."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, Due, Key]] = []
        self._at: dict[tuple[Due, Key], Instant] = {}
        self._count = 0
        self._handlers: dict[Due, Callable[..., None]] = {}
        self.soonest: Instant = NEVER
        """The instant before which no timer is due. ``due_at`` returns the exact instant of the next timer."""

    def register(self, handlers: Mapping[Due, Callable[..., None]]) -> None:
        """Register a handler for each purpose. When a timer is due, the handler of the timer's purpose is called with
        the timer's key and the present instant."""
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
