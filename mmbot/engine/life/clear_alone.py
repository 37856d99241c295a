"""Cancels everything on an account without an engine, and proves the account clear (without open wagers).

``mmbot kill`` uses this module if no daemon runs. The daemon uses the module if the engine failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.instant import NEVER, SECOND, Duration, Instant, in_seconds
from mmbot.domain.wager import WagerReport
from mmbot.domain.words import counted
from mmbot.engine.events import Answer, Cancelled, CancelledAll, Failed, Failure, HistoryRead
from mmbot.engine.life.clear_proof import NOTHING_KNOWN, ClearProof, ProofStage
from mmbot.engine.reading.history import HistoryPager
from mmbot.engine.requests import BATCH, CancelAll, Cancellation, CancelMany, ReadHistory
from mmbot.engine.sending.cancel_all import AGAIN
from mmbot.engine.state.exchange_clock import ExchangeClock
from mmbot.engine.timing.limiter import Pacer

TRY_FOR: Final = 3 * SECOND
"""The time for which a failed ``cancel_all`` is repeated before the history is read. The history shows whether a failed
``cancel_all`` has cancelled everything."""

READS_FIRST: Final = 12 * SECOND
"""The wait between a failed ``cancel_all`` and the next ``cancel_all``, in which the history is read. Without this
wait, there could be no time to read the history: only one request is sent at a time, and each ``cancel_all`` may take
until its timeout."""


class ClearAlone:
    """Gives the requests that have to be sent until the account is proved clear (without open wagers). ``take`` must be
    called with the answer to each request before the next request.

    Args:
        ours: for a shared account, a function that returns true if the wager with an ``external_id`` is ours. On such
            an account, our wagers are found in the history and cancelled one by one. None for an exclusive account,
            where ``cancel_all`` is used.
        first_request: the id of the first request. Each answer repeats the id of its request.
        now: the instant at which the clearing starts. At this instant, no placement of ours may be on its way.
    """

    def __init__(self, ours: Callable[[str], bool] | None, first_request: int, now: Instant) -> None:
        self._ours: Final = ours
        self._next_number: int = first_request
        self._clock: Final = ExchangeClock(self._note_behind, self._note_doubt)
        self._pager: Final = HistoryPager(self._clock, Pacer(), self._number, self._note_endless)
        self._proof: Final = ClearProof(self._pager, self._number, ours is None, self._is_ours, now)
        self._found: list[WagerReport] = []
        """The open wagers of ours on a shared account that still have to be cancelled."""
        self._not_before: Instant = now
        self._tried_since: Instant = now
        """The start of the time in which a failed ``cancel_all`` is repeated (``TRY_FOR``). It is the start of the
        clearing, or the arrival of the latest page that showed an open wager."""
        self._doubt: str | None = None
        self._cancel_trouble: str | None = None
        """The reason why the latest ``cancel_all`` failed. None if the latest ``cancel_all`` did not fail."""
        self.open_wagers = 0
        """The number of open wagers on the latest page of the history that showed an open wager. The number is 0 once
        the account is proved clear (without open wagers)."""
        self.trouble: str | None = None
        """The reason why the account is not proved clear (without open wagers) yet, as text for a person. None if no
        reason is known."""
        if ours is not None:
            self._go_on(now)

    @property
    def clear(self) -> bool:
        """True if the account is proved clear (without open wagers). The proof needs at least one answer with a
        ``Date`` header, because only this header shows how far the exchange's clock is ahead of our clock."""
        return self._proof.stage is ProofStage.CLEAR and self._clock.dated

    def next(self, now: Instant) -> CancelAll | CancelMany | ReadHistory | None:
        """Return the next request if one is due. Otherwise return None."""
        if now < self._not_before:
            return None
        if self._found:
            several = self._found[:BATCH]
            items = tuple([Cancellation(one.wager_id, one.external_id) for one in several])
            return CancelMany(self._number(), items)
        return self._proof.cancel(now) or self._proof.read(now)

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which ``next`` will return a request."""
        at = now if self._found else self._proof.due_at(now)
        return max(self._not_before, now if at == NEVER else at)

    def take(self, request: CancelAll | CancelMany | ReadHistory, answer: Answer, now: Instant) -> None:
        """Take the answer to the request that ``next`` returned most recently."""
        if isinstance(request, ReadHistory) and isinstance(answer, HistoryRead):
            if self._pager.came(answer):
                self._take_page(answer, now)
        elif isinstance(request, CancelAll) and isinstance(answer, CancelledAll):
            self._clock.note_date(answer.date, now)
            self._cancel_trouble = None
            if self._proof.cancels.answered(request.id, now):
                self._go_on(now)
        elif isinstance(request, CancelMany) and isinstance(answer, Cancelled):
            self._clock.note_date(answer.date, now)
            del self._found[:BATCH]  # a wager whose cancel was rejected is found again by the reads
            if not self._found:
                self._not_before = now + AGAIN
                self._go_on(now)
        elif isinstance(answer, Failed):
            self._failed(request, answer, now)
        else:
            self._failed(request, Failed(request.id, Failure.UNKNOWN, "wrong_answer", type(answer).__name__), now)

    def _failed(self, request: CancelAll | CancelMany | ReadHistory, answer: Failed, now: Instant) -> None:
        self.trouble = f"{answer.code}: {answer.message}" if answer.message else answer.code
        if isinstance(request, CancelAll):
            self._cancel_trouble = self.trouble
            self._proof.cancels.failed(answer, now)
            if self._proof.tried and now >= self._tried_since + TRY_FOR:
                self._proof.cancels.due_at = now + READS_FIRST  # a page with an open wager makes it due sooner
                self._go_on(now)
        elif isinstance(request, ReadHistory):
            self._pager.failed(answer, now)
        else:
            self._not_before = now + AGAIN

    def _go_on(self, now: Instant) -> None:
        self._proof.cancelled(now)
        self._proof.resolved(0, NOTHING_KNOWN, now)

    def _take_page(self, answer: HistoryRead, now: Instant) -> None:
        found = self._proof.take(answer, now)
        if found:
            self.open_wagers = len(found)
            self._tried_since = now
            cancel = "" if self._cancel_trouble is None else f"{self._cancel_trouble}; "
            self.trouble = f"{cancel}{counted(len(found), 'wager')} still open"
            if self._ours is not None:
                self._found = list(found)
        elif self.clear:
            self.open_wagers = 0
            self.trouble = None
        elif self._proof.stage is ProofStage.CLEAR:
            self.trouble = "the exchange's answers carry no Date, so nothing shows its clock"
            self._not_before = now + AGAIN
            self._proof.restart(now)
            if self._ours is not None:
                self._go_on(now)
        elif not self._proof.complete:
            self.trouble = self._doubt or "the history is not complete up to the cancel"

    def _is_ours(self, report: WagerReport) -> bool:
        return self._ours is None or self._ours(report.external_id)

    def _number(self) -> int:
        number = self._next_number
        self._next_number += 1
        return number

    def _note_endless(self, why: str) -> None:
        self.trouble = f"the pages of the history do not end: {why}"

    def _note_behind(self, ahead: Duration) -> None:
        """Do nothing if our clock is behind the exchange's clock. The proof allows for this, and without an engine
        nobody reads alerts."""

    def _note_doubt(self, ahead: Duration | None, now: Instant) -> None:
        self._doubt = (
            None
            if ahead is None
            else (f"the exchange's clock is {round(in_seconds(ahead) / 60)} minutes ahead of this machine's")
        )
