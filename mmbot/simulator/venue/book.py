"""Resting wagers of one line by price, then time, and how the exchange shows them (PROTOCOL 7.1 to 7.3)."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, negate, per_hundred
from mmbot.simulator.venue.match_arithmetic import takeable
from mmbot.simulator.venue.order import Order
from mmbot.simulator.venue.records import ShownBook, ShownLevel

SHOWN_LEVELS: Final = 10


class PriceLevel:
    """Orders at one price in the order of their arrival, with the sums that are shown."""

    __slots__ = ("odds", "orders", "stake", "updated_at", "value")

    def __init__(self, odds: Odds) -> None:
        self.odds = odds
        self.orders: dict[int, Order] = {}
        self.value: Cents = 0
        self.stake: Cents = 0
        self.updated_at: Instant = 0


class LineBook:
    """Both sides of a line. A side's shortest odds are the best for takers of the other outcome."""

    __slots__ = ("_levels", "_ranks", "key", "updated_at")

    def __init__(self, key: LineKey) -> None:
        self.key = key
        self.updated_at: Instant = 0
        self._levels: tuple[dict[Odds, PriceLevel], dict[Odds, PriceLevel]] = ({}, {})
        self._ranks: tuple[list[tuple[float, Odds]], list[tuple[float, Odds]]] = ([], [])

    def add(self, order: Order, now: Instant) -> None:
        """Rest an order behind all that is at its price."""
        level = self._levels[order.side].get(order.odds)
        if level is None:
            level = self._levels[order.side][order.odds] = PriceLevel(order.odds)
            insort(self._ranks[order.side], (per_hundred(order.odds), order.odds))
        if not order.account.wallet.unlimited:
            order.ahead = sum(other.shown for other in level.orders.values() if other.account.wallet.unlimited)
        order.shown = takeable(order.remaining, order.odds)
        level.orders[order.number] = order
        level.value += order.shown
        level.stake += order.stake
        level.updated_at = self.updated_at = now

    def remove(self, order: Order, now: Instant) -> bool:
        """Take an order away. ApiRequest it before its stake is changed. False if it does not rest here."""
        level = self._levels[order.side].get(order.odds)
        if level is None or level.orders.pop(order.number, None) is None:
            return False
        level.value -= order.shown
        level.stake -= order.stake
        level.updated_at = self.updated_at = now
        if not level.orders:
            del self._levels[order.side][order.odds]
            ranks = self._ranks[order.side]
            del ranks[bisect_left(ranks, (per_hundred(order.odds), order.odds))]
        return True

    def reduced(self, order: Order, now: Instant) -> None:
        """An order that goes on resting was matched in part: its value falls, its stake stays shown."""
        level = self._levels[order.side][order.odds]
        value = takeable(order.remaining, order.odds)
        level.value += value - order.shown
        order.shown = value
        level.updated_at = self.updated_at = now

    def best(self, side: Side) -> PriceLevel | None:
        """The level of orders on ``side`` that a taker of the other outcome meets first."""
        ranks = self._ranks[side]
        return self._levels[side][ranks[0][1]] if ranks else None

    def level(self, side: Side, odds: Odds) -> PriceLevel | None:
        """The orders on ``side`` at these odds."""
        return self._levels[side].get(odds)

    def resting(self, side: Side) -> list[Order]:
        """All orders on ``side``, price then time."""
        levels = self._levels[side]
        return [order for _, odds in self._ranks[side] for order in levels[odds].orders.values()]

    def prices(self, side: Side) -> list[Odds]:
        """The odds at which orders rest on ``side``, the best for takers first."""
        return [odds for _, odds in self._ranks[side]]

    def shown(self) -> ShownBook:
        """What everybody sees."""
        return ShownBook(self.key, (self._seen(1), self._seen(0)), self.updated_at)

    def _seen(self, makers: Side) -> tuple[ShownLevel, ...]:
        seen: list[ShownLevel] = []
        levels = self._levels[makers]
        for _, odds in self._ranks[makers]:
            level = levels[odds]
            if level.value > 0:
                seen.append(ShownLevel(negate(odds), level.value, level.stake, level.updated_at))
                if len(seen) == SHOWN_LEVELS:
                    break
        return tuple(seen)
