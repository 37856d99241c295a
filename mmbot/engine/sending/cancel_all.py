"""``cancel_all``, repeated until the account is proved clear: how soon, and after what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.engine.requests import CancelAll

REPEAT: Final = 2 * SECOND
"""``cancel_all`` is repeated this long after one was answered."""

UNANSWERED: Final = SECOND
"""A ``cancel_all`` without an answer is followed by another after this: it does no harm twice, and open quotes do."""

AGAIN: Final = 300 * MILLISECOND
"""``cancel_all`` is repeated this long after one that was rejected or lost, and after a read that found open wagers."""

APART: Final = 100 * MILLISECOND
"""The least time between two that news of wagers led to: many wagers open at a time."""


class RepeatedCancelAll:
    """Says when the next ``cancel_all`` is due.

    Args:
        number: gives a new number for a request.
        now: when the first one is due.
    """

    def __init__(self, number: Callable[[], int], now: Instant) -> None:
        self._number: Final = number
        self.due_at: Instant = now
        """When the next one is due."""
        self.under_way = 0
        """How many that count have no answer yet."""
        self._sent_at: Instant = 0
        self._sent = self._done = 0
        """The number of the latest one, and of the latest one whose answer no longer counts."""

    def restart(self, now: Instant) -> None:
        """Send one at once. The answers to those that were sent before count for nothing."""
        self.due_at = now
        self._done = self._sent
        self.under_way = 0

    def next(self, now: Instant) -> CancelAll | None:
        """The next one, if it is due."""
        if now < self.due_at:
            return None
        request = CancelAll(self._number())
        self._sent = request.id
        self._sent_at = now
        self.due_at = now + UNANSWERED
        self.under_way += 1
        return request

    def wager_may_be_open(self, now: Instant) -> None:
        """Send another one soon: a wager may be open that the latest one did not meet."""
        self.due_at = min(self.due_at, max(now, self._sent_at + APART))

    def wager_is_open(self, now: Instant) -> None:
        """Send another one soon: a read of the history found open wagers."""
        self.due_at = min(self.due_at, now + AGAIN)

    def answered(self, request: int, now: Instant) -> bool:
        """Take the answer to one of them. Returns whether it counts."""
        if request <= self._done:
            return False
        self._done = self._sent
        self.under_way = 0
        self.due_at = now + REPEAT
        return True

    def failed(self, request: int, retry_at: Instant | None, now: Instant) -> bool:
        """Repeat one of them that failed. Returns whether it counts."""
        if request <= self._done:
            return False
        self.under_way -= 1
        hinted = min(retry_at or 0, now + UNANSWERED)
        self.due_at = min(self.due_at, max(now + AGAIN, hinted))
        return True
