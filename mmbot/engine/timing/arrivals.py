"""Counts the requests that the exchange may see within one second, no matter what delays them on their way.

A request leaves some time after the engine handed it out, and arrives some time after it left. If the machine stalls or
a packet is lost, requests that were handed out evenly may arrive together. It is certain only that a request arrived
before its answer came. So a request counts from the moment when the engine hands it out until a second after its
answer.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from mmbot.domain.instant import SECOND, Instant

LOST_AFTER: Final = 30 * SECOND
"""A request without an answer counts as arrived after this time. The time matters only if a request is lost inside the
program, because every other request ends with an answer or a timeout."""


class Arrivals:
    """The requests that may arrive now, or that may have arrived within the past second.

    Args:
        most: the greatest number of these requests that is allowed at any time.
    """

    __slots__ = ("_answered", "_most", "_open", "crowded")

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._open: Final[dict[int, Instant]] = {}
        """The requests without an answer, each with the instant at which it was handed out."""
        self._answered: Final[deque[Instant]] = deque()
        self.crowded = False
        """True if the limit may not allow another request now. ``full_until`` has to be called only if the value is
        True."""

    def sent(self, request: int, now: Instant) -> None:
        """Note that a request is handed out for sending."""
        self._open[request] = now
        self.crowded = len(self._open) + len(self._answered) >= self._most

    def answered(self, request: int, now: Instant) -> None:
        """Note that a request was answered or failed. If the request is not counted, do nothing."""
        if self._open.pop(request, None) is not None:
            self._answered.append(now)

    def full_until(self, now: Instant) -> Instant:
        """Return the instant from which on the limit allows another request, even if no answer comes earlier. The
        result is 0 if the limit allows another request now."""
        while self._answered and self._answered[0] + SECOND < now:
            self._answered.popleft()
        while self._open and self._first() + LOST_AFTER + SECOND < now:
            del self._open[next(iter(self._open))]
        self.crowded = len(self._open) + len(self._answered) >= self._most
        if not self.crowded:
            return 0
        lost_at = self._first() + LOST_AFTER + SECOND + 1 if self._open else 0
        if not self._answered:
            return lost_at
        free_at = self._answered[0] + SECOND + 1
        return min(free_at, lost_at) if lost_at else free_at

    def _first(self) -> Instant:
        return next(iter(self._open.values()))
