"""The settlement of a market. The cause is an automatic result, a result that staff enter, or a void."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from mmbot.domain.catalogue import MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.wager import Status, Winning
from mmbot.simulator.venue.board.board import FINISHED, Board
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.matching.matching_engine import MatchingEngine
from mmbot.simulator.venue.matching.order_intake import OrderIntake
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.venue.settlement import payouts
from mmbot.simulator.venue.settlement.payouts import Result
from mmbot.simulator.venue.timers import Timers

_CONCLUDED: Final = ("settled", "void")


class Settlement:
    """Settles markets. The caller advances the time."""

    def __init__(
        self,
        settings: VenueSettings,
        board: Board,
        matching_engine: MatchingEngine,
        order_intake: OrderIntake,
        timers: Timers,
    ) -> None:
        self._payout = settings.payout_ns
        self._commission = Decimal(settings.commission)
        self._rounding = settings.commission_rounding
        self._board = board
        self._matching_engine = matching_engine
        self._order_intake = order_intake
        self._timers = timers
        self._fees: dict[MarketKey, dict[str, Cents]] = {}

    def concluded(self, market: MarketKey) -> bool:
        """True if the market has its result. Raises KeyError if the market does not exist."""
        return self._board.markets[market].status in _CONCLUDED

    def require_open(self, market: MarketKey) -> None:
        """Raise VenueError if the market already has its result. Raises KeyError if the market does not exist."""
        if self.concluded(market):
            raise VenueError("event_not_available", "the market has a result already")

    def settle(self, market: MarketKey, winner: Result, now: Instant) -> None:
        """Apply an automatic result. The payment is made ``payout_ns`` later. Raises VenueError if the market already
        has a result."""
        self.require_open(market)
        self._order_intake.wipe(market, Status.WIPED, now)
        for order in self._matching_engine.matched.get(market, {}).values():
            order.winning, order.status = payouts.automatic(order.side, payouts.winner(winner, order.line))
            self._matching_engine.announce(order, now)
        self._timers.add(now + self._payout, lambda at: self._pay(market, at))
        self._conclude(market, "settled", now)

    def correct(self, market: MarketKey, winner: Result, now: Instant) -> None:
        """Apply a result that the exchange's staff enter. It can be the market's first result or a correction. The
        payment is immediate."""
        self._order_intake.wipe(market, Status.WIPED, now)
        for order in self._matching_engine.matched.get(market, {}).values():
            order.winning, order.status = payouts.manual(order.side, payouts.winner(winner, order.line))
            self._matching_engine.announce(order, now)
        self._pay(market, now)
        self._conclude(market, "settled", now)

    def void(self, market: MarketKey, now: Instant) -> None:
        """Void every wager of the market, both matched and unmatched. All stakes are given back immediately."""
        self._order_intake.wipe(market, Status.VOID, now)
        for order in self._matching_engine.matched.get(market, {}).values():
            order.winning, order.status = Winning.NO_RESULT, Status.VOID
            self._matching_engine.announce(order, now)
        self._pay(market, now)
        self._conclude(market, "void", now)

    def _pay(self, market: MarketKey, now: Instant) -> None:
        orders = self._matching_engine.matched.get(market, {}).values()
        payouts.pay(market, orders, self._fees.setdefault(market, {}), self._commission, self._rounding, now)
        for order in orders:
            if order.status is Status.SETTLED:
                order.status = Status.CLOSED
                self._matching_engine.announce(order, now)

    def _conclude(self, market: MarketKey, status: str, now: Instant) -> None:
        self._board.set_market_status(market, status, now)
        sport_event = self._board.sport_events[market.sport_event]
        if sport_event.status != FINISHED and all(
            self.concluded(key) for key in self._board.markets_of[market.sport_event]
        ):
            self._board.update_sport_event(msgspec.structs.replace(sport_event, status=FINISHED), now)
