"""Reads all open wagers of the account, matched ones too, page by page in the background while the daemon quotes. One
such pass is called a sweep.

A restart reads only the wagers that changed (mmbot/engine/life/catch_up.py). Until the first sweep is complete, the
limits count the other matched wagers as the journal has them. A sweep reads every open wager of the past four weeks and
compares it with our records. If the sweep lacks a matched wager that has no result in our records, this wager is in
doubt. Later sweeps find changes that the exchange's list of changed wagers does not show.
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import HOUR, NEVER, SECOND, Instant
from mmbot.domain.wager import Status
from mmbot.engine.audit.audit import MOST_LOOKUPS, Audit
from mmbot.engine.audit.doubts import Cause
from mmbot.engine.events import Answer, Failed, HistoryRead
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.owners import AppliesReports
from mmbot.engine.reading.history import CREATED_RANGE, MOST_RANGES, HistoryPager, Query
from mmbot.engine.requests import ReadHistory, Request
from mmbot.engine.state.shared import Shared
from mmbot.engine.step import Step
from mmbot.engine.wagers.wager import Wager

SWEEP_EVERY: Final = 6 * HOUR
"""The longest time from the end of a sweep (a background read of all open wagers) to the next sweep."""

SWEEP_PAGE: Final = 75 * SECOND
"""The time from the end of a sweep (a background read of all open wagers) to the next, for each page of the sweep.
``SWEEP_EVERY`` is the longest such time. An account with few wagers is swept every five minutes."""

SWEEP_LAG: Final = 10 * SECOND
"""The longest expected lag of the exchange's history."""

EDGE: Final = HOUR
"""The length of the oldest part of a sweep (a read of all open wagers). Because clocks differ, a wager that was sent in
this part may be missing in the sweep. So its absence is ignored."""

SWEEP_PATIENCE: Final = 30 * SECOND
"""The longest time for which a page of a sweep (a background read of all open wagers) waits for more urgent requests.
After this time, the page takes precedence over quotes."""


class Sweep:
    """Reads all open wagers, one page at a time, when the engine has nothing else to send."""

    def __init__(self, shared: Shared, effects: AppliesReports, life: OrderOfLife, audit: Audit) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._life: Final = life
        self._audit: Final = audit
        self._pager: Final = HistoryPager(shared.clock, shared.pacer, shared.request_id, shared.note_endless)
        self._begin_at: Instant = 0
        self._began_at: Instant = 0
        self._shown: dict[str, None] = {}
        """The exchange's ids of the wagers that the present sweep (a read of all open wagers) has shown so far."""
        self._pages = 0
        """The number of pages that the present sweep (a read of all open wagers) has taken so far."""

    # --- requests -------------------------------------------------------------------------------------------------

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the next page of open wagers is due. While the daemon does not quote, and until
        the first round of the audit is complete, the result is ``NEVER``."""
        if self._life.step is not Step.READY or self._audit.completed_at is None:
            return NEVER
        if not self._pager.idle:
            return self._pager.due_at(now)
        return self._begin_at if self._begin_at > now else self._pager.ready_at(now)

    def next(self, now: Instant) -> Request | None:
        """Return the next read if it has waited so long that it takes precedence over quotes. Otherwise return None."""
        return self.when_idle(now) if self.due_at(now) + SWEEP_PATIENCE <= now else None

    def when_idle(self, now: Instant) -> Request | None:
        """Return the next read if one is due. Otherwise return None."""
        if now < self.due_at(now):
            return None
        if self._pager.idle:
            self._began_at = now
            self._pager.ask(*[Query(Status.OPEN.value, ranges_ago=ago) for ago in range(MOST_RANGES)])
        request = self._pager.next(now)
        if request is not None:
            self._shared.send(self, request, now)
        return request

    # --- answers --------------------------------------------------------------------------------------------------

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take a page of the history. After the final page, have the audit examine each wager that the pages should
        have shown and did not."""
        if isinstance(answer, HistoryRead):
            self._pages += 1
            for report in answer.wagers:
                self._shown[report.wager_id] = None
                self._audit.compare(report, sent_at, now)
            for unread in answer.unread:
                self._shown[unread.wager_id] = None
                self._effects.take_unread(unread, sent_at, now)
            if self._pager.came(answer):
                self._pager.take(answer, self._began_at - SWEEP_LAG, now)
                if self._pager.idle:
                    self._finish(now)
            self._effects.take_positions(now)
        elif isinstance(answer, Failed) and isinstance(request, ReadHistory):
            self._pager.failed(answer, now)

    def _finish(self, now: Instant) -> None:
        lacking = [wager for wager in self._shared.ledger.wagers() if self._lacks(wager)]
        for wager in lacking[:MOST_LOOKUPS]:
            self._audit.doubt(wager, Cause.NOT_SHOWN, now)
        for wager in lacking[MOST_LOOKUPS:]:
            self._audit.unconfirmed[wager.wager_id or ""] = now
        self._shown = {}
        self._begin_at = now + min(SWEEP_EVERY, self._pages * SWEEP_PAGE)
        self._pages = 0

    def _lacks(self, wager: Wager) -> bool:
        """Return true if a wager has matches and no result, and the sweep (a read of all open wagers) should have shown
        the wager but did not."""
        return (
            wager.booked is None
            and wager.matched > 0
            and wager.wager_id not in self._shown
            and not wager.uncounted
            and self._began_at - MOST_RANGES * CREATED_RANGE + EDGE < wager.sent_at < self._began_at - SWEEP_LAG
            and wager.heard_at < self._began_at - SWEEP_LAG
        )
