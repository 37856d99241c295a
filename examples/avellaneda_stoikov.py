"""Avellaneda–Stoikov quotes on a probability, with a reservation price that follows the inventory, and an optimal
bid–ask spread.

Source: M. Avellaneda and S. Stoikov, "High-frequency trading in a limit order book", Quantitative Finance 8 (2008),
equations 29 and 30:

    reservation price  r = s - q * gamma * sigma ** 2 * left
    bid-ask spread     d = gamma * sigma ** 2 * left + (2 / gamma) * ln(1 + gamma / kappa)

    s      fair probability of outcome 0
    q      inventory: profit if outcome 0 wins minus profit if outcome 1 wins, divided by the payout of a full quote
    sigma  standard deviation of s over one hour
    left   hours until the sport event starts, at most horizon_hours
    gamma  risk aversion
    kappa  decay of the fill rate with the distance from s

The bid on outcome 0 is ``r - d / 2``, and the bid on outcome 1 is ``1 - (r + d / 2)``.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mmbot.domain.instant import HOUR, MINUTE
from mmbot.domain.money import DOLLAR
from mmbot.strategy.interface import Decision, EventView, LineView, NoQuote, Quote, Result, line_by_line


class AvellanedaStoikovParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of this strategy under ``params:``."""

    gamma: Annotated[float, Meta(gt=0)] = 2.0
    """The risk aversion of the strategy, in 1 / probability. With a larger value, both prices shift further against the
    inventory."""
    sigma: Annotated[float, Meta(gt=0, lt=1)] = 0.02
    """The standard deviation of the fair probability over one hour."""
    kappa: Annotated[float, Meta(gt=0)] = 60.0
    """The speed at which the fill rate falls with the distance from the fair probability. At a distance x, in
    probability, the fill rate is proportional to exp(-kappa * x)."""
    horizon_hours: Annotated[float, Meta(gt=0)] = 6.0
    """The upper bound of the remaining time (``left``) in hours. Without this bound, a game tomorrow would count as a
    full day of inventory risk."""
    size: Annotated[float, Meta(ge=1)] = 40.0
    """The payout (stake plus profit) of each quote, in dollars."""


class AvellanedaStoikov:
    """Quotes both outcomes around a reservation price. The strategy decides again every minute, because the price
    depends on the time."""

    Params = AvellanedaStoikovParams
    book_depth = 1

    def __init__(self, params: AvellanedaStoikovParams) -> None:
        self.params = params

    def quote(self, view: EventView, state: Any) -> Result:
        """Decide each line separately, and ask the engine to call again in a minute."""
        return line_by_line(view, self.decide)._replace(wake_at=view.now + MINUTE)

    def decide(self, view: EventView, line: LineView) -> Decision:
        """Return quotes on both outcomes, or the reason why there are none."""
        if line.fair is None:
            return NoQuote("the book gives no fair price")
        if view.start is None:
            return NoQuote("no known start, so no time left to price")
        params = self.params
        left = min(params.horizon_hours, max(0.0, (view.start - view.now) / HOUR))
        held = (line.profit[0] - line.profit[1]) / (params.size * DOLLAR)
        risk = params.gamma * params.sigma**2 * left
        reservation = line.fair.probability - held * risk
        half = (risk + 2.0 / params.gamma * math.log(1.0 + params.gamma / params.kappa)) / 2.0
        payout = round(params.size * DOLLAR)
        quotes = tuple(
            Quote(side, payout, probability=price, price_tolerance=half / 10, size_tolerance=0.2)
            for side, price in enumerate((reservation - half, 1.0 - reservation - half))
            if 0.0 < price < 1.0
        )
        return quotes or NoQuote("both prices are outside (0, 1)")
