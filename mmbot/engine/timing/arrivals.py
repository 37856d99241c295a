"""Counts the requests that the exchange may see within one second, whatever delays them on their way.

A request leaves some time after it was handed out, and arrives some time after it left: a stalled machine or a lost
packet lets requests arrive together that were handed out evenly. All that is certain is that a request arrived before
its answer. So a request counts from the moment at which it is handed out until a second after its answer.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from mmbot.domain.instant import SECOND, Instant

LOST: Final = 30 * SECOND
"""A request without an answer counts as arrived after this time. Every request has a timeout, and then an answer; this
is for one that is lost inside the program."""


class Arrivals:
    """The requests that may arrive now, or arrived within the last second.

    Args:
        most: how many of them there may be.
    """

    __slots__ = ("_answered", "_most", "_open")

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._open: Final[dict[int, Instant]] = {}
        """Requests without an answer: when each was handed out."""
        self._answered: Final[deque[Instant]] = deque()

    def sent(self, request: int, now: Instant) -> None:
        """Note that a request is handed out."""
        self._open[request] = now

    def answered(self, request: int, now: Instant) -> None:
        """Note the answer to a request, or its failure. A request that is not counted is ignored."""
        if self._open.pop(request, None) is not None:
            self._answered.append(now)

    def full_until(self, now: Instant) -> Instant:
        """Return when there is room for another request if no answer comes before; 0 if there is room now."""
        while self._answered and self._answered[0] + SECOND < now:
            self._answered.popleft()
        while self._open and self._first() + LOST + SECOND < now:
            del self._open[next(iter(self._open))]
        if len(self._open) + len(self._answered) < self._most:
            return 0
        lost_at = self._first() + LOST + SECOND + 1 if self._open else 0
        if not self._answered:
            return lost_at
        free_at = self._answered[0] + SECOND + 1
        return min(free_at, lost_at) if lost_at else free_at

    def _first(self) -> Instant:
        return next(iter(self._open.values()))
