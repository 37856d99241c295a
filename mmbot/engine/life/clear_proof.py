"""The proof that the account is clear: everything is cancelled, and then the exchange's own history shows that nothing
is open.

Theory of operation. The account is *clear* when three conditions are met, all by the exchange's clock:

1. Every placement that was ever sent is resolved: accepted, rejected, or proved absent.
2. The history is complete beyond the latest placement and the cancel: ``last_synced_at`` is later than both. The answer
   to ``cancel_all`` (200 or 404) proves nothing. A match may happen at the same moment, and a wager that was accepted
   just before the cancel may not be open yet.
3. No page of the history shows a wager that others could match: an inactive wager, or an open wager that is unmatched
   or partially matched.

The order of the reads matters. A wager only moves forward: inactive, unmatched, partially matched, over. The reads
follow the same order, so a wager that moves on between two reads appears in the later read. This requires that no read
shows an older state of the account than an earlier read. ``HistoryPager`` makes sure of this. A fully matched wager has
the status open until its result is known, but it cannot be matched further. The proof does not read such wagers, so its
cost does not grow with their number.

The reads by creation time go back to ``placed_since``, at most four weeks: without a journal, only the history shows
old wagers. A caller who knows all wagers up to a later instant searches from that instant. So a proof usually takes
three reads, and a stop is fast.

``cancel_all`` is repeated until the account is proved clear. When a page shows an open wager, ``cancel_all`` is sent
soon, and the reads start again. Even a ``cancel_all`` that failed at the exchange, or that has no answer after a
second, may have cancelled everything. So in these cases the reads start, too, as they do after a good answer.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from mmbot.domain.instant import NEVER, Instant
from mmbot.domain.wager import Status, WagerReport
from mmbot.engine.events import HistoryRead
from mmbot.engine.reading.history import MOST_RANGES, HistoryPager, open_queries
from mmbot.engine.requests import CancelAll, ReadHistory
from mmbot.engine.sending.cancel_all import RepeatedCancelAll

NOTHING_KNOWN: Final = 0
"""The instant from which open wagers are searched if nothing is known about earlier wagers. Only ``MOST_RANGES`` limits
such a search."""


class ProofStage(Enum):
    """How far the proof has come that the account is clear (without open wagers)."""

    CANCELLING = "cancelling"
    """The stage in which everything is being cancelled. A read at this stage would prove nothing."""
    CANCELLED = "cancelled"
    """The stage in which everything was cancelled. For some placement, it is still unknown whether the exchange
    accepted the wager."""
    READING = "reading"
    """The stage in which the history is being read."""
    CLEAR = "clear"


class ClearProof:
    """Gives the requests that have to be sent until the account is proved clear (without open wagers), and takes the
    answers.

    Args:
        pager: reads the history. The proof drops all other queries of the pager.
        number: a function that returns an id for the next request.
        exclusive: true if only the bot uses the account, so that ``cancel_all`` is allowed. If it is false, the caller
            cancels our wagers one by one and then calls ``cancelled``.
        is_ours: a function that returns true if a wager is ours. It is used only on a shared account.
        now: the instant at which ``cancel_all`` is due for the first time.
    """

    def __init__(
        self,
        pager: HistoryPager,
        number: Callable[[], int],
        exclusive: bool,
        is_ours: Callable[[WagerReport], bool],
        now: Instant,
    ) -> None:
        self._pager: Final = pager
        self._exclusive: Final = exclusive
        self._is_ours: Final = is_ours
        self.cancels: Final = RepeatedCancelAll(number, now)
        self.stage = ProofStage.CANCELLING
        self._cancelled_at: Instant = 0
        self._complete_after: Instant = 0
        """The instant of our clock beyond which the history has to be complete."""
        self.complete = True
        """True if the latest page showed that the history is complete beyond the instant that the proof requires."""

    def restart(self, now: Instant) -> None:
        """Make a ``cancel_all`` due now, and start the proof again."""
        self.stage = ProofStage.CANCELLING
        self.cancels.restart(now)
        self._pager.drop()

    # --- requests -------------------------------------------------------------------------------------------------

    def cancel(self, now: Instant) -> CancelAll | None:
        """Return the next ``cancel_all`` if one is due. Otherwise return None."""
        return self.cancels.next(now) if self._exclusive and self.stage is not ProofStage.CLEAR else None

    def read(self, now: Instant) -> ReadHistory | None:
        """Return the request for the next page of the history if it may be read now. Otherwise return None."""
        return self._pager.next(now) if self.stage is ProofStage.READING else None

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which ``cancel`` or ``read`` will return a request. If an answer has to come first, the
        result is ``NEVER``."""
        cancel_at = self.cancels.due_at if self._exclusive and self.stage is not ProofStage.CLEAR else NEVER
        read_at = self._pager.due_at(now) if self.stage is ProofStage.READING else NEVER
        return min(cancel_at, read_at)

    @property
    def tried(self) -> bool:
        """True if a ``cancel_all`` without a good answer may have cancelled everything. The history then has to show
        whether a wager is still open."""
        return self._exclusive and self.stage is ProofStage.CANCELLING and self.cancels.tried

    # --- answers --------------------------------------------------------------------------------------------------

    def cancelled(self, now: Instant) -> None:
        """Note that everything was cancelled, or may have been cancelled, by ``cancel_all`` or by single cancels. The
        next part of the proof is to read the history."""
        if self.stage is ProofStage.CANCELLING:
            self.stage = ProofStage.CANCELLED
            self._cancelled_at = now

    def resolved(self, last_placement_at: Instant, placed_since: Instant, now: Instant) -> None:
        """Start the reads, because every placement is accepted, rejected or proved absent.

        Args:
            last_placement_at: the instant at which the latest placement was sent.
            placed_since: the instant of our clock from which on wagers are searched that may be open. The caller knows
                every earlier wager that may be open.
        """
        if self.stage is not ProofStage.CANCELLED:
            return
        self.stage = ProofStage.READING
        self._complete_after = max(last_placement_at, self._cancelled_at, now)
        self._pager.drop()
        self._pager.ask(*open_queries(min(MOST_RANGES, self._pager.ranges_since(placed_since, now))))

    @property
    def read_since(self) -> Instant:
        """The instant of our clock beyond which the history was complete when it showed no open wager."""
        return self._complete_after

    def take(self, answer: HistoryRead, now: Instant) -> tuple[WagerReport, ...]:
        """Take a page of the history that answers a read of this proof.

        Returns:
            The open wagers on the page, and the wagers on the page that cannot be read and may be open. If there are
                any such wagers, the proof starts again with a cancel.
        """
        found = tuple([one for one in open_on(answer) if self._exclusive or self._is_ours(one)])
        if found:
            self.stage = ProofStage.CANCELLING
            self.cancels.wager_is_open(now)
            self._pager.drop()
        else:
            self.complete = self._pager.take(answer, self._complete_after, now)
            if self._pager.idle:
                self.stage = ProofStage.CLEAR
        return found


def open_on(answer: HistoryRead) -> list[WagerReport]:
    """Return the wagers on a page that others can match now or later. This includes the wagers that cannot be read and
    may be open."""
    reports = (*answer.wagers, *[one.at_worst() for one in answer.unread if one.may_rest])
    return [one for one in reports if could_match(one)]


def could_match(report: WagerReport) -> bool:
    """Return true if others can match the wager now, or after it becomes active."""
    return report.resting or report.status is Status.INACTIVE
