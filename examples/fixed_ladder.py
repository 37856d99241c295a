"""Quotes several prices on each outcome, at fixed distances below the user's own price. If the user gave no price,
nothing is quoted.

The user's own price comes from a file or over HTTP (docs/strategies.md, "Your own prices").
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mmbot.domain.money import DOLLAR
from mmbot.strategy.interface import Decision, EventView, LineView, NoQuote, Quote, Result, line_by_line


class FixedLadderParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of this strategy under ``params:``. Probabilities are between 0 and 1. Amounts are in dollars."""

    margin: Annotated[float, Meta(gt=0, lt=0.5)] = 0.02
    """The distance of the best quote on each outcome below the user's own price of the outcome, in probability."""
    step: Annotated[float, Meta(gt=0, lt=0.5)] = 0.01
    """The distance between two quotes on the same outcome, in probability."""
    levels: Annotated[int, Meta(ge=1, le=5)] = 3
    size: Annotated[float, Meta(ge=1)] = 20.0
    """The payout (stake plus profit) of each quote, in dollars."""


class FixedLadder:
    """Quotes several prices on each outcome. The setting ``levels`` is the number of these prices. The quote at the
    best price has the highest priority."""

    Params = FixedLadderParams
    book_depth = 1

    def __init__(self, params: FixedLadderParams) -> None:
        self.params = params

    def quote(self, view: EventView, state: Any) -> Result:
        """Decide each line separately, without a memory of earlier calls."""
        return line_by_line(view, self.decide)

    def decide(self, view: EventView, line: LineView) -> Decision:
        """Return the quotes on one line, or the reason why there are none."""
        if line.given is None:
            return NoQuote("no external price, or it is too old")
        params = self.params
        payout = round(params.size * DOLLAR)
        quotes = []
        for side, fair in enumerate((line.given.probability, 1.0 - line.given.probability)):
            last = None
            for level in range(params.levels):
                price = fair - params.margin - level * params.step
                odds = view.ladder.at_most(price) if price > 0 else None
                if odds is None or odds == last:
                    continue
                last = odds
                quotes.append(Quote(side, payout, odds, priority=params.levels - level, size_tolerance=0.2))
        return tuple(quotes) or NoQuote("no tick is left below the external price")
