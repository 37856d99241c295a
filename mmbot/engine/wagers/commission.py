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
    """The commission of the market: the sum of the exchange's charges, or an estimate until the charges were read."""
    charged: bool = False
    """True if the exchange's transactions show the commission. False if it is an estimate."""


WON_RESULTS = (Winning.WON, Winning.MANUALLY_WON)
LOST_RESULTS = (Winning.LOST, Winning.MANUALLY_LOST)


def outcome(result: Winning, matched: Cents, win: Cents) -> Cents | None:
    """Return the profit that a matched stake made, in cents. The result is None while the wager has no result.

    A wager that won earns ``win``. A wager that lost costs the stake. After a push, a draw or no result, the stake is
    given back, so the profit is 0.
    """
    if result is Winning.TBD:
        return None
    if result in WON_RESULTS:
        return win
    return -matched if result in LOST_RESULTS else 0


class Settlements:
    """The settled profit of every market, with running totals.

    The commission of a market is the rate times its net gain. A market with a net loss costs no commission
    (docs/protocol.md 10). The exchange's documents do not say how the commission is rounded to the cent. So the
    commission is an estimate, with half a cent rounded up, until the exchange's charge is known.
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
        """Set the profit of a market before commission, in cents. If the exchange's charge is known and fits this
        profit, the charge stays the commission. If not, the commission is estimated."""
        old = self.of(market)
        if old.charged and self._explains(gross, old.commission):
            self._set(market, Settlement(gross, old.commission, True))
        else:
            self._set(market, Settlement(gross, half_up(max(0, gross) * self._numerator, self._denominator)))

    def charged(self, market: MarketKey, commission: Cents) -> bool:
        """Take the total commission that the exchange charged on a market, in cents.

        Returns:
            True if this amount is the commission of the market from now on. False if the amount does not fit the known
                profit, however it is rounded. In this case, a charge or a result is still to come, or the exchange has
                another rate.
        """
        gross = self.of(market).gross
        if not self._explains(gross, commission):
            return False
        self._set(market, Settlement(gross, commission, True))
        return True

    def _explains(self, gross: Cents, commission: Cents) -> bool:
        share = max(0, gross) * self._numerator
        return share // self._denominator <= commission <= -(-share // self._denominator)

    def _set(self, market: MarketKey, new: Settlement) -> None:
        old = self.of(market)
        self._markets[market] = new
        self.realised += new.gross - old.gross
        self.commission += new.commission - old.commission
