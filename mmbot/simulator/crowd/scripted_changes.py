"""Changes on the full board in the first fifteen minutes of a run, such as suspended markets and deposits.

The changes are the same in every run, so that you know what to expect. An impossible change is skipped. For example,
its sport event may have ended or may not be on the board.
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import Market, MarketKey
from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant
from mmbot.domain.odds import Ladder
from mmbot.simulator.crowd.fixtures import LATECOMERS
from mmbot.simulator.crowd.synthetic_crowd import FIRST_SPORT_EVENT, SyntheticCrowd
from mmbot.simulator.venue.board.board import ACTIVE, FINISHED
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.timers import TimedAction, Timers
from mmbot.simulator.venue.venue import Venue

BY_HAND: Final = "by-hand-1"
"""The ``external_id`` of the wager that the script places on the bot's account. The wager looks as if a person had
placed it by hand."""

_LONGER_BY: Final = 0.10
"""How far the price of the wager that the script places by hand is below the fair price, in probability. At such long
odds the wager stays open for a while."""


class ScriptedChanges:
    """Carries out the scripted changes on one exchange and one account."""

    def __init__(self, venue: Venue, crowd: SyntheticCrowd, account: str, start: Instant) -> None:
        self._venue = venue
        self._crowd = crowd
        self._account = account
        self._first_ladder = venue.ladder
        self._unlisted: int | None = None
        self._timers: Final = Timers()
        for after, action in self._script(start):
            self._timers.add(start + after, action)

    def next_due(self) -> Instant | None:
        """The time of the next change. None if no change is left."""
        return self._timers.next_due()

    @property
    def finished(self) -> bool:
        """True if every change was carried out or skipped."""
        return self._timers.next_due() is None

    def advance(self, now: Instant) -> None:
        """Carry out every change whose time is at or before ``now``."""
        while (item := self._timers.take(now)) is not None:
            at, action = item
            try:
                action(at)
            except (KeyError, VenueError):
                continue  # impossible now: not on this board, or changed by another action

    def _script(self, start: Instant) -> list[tuple[Duration, TimedAction]]:
        venue = self._venue
        return [
            (30 * SECOND, lambda now: venue.set_market_status(self._market(1, "total").key, "suspended", now)),
            (60 * SECOND, lambda now: venue.set_market_status(self._market(1, "total").key, ACTIVE, now)),
            (45 * SECOND, lambda now: venue.unlist_sport_event(FIRST_SPORT_EVENT + 3, now)),
            (90 * SECOND, lambda now: venue.list_sport_event(FIRST_SPORT_EVENT + 3, now)),
            (75 * SECOND, self._place_by_hand),
            (100 * SECOND, lambda now: venue.move_sport_event(FIRST_SPORT_EVENT + 2, start + 30 * MINUTE, now)),
            (120 * SECOND, lambda now: venue.deposit(self._account, 250_00, now)),
            (180 * SECOND, lambda now: venue.deposit(self._account, -100_00, now)),
            (125 * SECOND, lambda now: self._create(now, listed=True)),
            (135 * SECOND, lambda now: self._create(now, listed=False)),
            (210 * SECOND, self._list_unlisted),
            (150 * SECOND, self._coarsen_ladder),
            (300 * SECOND, lambda now: venue.set_ladder(self._first_ladder, now)),
            (200 * SECOND, lambda now: venue.postpone_sport_event(FIRST_SPORT_EVENT + 5, now)),
            (360 * SECOND, lambda now: venue.move_sport_event(FIRST_SPORT_EVENT + 5, now + 20 * MINUTE, now)),
            (240 * SECOND, lambda now: venue.postpone_sport_event(FIRST_SPORT_EVENT + 6, now)),
            (480 * SECOND, self._void),
            (720 * SECOND, self._correct),
        ]

    def _market(self, place: int, kind: str) -> Market:
        for market in self._venue.markets(FIRST_SPORT_EVENT + place) or ():
            if market.type == kind:
                return market
        raise KeyError(place)

    def _place_by_hand(self, now: Instant) -> None:
        line = self._market(1, "moneyline").lines[0]
        odds = Ladder(self._venue.ladder).at_most(self._crowd.fair(line.key) - _LONGER_BY)
        if odds is not None:
            self._venue.place(self._account, BY_HAND, line.outcomes[0].line_id, odds, 20_00, now)

    def _create(self, now: Instant, *, listed: bool) -> None:
        fixture = LATECOMERS[0 if listed else 1]
        sport_event = self._crowd.add(fixture, now + 25 * MINUTE, now, listed=listed)
        if not listed:
            self._unlisted = sport_event

    def _list_unlisted(self, now: Instant) -> None:
        if self._unlisted is not None:
            self._venue.list_sport_event(self._unlisted, now)

    def _coarsen_ladder(self, now: Instant) -> None:
        self._venue.set_ladder(tuple(odds for odds in self._first_ladder if odds % 5 == 0), now)

    def _void(self, now: Instant) -> None:
        for market in self._venue.markets(FIRST_SPORT_EVENT + 6) or ():
            if not self._venue.concluded(market.key):
                self._venue.void(market.key, now)

    def _correct(self, now: Instant) -> None:
        """Correct the result of the moneyline on the first sport event of the board, so that the other team wins."""
        key = MarketKey(FIRST_SPORT_EVENT, self._market(0, "moneyline").key.market)
        won = self._crowd.results.get(key)
        if self._venue.sport_event(FIRST_SPORT_EVENT).status == FINISHED and won in (0, 1):
            self._venue.correct(key, 1 - won, now)
