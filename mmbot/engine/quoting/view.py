"""A line as its strategy sees it: the book without our own stake, the fair price, the user's own; and what guards
it."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from mmbot.domain.book import Book
from mmbot.domain.catalogue import Line, LineKey
from mmbot.domain.fair import fair_from
from mmbot.domain.instant import Instant
from mmbot.domain.position import Position
from mmbot.engine.account.profit import Profit
from mmbot.engine.books.books import BookState
from mmbot.engine.quoting.quoted_line import Slot
from mmbot.engine.risk.guards import NOT_TWO
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.strategy.interface import Given, LineView

NOTHING: Final = Position()
"""The position of a line on which nothing was ever placed. Never written to."""

EARLY: Final = 10_000
"""Prices of outcomes that are not on the board which are kept at most."""

_LINE_GUARDS: Final = ("inactive", "outcomes", "book_unread", "book_age", "reconciliation", "price_age")


class Views:
    """Makes the views of lines, and judges the guards of each line on the way."""

    def __init__(self, shared: Shared, profit: Profit) -> None:
        self._shared: Final = shared
        self._profit: Final = profit
        self._prices: Final[dict[LineKey, tuple[float, Instant]]] = {}
        self._early: Final[dict[str, tuple[float, Instant]]] = {}

    # --- the user's own prices --------------------------------------------------------------------------------------

    def price_given(self, line: LineKey, probability: float, at: Instant) -> bool:
        """The user's own price of outcome 0. False for one that is older than what is known: it changes nothing."""
        known = self._prices.get(line)
        if known is not None and known[1] > at:
            return False
        self._prices[line] = (probability, at)
        self._shared.timers.set(Due.LINE, line, at + self._shared.settings.price_age)
        return True

    def price_early(self, line_id: str, probability: float, at: Instant) -> None:
        """The user's own price of an outcome that is not on the board yet: kept until it is, the newest ones."""
        self._early.pop(line_id, None)
        self._early[line_id] = (probability, at)
        if len(self._early) > EARLY:
            del self._early[next(iter(self._early))]

    def take_early(self, line: Line, now: Instant) -> None:
        """A line came on the board: prices of its outcomes that came before it count now."""
        if not self._early:
            return
        for side, outcome in enumerate(line.outcomes):
            early = self._early.pop(outcome.line_id, None) if outcome.line_id else None
            if early is not None:
                self.price_given(line.key, early[0] if side == 0 else 1.0 - early[0], min(early[1], now))

    def forget(self, events: Container[int]) -> None:
        """Drop the user's prices of events that are over."""
        for line in [line for line in self._prices if line.event in events]:
            del self._prices[line]

    def fair_of(self, line: LineKey, book: Book, now: Instant) -> float | None:
        """The fair probability of outcome 0 now: the user's own if there is one, otherwise that of a net book."""
        price = self._prices.get(line)
        if price is not None and price[1] + self._shared.settings.price_age > now:
            return price[0]
        fair = fair_from(book, self._shared.settings.max_gap)
        return None if fair is None else fair.probability

    # --- views ------------------------------------------------------------------------------------------------------

    def of(self, slot: Slot, now: Instant) -> LineView | None:
        """A line as its strategy sees it now; None while a guard of the line holds."""
        shared, settings = self._shared, self._shared.settings
        key, state = slot.key, slot.book
        price = self._prices.get(key) if self._prices else None
        aged = price is not None and price[1] + settings.price_age <= now
        guarded = key in shared.guards.held
        fresh_at = state.message_at if state.message_at > state.read_at else state.read_at
        stale_at = fresh_at + settings.book_age
        current = state.known and shared.coverage.is_current(key.event, state.generation)
        if guarded or aged or not slot.sound or not current or stale_at <= now or state.differed >= 2:
            reasons = self._reasons(slot, state, aged, now)
            for guard in _LINE_GUARDS:
                shared.judge(guard, key, reasons.get(guard), now)
            guarded = shared.guards.any(key)
            slot.restless = guarded or price is not None
            guarded = guarded and not shared.guards.only("off_fair", key)  # that clears by asking again
        else:
            slot.restless = price is not None
        if not current or not slot.sound:
            return None
        if stale_at > now and not now < slot.wakes_at <= stale_at:
            shared.timers.set(Due.LINE, key, stale_at)
            slot.wakes_at = stale_at
        if price is not None and not aged:
            shared.timers.set(Due.LINE, key, price[1] + settings.price_age)
        if slot.dirty or price is not None:
            self._make(slot, state, None if aged else price, now)
        return None if guarded else slot.view

    def value(self, slot: Slot, now: Instant) -> None:
        """Keep the fair price of a line that holds a position, though it may not be quoted: its mark follows it."""
        state = slot.book
        if not slot.dirty or not state.known or slot.key not in self._shared.ledger.positions:
            return
        price = self._prices.get(slot.key)
        if price is not None and price[1] + self._shared.settings.price_age <= now:
            price = None
        self._make(slot, state, price, now)

    def _make(self, slot: Slot, state: BookState, price: tuple[float, Instant] | None, now: Instant) -> None:
        shared, key, before = self._shared, slot.key, slot.view
        book = state.net if state.net is not None else shared.books.net(state, slot.live.values())
        depth = slot.depth
        if depth is not None:
            under_0, under_1 = book.sides
            book = Book((under_0[:depth], under_1[:depth]))
        first, second = shared.ledger.positions.get(key, NOTHING).profit
        slot.dirty = False
        same = before is not None and _same_best(before.book, book)
        if before is not None and same:
            fair = before.fair
            if price is None and before.given is None and before.profit == (first, second) and before.book == book:
                return  # nothing that is shown is another
        else:
            fair = fair_from(book, shared.settings.max_gap)
        if price is not None:
            given = Given(price[0], now - price[1])
            probability: float | None = price[0]
        else:
            given = None
            probability = None if fair is None else fair.probability
        if probability != slot.fair or before is None:
            slot.fair = probability
            if probability is not None:
                self._profit.fair(key, probability)
        slot.view = LineView(slot.line, slot.market, book, fair, given, (first, second))
        if same and slot.judged is before and price is None and slot.fair == slot.best[0]:
            slot.judged = slot.view  # the fair price and the best levels are all that targets follow from

    def _reasons(self, slot: Slot, state: BookState, aged: bool, now: Instant) -> dict[str, str]:
        """Why the line's own guards hold, by guard."""
        settings = self._shared.settings
        line = slot.line
        reasons: dict[str, str] = {}
        if line.status != "active" or slot.market.status != "active":
            reasons["inactive"] = f"market {slot.market.status}, line {line.status}"
        if not line.quotable:
            reasons["outcomes"] = NOT_TWO
        coverage, event = self._shared.coverage, slot.key.event
        if not state.known or not coverage.is_current(event, state.generation):
            covered = coverage.of(event).generation > 0
            reasons["book_unread"] = "not read since the last connect" if covered else "no connection brings its books"
            return reasons
        if state.fresh_at + settings.book_age <= now:
            reasons["book_age"] = "no message and no agreeing read"
        if state.doubtful:
            reasons["reconciliation"] = "differed in two reads running"
        if aged:
            reasons["price_age"] = "the user's price is too old"
        return reasons

    # --- the fat-finger guard ---------------------------------------------------------------------------------------

    def bounds(self, slot: Slot) -> tuple[float, float] | None:
        """The most that a wager on either outcome may imply: its fair probability now, or the last that was known, and
        ``guards.off_fair`` more. None where there was never one."""
        fair = slot.fair if slot.fair is not None else self._profit.last_fair(slot.key)
        if fair is None:
            return None
        slack = self._shared.settings.off_fair
        return fair + slack, 1.0 - fair + slack


def _same_best(one: Book, other: Book) -> bool:
    (one_0, one_1), (other_0, other_1) = one.sides, other.sides
    return one_0[:1] == other_0[:1] and one_1[:1] == other_1[:1]
