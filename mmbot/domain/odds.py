"""American odds, their implied probability, and the exchange's ladder of accepted odds.

Odds are integers. At ``+p``, a stake of 100 dollars wins ``p`` dollars. At ``-p``, a stake of ``p`` dollars wins 100
dollars. ``+100`` and ``-100`` are the same price, and only ``+100`` is written (docs/protocol.md 7.4). *Longer* odds
pay more and imply a lower probability.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Final

from mmbot.domain.bounds import LONGEST_ODDS
from mmbot.domain.money import Cents

Odds = int
"""The type of American odds: at least +100, or below -100."""

Side = int
"""The type of the number of an outcome of a line: 0 or 1."""


class OddsError(ValueError):
    """Raised for an integer that is not American odds."""


def is_odds(odds: int) -> bool:
    """Return True if the integer is valid as American odds: from +100 to ``LONGEST_ODDS``, or below -100 and at least
    ``-LONGEST_ODDS``."""
    return 100 <= odds <= LONGEST_ODDS or -LONGEST_ODDS <= odds < -100


def implied(odds: Odds) -> float:
    """Return the probability that these odds imply. A stake with this chance of winning breaks even on average."""
    return 100 / (odds + 100) if odds > 0 else odds / (odds - 100)


def fraction(odds: Odds) -> tuple[int, int]:
    """Return the probability that these odds imply, as an exact fraction (numerator, denominator)."""
    return (100, odds + 100) if odds > 0 else (-odds, 100 - odds)


def negate(odds: Odds) -> Odds:
    """Return the odds at which a wager is shown to takers of the opposite outcome. For example, a wager at -117 is
    shown at +117."""
    return 100 if odds == 100 else -odds


# ``profit`` and ``stake_for_payout`` are ``money.half_up`` written out, for speed: one decision calls them ten times.


def profit(stake: Cents, odds: Odds) -> Cents:
    """Return the profit in cents if a stake at these odds wins. Half a cent is rounded up, as the exchange does
    (docs/protocol.md 7.5)."""
    if odds > 0:
        return (stake * odds + 50) // 100
    return (200 * stake - odds) // (-2 * odds)


def least_profit(stake: Cents, odds: Odds) -> Cents:
    """Return the smallest profit, in cents, that the exchange may book for one match of a stake at these odds.

    A taker wins the profit of his stake, with half a cent rounded up. A maker wins the stake of the taker. The matched
    stake of the maker equals the rounded win of the taker. So at odds above +100, several profits of the maker lead to
    the same matched stake (docs/protocol.md 7.5).
    """
    rounded = profit(stake, odds)
    if odds <= 0 or stake <= 0:
        return rounded
    return min(rounded, ((2 * stake - 1) * odds + 199) // 200)


def greatest_profit(stake: Cents, odds: Odds) -> Cents:
    """Return the greatest profit, in cents, that the exchange may book for one match of a stake at these odds (see
    ``least_profit``)."""
    rounded = profit(stake, odds)
    if odds <= 0 or stake <= 0:
        return rounded
    return max(rounded, ((2 * stake + 1) * odds - 1) // 200)


def payout(stake: Cents, odds: Odds) -> Cents:
    """Return stake plus profit, in cents."""
    return stake + profit(stake, odds)


def stake_for_payout(amount: Cents, odds: Odds) -> Cents:
    """Return the stake whose payout at these odds is ``amount``, in cents. Half a cent is rounded up."""
    if odds > 0:
        return (200 * amount + odds + 100) // (2 * odds + 200)
    return (100 - odds - 2 * amount * odds) // (200 - 2 * odds)


def could_match(one: Odds, other: Odds) -> bool:
    """Return True if two wagers at these odds, on the two outcomes of a line, would match each other.

    They match if their implied probabilities sum to at least 1. The comparison is exact, in integers (docs/protocol.md
    7.1).
    """
    a, b = fraction(one)
    c, d = fraction(other)
    return a * d + c * b >= b * d


def per_hundred(odds: Odds) -> float:
    """Return the profit on a stake of 100. Longer odds bring a larger profit. So this profit can be used to sort odds
    from shortest to longest."""
    return float(odds) if odds > 0 else 10_000 / -odds


class Ladder:
    """The odds that the exchange accepts, from shortest to longest. Each of these odds is called a tick.

    Raises:
        OddsError: on construction, if a number is not American odds or occurs twice, or if the ladder is empty.
    """

    __slots__ = ("_falling", "members", "ticks")

    ticks: tuple[Odds, ...]
    members: Mapping[Odds, int]
    """The place of each tick on the ladder of odds. The shortest odds have place 0."""

    def __init__(self, odds: Iterable[int]) -> None:
        ticks = sorted(odds, key=per_hundred) if (odds := list(odds)) and 0 not in odds else []
        if not ticks:
            raise OddsError("an odds ladder needs at least one price and no zero")
        for tick in ticks:
            if not is_odds(tick):
                raise OddsError(f"{tick} in the odds ladder is no American price: at least +100, or below -100")
        self.ticks = tuple(ticks)
        self.members = {tick: i for i, tick in enumerate(ticks)}
        if len(self.members) != len(ticks):
            raise OddsError("the odds ladder holds the same price twice")
        self._falling: Final = [-implied(tick) for tick in ticks]

    def __contains__(self, odds: object) -> bool:
        return odds in self.members

    def __len__(self) -> int:
        return len(self.ticks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ladder) and other.ticks == self.ticks

    def __hash__(self) -> int:
        return hash(self.ticks)

    def __reduce__(self) -> tuple[type[Ladder], tuple[tuple[Odds, ...]]]:
        return Ladder, (self.ticks,)

    def index(self, odds: Odds) -> int:
        """Return the place of a tick on the ladder. The shortest odds have place 0. If the odds are not on the ladder,
        KeyError is raised."""
        return self.members[odds]

    def at_most(self, probability: float) -> Odds | None:
        """Return the shortest odds on the ladder that imply at most ``probability``. So the price is rounded in favour
        of the maker. The result is None if even the longest odds imply a higher probability."""
        place = bisect_left(self._falling, -probability - 1e-12)
        return self.ticks[place] if place < len(self.ticks) else None

    def at_least(self, probability: float) -> Odds | None:
        """Return the longest odds on the ladder that imply at least ``probability``. So the price is rounded against
        the maker. The result is None if even the shortest odds imply a lower probability."""
        place = bisect_right(self._falling, -probability + 1e-12)
        return self.ticks[place - 1] if place else None

    def longer(self, odds: Odds, ticks: int = 1) -> Odds | None:
        """Return the odds that are ``ticks`` places longer on the ladder, or shorter if ``ticks`` is negative. The
        result is None if this place is beyond an end of the ladder."""
        place = self.members[odds] + ticks
        return self.ticks[place] if 0 <= place < len(self.ticks) else None
