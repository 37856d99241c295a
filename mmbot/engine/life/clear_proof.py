"""The proof of being clear: cancel everything, then read in the exchange's own history that nothing is open.

Theory of operation. The account is *clear* when three things hold, all by the exchange's clock:

1. Every placement that was ever sent is resolved: accepted, rejected, or proved absent.
2. The history is complete beyond the last placement and the cancel: ``last_synced_at`` is later than both. A 200 or a
   404 to ``cancel_all`` proves nothing. A bulk cancel can race a match, and a wager that was accepted a moment before
   the cancel may not be live yet.
3. No page shows a wager that others could match: neither an inactive one, nor an open one that is unmatched or
   partially matched.

The order of the reads matters. A wager only moves forward: inactive, unmatched, partially matched, over. So a wager
that moves between two reads shows in the later read, provided that no read shows an older state of the account than
the read before it. The pager makes sure of that. A fully matched wager stays open until its result is known, but it
cannot be matched further. The proof does not ask for such wagers, so its cost does not grow with their number.

``cancel_all`` is repeated until the account is proved clear. When a page shows an open wager, ``cancel_all`` is sent
at once and the reads start again.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from mmbot.domain.instant import Instant
from mmbot.domain.wager import Matching, Status, WagerReport
from mmbot.engine.events import HistoryRead
from mmbot.engine.reading.history import HistoryPager, Query
from mmbot.engine.requests import CancelAll, ReadHistory
from mmbot.engine.sending.cancel_all import RepeatedCancelAll
from mmbot.engine.timing.timers import NEVER


class Stage(Enum):
    """How far the proof has come."""

    CANCELLING = "cancelling"
    """Everything is being cancelled; a read at this stage would prove nothing."""
    CANCELLED = "cancelled"
    """A cancel was answered; the outcome of some placement is still unknown."""
    READING = "reading"
    """The history is being read."""
    CLEAR = "clear"


class ClearProof:
    """Gives the requests to send until the account is proved clear, and takes their answers.

    Args:
        pager: reads the history. The proof drops all other queries of the pager.
        number: gives a new number for a request.
        exclusive: true if the account is ours alone, so that ``cancel_all`` may be used. If it is not, the caller
            cancels our wagers one by one and then calls ``cancelled``.
        is_ours: returns whether a wager is ours; for a shared account.
        ranges: how many of the longest ranges of the history are read for open wagers.
        now: when the first ``cancel_all`` is due.
    """

    def __init__(
        self,
        pager: HistoryPager,
        number: Callable[[], int],
        exclusive: bool,
        is_ours: Callable[[WagerReport], bool],
        ranges: int,
        now: Instant,
    ) -> None:
        self._pager: Final = pager
        self._exclusive: Final = exclusive
        self._is_ours: Final = is_ours
        self._ranges: Final = ranges
        self.cancels: Final = RepeatedCancelAll(number, now)
        self.stage = Stage.CANCELLING
        self._cancelled_at: Instant = 0
        self._complete_after: Instant = 0
        """The instant of our clock beyond which the history has to be complete."""
        self.complete = True
        """True if the latest page was complete beyond ``_complete_after``."""

    def restart(self, now: Instant) -> None:
        """Cancel everything at once and start the proof again."""
        self.stage = Stage.CANCELLING
        self.cancels.restart(now)
        self._pager.drop()

    # --- requests -------------------------------------------------------------------------------------------------

    def cancel(self, now: Instant) -> CancelAll | None:
        """Return the next ``cancel_all``, if one is due."""
        return self.cancels.next(now) if self._exclusive and self.stage is not Stage.CLEAR else None

    def read(self, now: Instant) -> ReadHistory | None:
        """Return the request for the next page of the history, if one may be read now."""
        return self._pager.next(now) if self.stage is Stage.READING else None

    def due_at(self, now: Instant) -> Instant:
        """Return when ``cancel`` or ``read`` has something to send; ``NEVER`` if an answer has to come first."""
        cancel_at = self.cancels.due_at if self._exclusive and self.stage is not Stage.CLEAR else NEVER
        read_at = self._pager.due_at(now) if self.stage is Stage.READING else NEVER
        return min(cancel_at, read_at)

    # --- answers --------------------------------------------------------------------------------------------------

    def cancelled(self, now: Instant) -> None:
        """Note that everything was cancelled, by an answered ``cancel_all`` or one by one. The reads come next."""
        if self.stage is Stage.CANCELLING:
            self.stage = Stage.CANCELLED
            self._cancelled_at = now

    def resolved(self, last_placement_at: Instant, now: Instant) -> None:
        """Start the reads: every placement is resolved, and the last one was sent at ``last_placement_at``."""
        if self.stage is not Stage.CANCELLED:
            return
        self.stage = Stage.READING
        self._complete_after = max(last_placement_at, self._cancelled_at, now)
        self._pager.drop()
        self._pager.ask(Query(Status.INACTIVE.value))
        for ago in range(self._ranges):
            for matching in (Matching.UNMATCHED, Matching.PARTIALLY_MATCHED):
                self._pager.ask(Query(Status.OPEN.value, matching.value, ranges_ago=ago))

    def take(self, answer: HistoryRead, now: Instant) -> tuple[WagerReport, ...]:
        """Take a page that the pager still wants.

        Returns:
            The open wagers on the page. If there are any, the proof starts again with a cancel.
        """
        found = tuple([one for one in answer.wagers if could_match(one) and (self._exclusive or self._is_ours(one))])
        if found:
            self.stage = Stage.CANCELLING
            self.cancels.wager_is_open(now)
            self._pager.drop()
        else:
            self.complete = self._pager.take(answer, self._complete_after, now)
            if self._pager.idle:
                self.stage = Stage.CLEAR
        return found


def could_match(report: WagerReport) -> bool:
    """Return whether others can match the wager now, or once it is active."""
    return report.resting or report.status is Status.INACTIVE
