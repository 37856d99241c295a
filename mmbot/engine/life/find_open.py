"""Finds open wagers in the exchange's wager history without an engine and without a proof. The history is read in
passes, so that open wagers are found even while the history lags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.instant import NEVER, Duration, Instant
from mmbot.domain.wager import WagerReport
from mmbot.engine.events import Answer, Failed, Failure, HistoryRead
from mmbot.engine.life.clear_proof import open_on
from mmbot.engine.reading.history import MOST_RANGES, HistoryPager, open_queries
from mmbot.engine.requests import ReadHistory
from mmbot.engine.state.exchange_clock import ExchangeClock
from mmbot.engine.timing.limiter import Pacer


class FindOpen:
    """Gives the reads of one pass after another. A pass reads the open wagers that others could match. ``take`` must be
    called with the answer to each read before the next read.

    Args:
        wanted: a function that returns true if an open wager is to be found. In the report of a wager that cannot be
            read, the unreadable parts are empty or 0.
        number: a function that returns the id of the next request.
        since: an instant of our clock. A complete pass shows every open wager that was placed before it.
        ranges: the number of time ranges of a week that each pass searches.
    """

    def __init__(
        self,
        wanted: Callable[[WagerReport], bool],
        number: Callable[[], int],
        since: Instant,
        ranges: int = MOST_RANGES,
    ) -> None:
        self._wanted: Final = wanted
        self._since: Final = since
        self._ranges: Final = ranges
        self._clock: Final = ExchangeClock(self._note_behind, self._note_doubt)
        self._pager: Final = HistoryPager(self._clock, Pacer(), number, self._note_endless)
        self.found: Final[dict[str, str]] = {}
        """The open wagers that the pages have shown so far. The keys are the exchange's ids, and the values are our
        ids. The caller may remove wagers."""
        self.trouble: str | None = None
        """The reason why the latest answer was no good page, as a code. None if the latest answer was a good page."""
        self.complete = False
        """True if the latest pass has ended and was complete. A pass is not complete if the history lagged, or if a
        clock was behind, so that a time range ended too early."""

    @property
    def ended(self) -> bool:
        """True if no pass is under way."""
        return self._pager.idle

    def begin(self) -> None:
        """Begin a pass."""
        self.complete = False
        self._pager.drop()
        self._pager.ask(*open_queries(self._ranges))

    def next(self, now: Instant) -> ReadHistory | None:
        """Return the next read if one is due. Otherwise return None."""
        return self._pager.next(now)

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the next read is due. If no pass is under way, the result is ``NEVER``."""
        return NEVER if self._pager.idle else self._pager.due_at(now)

    def take(self, request: ReadHistory, answer: Answer, now: Instant) -> None:
        """Take the answer to the read that ``next`` returned most recently. After a failure, the pass goes on with the
        same page."""
        if not isinstance(answer, HistoryRead):
            failed = answer if isinstance(answer, Failed) else Failed(request.id, Failure.UNKNOWN, "wrong_answer")
            self.trouble = failed.code
            self._pager.failed(failed, now)
            return
        if not self._pager.came(answer):
            return
        self.trouble = None
        for report in open_on(answer):
            if self._wanted(report):
                self.found[report.wager_id] = report.external_id
        if not self._pager.turn(answer, now) or self._pager.next_query():
            return
        self.complete = self._pager.holds_all(self._since)

    def _note_endless(self, why: str) -> None:
        self.trouble = "history_endless"

    def _note_behind(self, ahead: Duration) -> None:
        """Do nothing if our clock is behind. The next reads allow for this."""

    def _note_doubt(self, ahead: Duration | None, now: Instant) -> None:
        """Do nothing if one of the clocks is wrong. The pager then counts no page as complete."""
