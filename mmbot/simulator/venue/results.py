"""What ends a market: its result, a result by hand, or that it is void. Each wager is told, then paid."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from mmbot.domain.catalogue import MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.wager import Status, Winning
from mmbot.simulator.venue import settlement
from mmbot.simulator.venue.agenda import Agenda
from mmbot.simulator.venue.board import FINISHED, Board
from mmbot.simulator.venue.matching import Floor
from mmbot.simulator.venue.order_intake import Desk
from mmbot.simulator.venue.records import VenueError, VenueSettings
from mmbot.simulator.venue.settlement import Result

_CONCLUDED: Final = ("settled", "void")


class Results:
    """Carries results out. Its caller moves time."""

    def __init__(self, settings: VenueSettings, board: Board, floor: Floor, desk: Desk, agenda: Agenda) -> None:
        self._payout = settings.payout_ns
        self._commission = Decimal(settings.commission)
        self._board = board
        self._floor = floor
        self._desk = desk
        self._agenda = agenda
        self._fees: dict[MarketKey, dict[str, Cents]] = {}

    def concluded(self, market: MarketKey) -> bool:
        """Whether the market has its result. Raises KeyError for an unknown market."""
        return self._board.markets[market].status in _CONCLUDED

    def require_open(self, market: MarketKey) -> None:
        """Raises VenueError for a market that has its result, KeyError for an unknown one."""
        if self.concluded(market):
            raise VenueError("event_not_available", "the market has a result already")

    def settle(self, market: MarketKey, winner: Result, now: Instant) -> None:
        """An automatic result: winners are paid and closed later. Raises VenueError for a market that has a result."""
        self.require_open(market)
        self._desk.wipe(market, Status.WIPED, now)
        for order in self._floor.matched.get(market, {}).values():
            order.winning, order.status = settlement.automatic(order.side, settlement.winner(winner, order.line))
            self._floor.tell(order, now)
        self._agenda.add(now + self._payout, lambda at: self._pay(market, at))
        self._conclude(market, "settled", now)

    def correct(self, market: MarketKey, winner: Result, now: Instant) -> None:
        """A result by hand, first or correcting an earlier one; the money moves at once."""
        self._desk.wipe(market, Status.WIPED, now)
        for order in self._floor.matched.get(market, {}).values():
            order.winning, order.status = settlement.manual(order.side, settlement.winner(winner, order.line))
            self._floor.tell(order, now)
        self._pay(market, now)
        self._conclude(market, "settled", now)

    def void(self, market: MarketKey, now: Instant) -> None:
        """Every wager of the market is void, matched or not, and all stakes go back at once."""
        self._desk.wipe(market, Status.VOID, now)
        for order in self._floor.matched.get(market, {}).values():
            order.winning, order.status = Winning.NO_RESULT, Status.VOID
            self._floor.tell(order, now)
        self._pay(market, now)
        self._conclude(market, "void", now)

    def _pay(self, market: MarketKey, now: Instant) -> None:
        orders = self._floor.matched.get(market, {}).values()
        settlement.pay(market, orders, self._fees.setdefault(market, {}), self._commission, now)
        for order in orders:
            if order.status is Status.SETTLED:
                order.status = Status.CLOSED
                self._floor.tell(order, now)

    def _conclude(self, market: MarketKey, status: str, now: Instant) -> None:
        self._board.set_market_status(market, status, now)
        event = self._board.events[market.event]
        if event.status != FINISHED and all(self.concluded(key) for key in self._board.markets_of[market.event]):
            self._board.update_event(msgspec.structs.replace(event, status=FINISHED), now)
