"""Reads the matches of wagers, to learn at which odds each part of a stake was matched."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import NEVER, SECOND, Instant
from mmbot.engine.events import Answer, Failed, MatchesRead
from mmbot.engine.owners import AppliesReports
from mmbot.engine.requests import ReadMatches, Request
from mmbot.engine.state.shared import Shared

DETAILS: Final = 100
"""The greatest number of wagers that one read of matches may ask for (docs/protocol.md 11)."""

DETAILS_AGAIN: Final = 5 * SECOND
"""The wait before the matches of wagers are read again, if an answer lacked the odds of some matches."""


class MatchingDetails:
    """Reads the matches of the wagers in ``Shared.details``, up to 100 wagers in one request. These are the wagers with
    matches whose odds are not known."""

    def __init__(self, shared: Shared, effects: AppliesReports) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._not_before: Instant = 0

    def next(self, now: Instant) -> Request | None:
        """Return the next read if it may be sent now. Otherwise return None."""
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
        """Return the instant at which the next read is due. The result is ``NEVER`` if there is nothing to read."""
        return self._not_before if self._shared.details else NEVER

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Apply the matches in an answer. If the answer does not hold all matches of a wager, read the wager's matches
        again later."""
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
                if wager is not None and wager.win_estimated:  # not all matches are in the answer yet: ask again
                    shared.details[wager_id] = None
                    self._not_before = max(self._not_before, now + DETAILS_AGAIN)
