"""The open wagers of one line, sorted by price and by time. The book that takers see is made from these wagers
(docs/protocol.md 7.1 to 7.3)."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, negate, per_hundred
from mmbot.simulator.venue.accounts.order import Order
from mmbot.simulator.venue.match_arithmetic import takeable
from mmbot.simulator.venue.records import ShownBook, ShownLevel

SHOWN_LEVELS: Final = 10


class PriceLevel:
    """The orders at one price, in the order of their arrival, with the sums that takers see."""

    __slots__ = ("odds", "orders", "stake", "updated_at", "value")

    def __init__(self, odds: Odds) -> None:
        self.odds = odds
        self.orders: dict[int, Order] = {}
        self.value: Cents = 0
        self.stake: Cents = 0
        self.updated_at: Instant = 0


class LineBook:
    """The open orders of a line, on both outcomes. A taker backs the outcome opposite to an order. So the order with
    the shortest odds gives a taker the best price."""

    __slots__ = ("_levels", "_ranks", "_shown", "key", "updated_at")

    def __init__(self, key: LineKey) -> None:
        self.key = key
        self.updated_at: Instant = 0
        self._levels: tuple[dict[Odds, PriceLevel], dict[Odds, PriceLevel]] = ({}, {})
        self._ranks: tuple[list[tuple[float, Odds]], list[tuple[float, Odds]]] = ([], [])
        self._shown: list[tuple[ShownLevel, ...] | None] = [(), ()]
        """The price levels that takers see, made from the orders on each outcome. None if the orders have changed since
        the levels were computed."""

    def add(self, order: Order, now: Instant) -> None:
        """Add an order to the queue at its price, behind all other orders."""
        self._shown[order.side] = None
        level = self._levels[order.side].get(order.odds)
        if level is None:
            level = self._levels[order.side][order.odds] = PriceLevel(order.odds)
            insort(self._ranks[order.side], (per_hundred(order.odds), order.odds))
        if not order.account.wallet.unlimited:
            order.queue_ahead = sum(
                other.shown_value for other in level.orders.values() if other.account.wallet.unlimited
            )
        order.shown_value = takeable(order.remaining, order.odds)
        level.orders[order.number] = order
        level.value += order.shown_value
        level.stake += order.stake
        level.updated_at = self.updated_at = now

    def remove(self, order: Order, now: Instant) -> bool:
        """Remove an order from the book. This method has to be called before the order's stake changes. Returns False
        if the order is not in the book."""
        level = self._levels[order.side].get(order.odds)
        if level is None or level.orders.pop(order.number, None) is None:
            return False
        self._shown[order.side] = None
        level.value -= order.shown_value
        level.stake -= order.stake
        level.updated_at = self.updated_at = now
        if not level.orders:
            del self._levels[order.side][order.odds]
            ranks = self._ranks[order.side]
            del ranks[bisect_left(ranks, (per_hundred(order.odds), order.odds))]
        return True

    def reduced(self, order: Order, now: Instant) -> None:
        """Update the price level of an order that was partly matched and stays open. The level's ``value`` falls. Its
        ``stake`` does not change."""
        self._shown[order.side] = None
        level = self._levels[order.side][order.odds]
        value = takeable(order.remaining, order.odds)
        level.value += value - order.shown_value
        order.shown_value = value
        level.updated_at = self.updated_at = now

    def best(self, side: Side) -> PriceLevel | None:
        """Return the best price level on ``side``. A taker of the opposite outcome would match this level first. None
        if nobody has an order on ``side``."""
        ranks = self._ranks[side]
        return self._levels[side][ranks[0][1]] if ranks else None

    def level(self, side: Side, odds: Odds) -> PriceLevel | None:
        """Return the price level on ``side`` at these odds. None if nobody has an order there."""
        return self._levels[side].get(odds)

    def resting(self, side: Side) -> list[Order]:
        """Return all open orders on ``side``, sorted by price. Orders at the same price are sorted by time."""
        levels = self._levels[side]
        return [order for _, odds in self._ranks[side] for order in levels[odds].orders.values()]

    def prices(self, side: Side) -> list[Odds]:
        """Return the odds of the open orders on ``side``. The best odds for takers come first."""
        return [odds for _, odds in self._ranks[side]]

    def shown(self) -> ShownBook:
        """Return the public book of the line."""
        return ShownBook(self.key, (self._seen(1), self._seen(0)), self.updated_at)

    def _seen(self, makers: Side) -> tuple[ShownLevel, ...]:
        shown = self._shown[makers]
        if shown is not None:
            return shown
        seen: list[ShownLevel] = []
        levels = self._levels[makers]
        for _, odds in self._ranks[makers]:
            level = levels[odds]
            if level.value > 0:
                seen.append(ShownLevel(negate(odds), level.value, level.stake, level.updated_at))
                if len(seen) == SHOWN_LEVELS:
                    break
        shown = self._shown[makers] = tuple(seen)
        return shown
