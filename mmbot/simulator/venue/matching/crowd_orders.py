"""The orders of the crowd. They open immediately, without waiting in a queue."""

from __future__ import annotations

from collections.abc import Callable

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, negate
from mmbot.domain.wager import Status
from mmbot.simulator.venue.accounts.order import Account, Order
from mmbot.simulator.venue.board.board import Board
from mmbot.simulator.venue.match_arithmetic import takeable
from mmbot.simulator.venue.matching.matching_engine import MatchingEngine
from mmbot.simulator.venue.matching.order_intake import OrderIntake


class CrowdOrders:
    """Lets the crowd's accounts trade on the lines that trade now.

    Args:
        account_of: a function that returns the account with a given id.
        advance: a function that carries out everything that is due at or before a given time. It is called before each
            operation.
        complete: a function that is called after each operation.
    """

    def __init__(
        self,
        board: Board,
        matching_engine: MatchingEngine,
        order_intake: OrderIntake,
        account_of: Callable[[str], Account],
        advance: Callable[[Instant], None],
        complete: Callable[[Instant], None],
    ) -> None:
        self._board = board
        self._matching_engine = matching_engine
        self._order_intake = order_intake
        self._account_of = account_of
        self._advance = advance
        self._complete = complete

    def enter(
        self, account: str, line: LineKey, side: Side, odds: Odds, stake: Cents, now: Instant, *, rest: bool = True
    ) -> Order | None:
        """Enter an order. It first matches the open orders that it crosses. If ``rest`` is true, the unmatched part
        stays open. If ``rest`` is false, the unmatched part is cancelled.

        Returns the order, or None if the line does not trade now. The caller needs the order for ``withdraw``.
        """
        self._advance(now)
        order: Order | None = None
        owner = self._crowd_account(account)
        if self._board.tradeable(line) and takeable(stake, odds) > 0:
            order = self._order_intake.at_once(owner, line, side, odds, stake, now)
            self._matching_engine.enter(order, self._board.books[line], now, rest=rest)
        self._complete(now)
        return order

    def withdraw(self, order: Order, now: Instant) -> None:
        """Cancel the unmatched part of an order of the crowd."""
        self._advance(now)
        self._end(order, now)
        self._complete(now)

    def take(self, account: str, maker: Order, stake: Cents, now: Instant) -> Cents:
        """Let a taker match one open order for at most ``stake`` cents, at the odds of this order. Returns the taker's
        matched stake in cents."""
        self._advance(now)
        taken: Cents = 0
        owner = self._crowd_account(account)
        if maker.live and maker.status is Status.OPEN and self._board.tradeable(maker.line):
            taker = self._order_intake.at_once(owner, maker.line, 1 - maker.side, negate(maker.odds), stake, now)
            taken = self._matching_engine.execute(taker, maker, self._board.books[maker.line], stake, now)
            if not taken and self._matching_engine.unfunded(maker):
                self._end(maker, now)
        self._complete(now)
        return taken

    def _end(self, order: Order, now: Instant) -> None:
        if order.live:
            self._matching_engine.end(order, self._board.books[order.line], Status.CANCELED, now)

    def _crowd_account(self, account: str) -> Account:
        owner = self._account_of(account)
        if not owner.wallet.unlimited:
            raise ValueError(f"{owner.name} is not an account of the crowd")
        return owner
