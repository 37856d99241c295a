"""Quotes the best price of the other makers on both outcomes. If a position is held, both prices move so as to reduce
the position.

The best price of another maker on an outcome is shown to takers under the opposite outcome, at the negated odds. A
quote at that price neither improves the market nor takes liquidity.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mmbot.domain.money import DOLLAR
from mmbot.domain.odds import implied, negate
from mmbot.strategy.interface import Decision, EventView, LineView, NoQuote, Quote, Result, line_by_line


class JoinBestParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of this strategy under ``params:``. Probabilities are between 0 and 1. Amounts are in dollars."""

    size: Annotated[float, Meta(ge=1)] = 40.0
    """The payout (stake plus profit) of each quote, in dollars."""
    edge: Annotated[float, Meta(ge=0, lt=0.5)] = 0.004
    """The least distance of each price below the fair probability of its outcome."""
    skew: Annotated[float, Meta(ge=0, lt=0.5)] = 0.02
    """The amount by which our price on the outcome of the position falls at a full position (``inventory``), in
    probability."""
    inventory: Annotated[float, Meta(gt=0)] = 150.0
    """The size of a full position, in dollars. The position is the difference between the profits of the two outcomes.
    At a full position, the skew is largest."""


class JoinBest:
    """Quotes the best price of the other makers, or a lower price. Each price is at least ``edge`` below the fair
    probability of its outcome."""

    Params = JoinBestParams
    book_depth = 1

    def __init__(self, params: JoinBestParams) -> None:
        self.params = params

    def quote(self, view: EventView, state: Any) -> Result:
        """Decide each line separately, without a memory of earlier calls."""
        return line_by_line(view, self.decide)

    def decide(self, view: EventView, line: LineView) -> Decision:
        """Return quotes on both outcomes, or the reason why there are none."""
        if line.fair is None:
            return NoQuote("the book gives no fair price")
        params = self.params
        held = (line.profit[0] - line.profit[1]) / (params.inventory * DOLLAR)
        skew = params.skew * max(-1.0, min(1.0, held))
        fair = line.fair.probability
        quotes = []
        for side, chance, shift in ((0, fair, -skew), (1, 1.0 - fair, skew)):
            others = line.book.sides[1 - side]  # wagers on this outcome are shown under the other one
            best = implied(negate(others[0].odds))
            odds = view.ladder.at_most(min(best + shift, best, chance - params.edge))
            if odds is not None:
                quotes.append(Quote(side, round(params.size * DOLLAR), odds, size_tolerance=0.2))
        return tuple(quotes) or NoQuote("no price is left below fair")
