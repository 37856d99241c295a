"""Judges the guards (reasons not to quote) of a sport event that depend on its status and its start: ``unlisted``,
``live`` and ``start``."""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import SportEvent
from mmbot.domain.instant import NEVER, Instant, in_seconds
from mmbot.engine.books.catalogue import TRADEABLE, UNLISTED
from mmbot.engine.state.shared import Shared


class SportEventGuards:
    """Holds and lifts the guards (reasons not to quote) of sport events."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared

    def judge(self, sport_event: SportEvent, now: Instant) -> tuple[Instant, bool]:
        """Hold and lift the guards (reasons not to quote) of a sport event.

        Returns two values. The first value is the instant until which the guards stay the same, if the sport event does
        not change. The second value is true if the books of the sport event are out of date, because it has just been
        listed again or is no longer in play.
        """
        shared = self._shared
        key = sport_event.sport_event_id
        closed = shared.guards.holds("unlisted", key) or shared.guards.holds("live", key)
        unlisted = sport_event.status == UNLISTED
        live = not unlisted and sport_event.status not in TRADEABLE
        shared.judge("unlisted", key, "taken off the list" if unlisted else None, now)
        shared.judge("live", key, f"status {sport_event.status}" if live else None, now)
        tournaments = shared.catalogue.tournaments_of(key)
        several = " and ".join(str(one) for one in tournaments) if len(tournaments) > 1 else ""
        shared.judge("two_tournaments", key, f"tournaments {several} list it" if several else None, now)
        reason = None
        until = NEVER
        if sport_event.scheduled is None:
            reason = "no known start"
        else:
            near = shared.on_clock(sport_event.scheduled) - shared.settings.stop_before_start
            if near <= now:
                reason = f"within {in_seconds(shared.settings.stop_before_start):g} s of its start, or past it"
            else:
                until = near
        shared.judge("start", key, reason, now)
        return until, closed and not unlisted and not live
