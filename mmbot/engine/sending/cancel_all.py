"""Decides when to send ``cancel_all``, the request that cancels every wager. This request is sent again and again until
the account is proved clear (without open wagers)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.engine.events import Failed, Failure, FailureReason
from mmbot.engine.requests import CancelAll

REPEAT: Final = 2 * SECOND
"""The wait after the answer to a ``cancel_all`` before the next ``cancel_all``."""

UNANSWERED: Final = SECOND
"""The wait after an unanswered ``cancel_all`` before the next ``cancel_all``. The wait is short, because a needless
``cancel_all`` does no harm, but open quotes do."""

AGAIN: Final = 300 * MILLISECOND
"""The wait before the next ``cancel_all``, after a ``cancel_all`` was rejected or lost, or after a read found open
wagers."""

APART: Final = 100 * MILLISECOND
"""The shortest time between two ``cancel_all`` requests that are caused by messages about wagers. Without this bound,
many wagers that open at the same time would cause many requests."""


class RepeatedCancelAll:
    """Makes a ``cancel_all`` whenever one is due.

    Args:
        number: a function that returns the id of the next request.
        now: the instant at which ``cancel_all`` is due for the first time.
    """

    def __init__(self, number: Callable[[], int], now: Instant) -> None:
        self._number: Final = number
        self.due_at: Instant = now
        """The instant at which the next ``cancel_all`` is due."""
        self.under_way = 0
        """The number of ``cancel_all`` requests that have no answer yet. Only requests after the latest call of
        ``restart`` count."""
        self.tried = False
        """True if a ``cancel_all`` failed, or is unanswered after ``UNANSWERED`` (1 s), but may have cancelled
        everything. Only the history can show whether it did. Requests before the latest call of ``restart`` or
        ``wager_is_open`` do not count."""
        self._sent_at: Instant = 0
        self._sent = self._done = 0
        """The ids of two requests. ``_sent`` is the latest ``cancel_all``. ``_done`` is the newest ``cancel_all`` whose
        answer is ignored if it still comes."""

    def restart(self, now: Instant) -> None:
        """Make a ``cancel_all`` due now. Answers to earlier ``cancel_all`` requests are ignored from now on."""
        self.due_at = now
        self._done = self._sent
        self.under_way = 0
        self.tried = False

    def next(self, now: Instant) -> CancelAll | None:
        """Return the next ``cancel_all`` if one is due. Otherwise return None."""
        if now < self.due_at:
            return None
        self.tried = self.tried or self.under_way > 0
        request = CancelAll(self._number())
        self._sent = request.id
        self._sent_at = now
        self.due_at = now + UNANSWERED
        self.under_way += 1
        return request

    def wager_may_be_open(self, now: Instant) -> None:
        """Make another ``cancel_all`` due soon, because a wager may have opened after the latest ``cancel_all``."""
        self.due_at = min(self.due_at, max(now, self._sent_at + APART))

    def wager_is_open(self, now: Instant) -> None:
        """Make another ``cancel_all`` due soon, because a read of the wager history found open wagers."""
        self.tried = False
        self.due_at = min(self.due_at, now + AGAIN)

    def answered(self, request: int, now: Instant) -> bool:
        """Take the answer to a ``cancel_all``. Return False if the answer is ignored, because another ``cancel_all``
        was answered, or ``restart`` was called, after this request was sent."""
        if request <= self._done:
            return False
        self._done = self._sent
        self.under_way = 0
        self.due_at = now + REPEAT
        return True

    def failed(self, answer: Failed, now: Instant) -> bool:
        """Make another ``cancel_all`` due soon, because a ``cancel_all`` failed. Return False if the failure is
        ignored, because another ``cancel_all`` was answered, or ``restart`` was called, after this request was sent."""
        if answer.request <= self._done:
            return False
        self.under_way -= 1
        # After a retryable failure nothing was done, and after a rejected log-in a read would fail in the same way.
        self.tried |= answer.failure is not Failure.RETRYABLE and answer.reason is not FailureReason.LOGIN
        hinted = min(answer.retry_at or 0, now + UNANSWERED)
        self.due_at = min(self.due_at, max(now + AGAIN, hinted))
        return True
