"""Where the crowd's orders come in: open at once, without a queue, and taken away by whoever holds them."""

from __future__ import annotations

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, negate
from mmbot.domain.wager import Status
from mmbot.simulator.venue.board import Board
from mmbot.simulator.venue.match_arithmetic import takeable
from mmbot.simulator.venue.matching_engine import MatchingEngine
from mmbot.simulator.venue.order import Account, Order
from mmbot.simulator.venue.order_intake import OrderIntake


class CrowdOrders:
    """Lets the crowd trade on what is traded now. Its caller moves time."""

    def __init__(self, board: Board, matching_engine: MatchingEngine, order_intake: OrderIntake) -> None:
        self._board = board
        self._matching_engine = matching_engine
        self._order_intake = order_intake

    def enter(
        self, crowd: Account, line: LineKey, side: Side, odds: Odds, stake: Cents, now: Instant, *, rest: bool
    ) -> Order | None:
        """An order that takes what it crosses, then rests (or not). None if the line is not traded now."""
        if not self._board.tradeable(line) or takeable(stake, odds) == 0:
            return None
        order = self._order_intake.at_once(_of_crowd(crowd), line, side, odds, stake, now)
        self._matching_engine.enter(order, self._board.books[line], now, rest=rest)
        return order

    def leave(self, order: Order, now: Instant) -> None:
        """Take what is left of an order off its book."""
        if order.live:
            self._matching_engine.end(order, self._board.books[order.line], Status.CANCELED, now)

    def strike(self, crowd: Account, maker: Order, stake: Cents, now: Instant) -> Cents:
        """A taker matches one resting order at its odds; returns what the taker staked, in cents."""
        if not maker.live or maker.status is not Status.OPEN or not self._board.tradeable(maker.line):
            return 0
        taker = self._order_intake.at_once(_of_crowd(crowd), maker.line, 1 - maker.side, negate(maker.odds), stake, now)
        spent = self._matching_engine.execute(taker, maker, self._board.books[maker.line], stake, now)
        if not spent and self._matching_engine.unfunded(maker):
            self.leave(maker, now)
        return spent


def _of_crowd(owner: Account) -> Account:
    if not owner.wallet.unlimited:
        raise ValueError(f"{owner.name} is no crowd account")
    return owner
