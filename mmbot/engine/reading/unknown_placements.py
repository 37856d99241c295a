"""Finds out what became of placements of unknown outcome. For such a placement, it is unknown whether the exchange
accepted the wager.

Such a placement counts as an open wager until the exchange's history shows what happened. If the history is complete
beyond the instant at which mmbot gave up waiting for the answer, and lacks the wager, the wager was never placed.
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import NEVER, SECOND, Instant
from mmbot.engine.events import Answer, Failed, HistoryRead
from mmbot.engine.orders import Severity
from mmbot.engine.owners import AppliesReports
from mmbot.engine.reading.history import HistoryPager, Query
from mmbot.engine.requests import ReadHistory, Request
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Changes
from mmbot.engine.wagers.wager import Wager

MOST_SEARCH_RANGES: Final = 8
"""The greatest number of history ranges that are read for one placement of unknown outcome. Each range has the length
``CREATED_RANGE``. An older placement stays unknown, and an alert reports it."""


class UnknownPlacements:
    """Searches the history for placements of unknown outcome. The search is needed because the exchange cannot look up
    a wager by its ``external_id`` (docs/protocol.md 6.5)."""

    def __init__(self, shared: Shared, effects: AppliesReports) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._history: Final = HistoryPager(shared.clock, shared.pacer, shared.request_id, shared.note_endless)
        self._given_up: dict[str, Instant] = {}
        self._asked: dict[str, None] = {}
        """The placements whose outcome the present read of the history should show."""
        self._not_before: Instant = 0

    def note(self, external_id: str, now: Instant) -> None:
        """Record that mmbot gave up waiting for a readable answer to a placement."""
        self._given_up.setdefault(external_id, now)

    def next(self, now: Instant) -> ReadHistory | None:
        """Return the request for the next page if the page may be read now. Otherwise return None."""
        if not self._given_up or now < self._not_before or now < self._history.ready_at(now):
            return None
        if self._history.idle:
            self._start(now)
        request = self._history.next(now)
        if request is not None:
            self._shared.send(self, request, now)
        return request

    def _start(self, now: Instant) -> None:
        """Start to read everything that was placed since the oldest placement of unknown outcome. The time ranges are
        read one after another."""
        ledger = self._shared.ledger
        self._asked = {}
        sent = []
        for external_id in list(self._given_up):
            wager = ledger.get(external_id)
            if wager is None or wager.wager_id is not None or not wager.remaining:
                del self._given_up[external_id]
            elif self._history.ranges_since(wager.sent_at, now) > MOST_SEARCH_RANGES:
                del self._given_up[external_id]
                self._out_of_reach(wager)
            else:
                self._asked[external_id] = None
                sent.append(wager.sent_at)
        if sent:  # the oldest may be from an earlier run, before this machine's clock went wrong
            since = min(sent)
            ranges = range(self._history.ranges_since(since, now))
            self._history.ask(*[Query(created_since=since, ranges_ago=ago) for ago in ranges])

    def _out_of_reach(self, wager: Wager) -> None:
        """Report a placement that is too old for the history. Its full stake still counts, because nothing proves that
        the wager was never placed. The proof that no wager is open does not wait for this placement, because its sport
        event must have ended long ago."""
        self._shared.out_of_reach[wager.external_id] = None
        self._shared.outbox.alert(
            Severity.ERROR, "wager.out_of_reach", external_id=wager.external_id, stake_cents=wager.stake
        )

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the next page is due. The result is ``NEVER`` if nothing has to be read."""
        if not self._given_up or self._history.under_way:
            return NEVER
        return max(self._not_before, self._history.ready_at(now))

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Apply a page of the history. If the read failed, read again from the first page."""
        if isinstance(answer, HistoryRead):
            self._effects.take_page(answer, sent_at, now)
            if any(not unread.named for unread in answer.unread) and self._history.came(answer):
                self._history.drop()  # one of them may be the placement, so nothing proves that it is absent
                self._not_before = now + SECOND
            if self._history.came(answer) and self._history.turn(answer, now) and not self._history.next_query():
                self._effects.apply(self._absent(now), now)
                self._history.drop()
                self._not_before = now + SECOND
            self._effects.take_positions(now)
        elif isinstance(answer, Failed):
            self._history.failed(answer, now)
            self._history.drop()

    def _absent(self, now: Instant) -> Changes:
        """End the search for the placements whose outcome the read has shown. If a complete history lacks a placement,
        record that the wager was never placed."""
        ledger = self._shared.ledger
        changes: Changes = ()
        for external_id in self._asked:
            given_up = self._given_up.get(external_id)
            wager = ledger.get(external_id)
            if given_up is None or wager is None or wager.wager_id is not None or not wager.remaining:
                self._given_up.pop(external_id, None)
            elif self._history.holds_all(given_up):
                del self._given_up[external_id]
                changes += ledger.absent(external_id, now)
                self._shared.outbox.alert(Severity.INFO, "wager.absent", external_id=external_id)
        return changes
