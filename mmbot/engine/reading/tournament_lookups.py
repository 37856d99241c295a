"""Looks up the tournaments of sport events that are not in the catalogue. For example, a person may have placed a wager
by hand on a sport event that no quoting rule matches."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import NEVER, SECOND, Duration, Instant
from mmbot.engine.events import Answer, Failed, SportEventsRead
from mmbot.engine.owners import AppliesReports
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.requests import SPORT_EVENTS_A_READ, ReadSportEventsById, Request
from mmbot.engine.state.shared import Shared

FIRST_WAIT: Final = 30 * SECOND
"""If the exchange's answer lacks a sport event, the sport event is looked up again after this wait. The wait doubles
each time, up to ``guards.reconcile_s``."""

TOURNAMENT_RETRY: Final = SECOND
"""The wait after a failed look-up of a sport event before the next look-up."""


class TournamentLookups:
    """Looks up the sport events whose tournament is not known (``Exposure.unplaced``) by their ids. Until the
    tournament of a sport event is known, the sport event counts in the limits of every tournament."""

    def __init__(self, shared: Shared, effects: AppliesReports, board: BoardReader) -> None:
        """The look-ups wait until ``board`` has read the lists of sport events."""
        self._board: Final = board
        self._shared: Final = shared
        self._effects: Final = effects
        self._waits: dict[int, tuple[Instant, Duration]] = {}
        """For each sport event that was looked up, the instant of its next look-up and the wait before this look-up."""

    def _next_at(self) -> Instant:
        waits = self._waits
        return min(
            [waits[sport_event][0] if sport_event in waits else 0 for sport_event in self._shared.exposure.unplaced]
        )

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the next look-up is due. The result is ``NEVER`` if there is nothing to look
        up."""
        shared = self._shared
        if not shared.exposure.unplaced or not shared.coverage.up or not self._board.idle:
            return NEVER
        if shared.waits_for_answer(self):
            return NEVER
        return max(self._next_at(), shared.pacer.ready_at("sport_events", now))

    def next(self, now: Instant) -> Request | None:
        """Return the next look-up if it may be sent now. Otherwise return None."""
        if self.due_at(now) > now:
            return None
        shared = self._shared
        due = [
            sport_event for sport_event in shared.exposure.unplaced if self._waits.get(sport_event, (0, 0))[0] <= now
        ]
        shared.pacer.take("sport_events", now)
        request = ReadSportEventsById(shared.request_id(), tuple(due[:SPORT_EVENTS_A_READ]))
        shared.send(self, request, now)
        return request

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Count each sport event in the answer in its tournament. If the answer lacks a sport event, plan another
        look-up."""
        if not isinstance(request, ReadSportEventsById):
            return
        shared = self._shared
        if isinstance(answer, Failed):
            again = max(now + TOURNAMENT_RETRY, answer.retry_at or 0)
            for sport_event in request.sport_events:
                self._waits[sport_event] = (again, self._waits.get(sport_event, (0, FIRST_WAIT))[1])
            return
        if isinstance(answer, SportEventsRead):
            for found in answer.sport_events:
                if found.sport_event_id in shared.exposure.unplaced:
                    shared.catalogue.learn(found)
                    shared.exposure.place(found.sport_event_id, found.tournament_id)
                    shared.moves += 1
            for sport_event in request.sport_events:
                wait = min(self._waits.get(sport_event, (0, FIRST_WAIT))[1], shared.settings.reconcile)
                self._waits[sport_event] = (now + wait, 2 * wait)
            self._effects.sport_events_learned()
            self._effects.room_freed()
            self._waits = {
                sport_event: wait
                for sport_event, wait in self._waits.items()
                if sport_event in shared.exposure.unplaced
            }
