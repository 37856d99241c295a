"""Placements of unknown outcome: they count as open until the history, complete past the moment they were given up,
shows them or does not."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.engine.events import Answer, Failed, HistoryRead
from mmbot.engine.owners import AppliesReports
from mmbot.engine.reading.history import CREATED_RANGE, LATER, end_of, note_clock
from mmbot.engine.requests import Level, ReadHistory, Request
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Changes

MARGIN: Final = MINUTE
"""How much earlier than the first such placement the history is read: the exchange's clock may be so much behind ours,
and a placement that its range leaves out would pass for absent."""


class UnknownPlacements:
    """Resolves unknown outcomes through the history; there is no look-up by ``external_id`` (PROTOCOL 6.5)."""

    def __init__(self, shared: Shared, effects: AppliesReports) -> None:
        self._shared = shared
        self._effects = effects
        self._given_up: dict[str, Instant] = {}
        self._asked: dict[str, None] = {}
        self._from: Instant = 0
        self._cursor = ""
        self._synced: Instant | None = LATER
        """The exchange's time up to which all pages of the read hold everything; None if one holds less."""
        self._until: Instant = 0
        """Where the range of the page that is under way ends."""
        self._under_way = False
        """Whether a page has been asked for and has not come."""
        self._not_before: Instant = 0

    def note(self, external_id: str, now: Instant) -> None:
        """A placement was given up without a readable answer."""
        self._given_up.setdefault(external_id, now)

    def next(self, now: Instant) -> ReadHistory | None:
        """The next page to read."""
        if self._under_way or not self._given_up or now < self._not_before:
            return None
        shared = self._shared
        if shared.pacer.ready_at("history", now) > now:
            return None
        if not self._cursor:
            self._asked = {}
            self._synced = LATER
            sent = []
            for external_id in list(self._given_up):
                wager = shared.ledger.get(external_id)
                if wager is None or wager.wager_id is not None or not wager.remaining:
                    del self._given_up[external_id]
                    continue
                self._asked[external_id] = None
                sent.append(wager.sent_at)
            if not self._asked:
                return None
            first = min(sent)  # if it is of an earlier run, its clock may have been right before ours was
            self._from = max(min(first, shared.schedule(first)) - MARGIN, shared.exchange_time(now) - CREATED_RANGE)
        shared.pacer.take("history", now)
        there = shared.exchange_time(now)
        request = ReadHistory(
            shared.request_id(), created_from=self._from, created_to=there + MINUTE, cursor=self._cursor
        )
        self._under_way = True
        self._until = end_of(request)
        shared.send(self, request, now)
        return request

    def wake_at(self, now: Instant) -> Instant | None:
        """When ``next`` may have something to send."""
        if self._under_way or not self._given_up:
            return None
        return max(self._not_before, self._shared.pacer.ready_at("history", now))

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Apply a page; after a failure, read from the start again."""
        self._under_way = False
        if isinstance(answer, Failed):
            self._cursor = ""
            self._not_before = max(now + SECOND, answer.retry_at or 0)
        elif isinstance(answer, HistoryRead):
            for report in answer.wagers:
                self._effects.said(report, sent_at, now)
            self._effects.apply(self._absent(answer, now), now)
            self._effects.take_touched(now)

    def _absent(self, answer: HistoryRead, now: Instant) -> Changes:
        """Go on after a page that was applied to the ledger. The last page of a read shows what is absent."""
        self._cursor = answer.next_cursor
        synced = answer.last_synced_at
        if synced is None or self._synced is None or not note_clock(synced, self._shared, now):
            self._synced = None  # one page that is not complete up to an instant spoils them all
        else:
            self._synced = min(self._synced, synced, self._until)
        if self._cursor:
            return ()
        shared = self._shared
        changes: Changes = ()
        for external_id in self._asked:
            given_up = self._given_up.get(external_id)
            wager = shared.ledger.get(external_id)
            if given_up is None or wager is None or wager.wager_id is not None or not wager.remaining:
                self._given_up.pop(external_id, None)
            elif self._synced is not None and self._synced > shared.exchange_time(given_up):
                del self._given_up[external_id]
                changes += shared.ledger.absent(external_id, now)
                shared.alert(Level.INFO, "wager.absent", external_id=external_id)
        self._not_before = now + SECOND
        return changes
