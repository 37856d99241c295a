"""Reads of single wagers: look-ups by id, and the odds of their matches."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import SECOND, Instant
from mmbot.domain.wager_states import State
from mmbot.engine.events import Answer, Failed, MatchesRead, WagerRead
from mmbot.engine.orders import Severity
from mmbot.engine.owners import AppliesReports, HearsOfWagers, Reconnects
from mmbot.engine.requests import ReadMatches, ReadWager, Request
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import NEVER

DETAILS: Final = 100
"""The most wagers in one read of matches (docs/protocol.md 4.1)."""

DETAILS_AGAIN: Final = 5 * SECOND
"""The wait before matches are read again, if their odds were not all in the answer."""


class WagerLookups:
    """Looks up the wagers in ``Shared.lookups``, with one request each."""

    def __init__(self, shared: Shared, effects: AppliesReports, life: HearsOfWagers, feed: Reconnects) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._life: Final = life
        self._feed: Final = feed
        self._not_before: Instant = 0

    def _next_id(self) -> str | None:
        """Return the first wager to look up that has no look-up in flight."""
        shared = self._shared
        if not shared.lookups:
            return None
        asked = {sent.request.wager_id for sent in shared.in_flight.values() if isinstance(sent.request, ReadWager)}
        for wager_id in shared.lookups:
            if wager_id not in asked:
                return wager_id
        return None

    def next(self, now: Instant) -> Request | None:
        """Return the next look-up, if it may be sent now."""
        if now < self._not_before or (wager_id := self._next_id()) is None:
            return None
        request = ReadWager(self._shared.request_id(), wager_id)
        self._shared.send(self, request, now)
        return request

    def due_at(self, now: Instant) -> Instant:
        """Return when the next look-up is due; ``NEVER`` if there is nothing to look up."""
        return NEVER if self._next_id() is None else self._not_before

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Apply the exchange's report on a wager; after a failure, ask again later."""
        if not isinstance(request, ReadWager):
            return
        if isinstance(answer, Failed):
            self._not_before = max(now + SECOND, answer.retry_at or 0)
        elif isinstance(answer, WagerRead):
            self._on_wager(request.wager_id, sent_at, answer, now)

    def _on_wager(self, wager_id: str, sent_at: Instant, answer: WagerRead, now: Instant) -> None:
        shared = self._shared
        why = shared.lookups.pop(wager_id, "")
        if answer.report is None:
            shared.outbox.alert(Severity.ERROR, "wager.not_found", wager_id=wager_id, why=why)
            return
        self._life.saw((answer.report,))
        wager = shared.ledger.by_id(wager_id)
        was_inactive = wager is not None and wager.state is State.INACTIVE
        self._effects.take_report(answer.report, sent_at, now)
        if was_inactive and wager is not None and wager.state is not State.INACTIVE and why == "not activated":
            self._feed.reconnect("an activation was not reported", now)


class MatchingDetails:
    """Reads the matches of the wagers in ``Shared.details``, up to 100 in one request."""

    def __init__(self, shared: Shared, effects: AppliesReports) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._not_before: Instant = 0

    def next(self, now: Instant) -> Request | None:
        """Return the next read, if it may be sent now."""
        shared = self._shared
        if not shared.details or now < self._not_before:
            return None
        self._not_before = now + SECOND
        wagers = tuple(list(shared.details)[:DETAILS])
        for wager_id in wagers:
            del shared.details[wager_id]
        request = ReadMatches(shared.request_id(), wagers)
        shared.send(self, request, now)
        return request

    def due_at(self, now: Instant) -> Instant:
        """Return when the next read is due; ``NEVER`` if there is nothing to read."""
        return self._not_before if self._shared.details else NEVER

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Apply the matches. Read again wagers whose matches are incomplete."""
        if not isinstance(request, ReadMatches):
            return
        shared = self._shared
        if isinstance(answer, Failed):
            for wager_id in request.wager_ids:
                shared.details[wager_id] = None
        elif isinstance(answer, MatchesRead):
            for wager_id in request.wager_ids:
                matches = [match for match in answer.matches if match.wager_id == wager_id]
                if matches:
                    self._effects.apply(shared.ledger.detail(wager_id, matches), now)
                wager = shared.ledger.by_id(wager_id)
                if wager is not None and wager.win_estimated:  # the detail lags behind: ask again
                    shared.details[wager_id] = None
                    self._not_before = max(self._not_before, now + DETAILS_AGAIN)
