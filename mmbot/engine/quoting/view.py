"""Makes the view of a line for its strategy: the book without our own stake, the fair price, and the user's own
price."""

from __future__ import annotations

from typing import Final

from mmbot.domain.book import Book
from mmbot.domain.fair import fair_from
from mmbot.domain.instant import Instant
from mmbot.domain.position import Position
from mmbot.engine.account.profit import Profit
from mmbot.engine.quoting.given_prices import GivenPrice
from mmbot.engine.quoting.quoted_line import QuotedLine
from mmbot.engine.state.shared import Shared
from mmbot.strategy.interface import Given, LineView

NOTHING: Final = Position()
"""The position of a line on which no wager was ever placed. Code must not change this object, because many lines share
it."""


class Views:
    """Makes the view of a line: what the strategy sees of the line."""

    def __init__(self, shared: Shared, profit: Profit) -> None:
        self._shared: Final = shared
        self._profit: Final = profit

    def of(self, line: QuotedLine, price: GivenPrice | None, now: Instant) -> tuple[LineView, float | None]:
        """Return the present view of a line, and its fair probability. If the content has not changed, the view is the
        object ``line.seen`` itself. Also update the fair price at which the position of the line is valued."""
        shared, key, state, before = self._shared, line.key, line.book, line.seen
        book = state.net if state.net is not None else shared.books.net(state, line.live.values())
        depth = line.depth
        if depth is not None:
            under_0, under_1 = book.sides
            book = Book((under_0[:depth], under_1[:depth]))
        first, second = shared.ledger.positions.get(key, NOTHING).profit
        if before is not None and _same_best(before.book, book):
            fair = before.fair
            if price is None and before.given is None and before.profit == (first, second) and before.book == book:
                return before, line.fair
        else:
            fair = fair_from(book, shared.settings.max_bid_ask_spread)
        given = None
        probability = None if fair is None else fair.probability
        if price is not None:
            probability = price.probability
            given = Given(probability, now - price.at)
        if probability is not None and (before is None or probability != line.fair):
            self._profit.fair(key, probability)
        return LineView(line.line, line.market, book, fair, given, (first, second)), probability


def _same_best(one: Book, other: Book) -> bool:
    (one_0, one_1), (other_0, other_1) = one.sides, other.sides
    if one_0 and one_1 and other_0 and other_1:
        return one_0[0] == other_0[0] and one_1[0] == other_1[0]
    return one_0[:1] == other_0[:1] and one_1[:1] == other_1[:1]
