"""The results of wagers, market by market, and the commission on the net gain of each market."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from mmbot.domain.catalogue import MarketKey
from mmbot.domain.money import Cents, half_up
from mmbot.domain.wager import Winning


class Settlement(NamedTuple):
    """The sum of the results of a market's settled wagers, in cents."""

    gross: Cents = 0
    commission: Cents = 0
    """The commission, estimated from the rate in the settings (docs/protocol.md 10)."""


WON = (Winning.WON, Winning.MANUALLY_WON)
LOST = (Winning.LOST, Winning.MANUALLY_LOST)


def outcome(result: Winning, matched: Cents, win: Cents) -> Cents | None:
    """Return the profit that a matched stake made, in cents. The result is None while the wager has no result.

    A wager that won earns ``win``. A wager that lost costs the stake. After a push, a draw or no result, the stake is
    given back, so the profit is 0.
    """
    if result is Winning.TBD:
        return None
    if result in WON:
        return win
    return -matched if result in LOST else 0


class Settlements:
    """The settled profit of every market, with running totals.

    The commission of a market is the rate times its net gain, rounded to a whole cent. Half a cent is rounded up. A
    market with a net loss costs no commission (docs/protocol.md 10).
    """

    __slots__ = ("_denominator", "_markets", "_numerator", "commission", "realised")

    def __init__(self, rate: float) -> None:
        self._numerator, self._denominator = Fraction(str(rate)).as_integer_ratio()
        self._markets: dict[MarketKey, Settlement] = {}
        self.realised: Cents = 0
        """The sum of the profits of all markets before commission, in cents."""
        self.commission: Cents = 0

    def of(self, market: MarketKey) -> Settlement:
        """Return the settlement of a market. Its amounts are zero if none of the market's wagers is settled."""
        return self._markets.get(market, Settlement())

    def add(self, market: MarketKey, amount: Cents) -> None:
        """Add the result of a wager, or the correction of a result, to the profit of its market, in cents."""
        self.put(market, self.of(market).gross + amount)

    def put(self, market: MarketKey, gross: Cents) -> None:
        """Set the profit of a market before commission, in cents."""
        old = self.of(market)
        new = Settlement(gross, half_up(max(0, gross) * self._numerator, self._denominator))
        self._markets[market] = new
        self.realised += new.gross - old.gross
        self.commission += new.commission - old.commission
