"""American odds, the probability they imply, and the exchange's ladder of allowed odds.

Odds are integers: ``+p`` wins ``p`` dollars on a stake of 100, ``-p`` wins 100 dollars on a stake of ``p``.
``+100`` and ``-100`` are the same price and only ``+100`` is written (PROTOCOL 7.1). *Longer* odds pay more and imply a
lower probability.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Final

from mmbot.domain.money import Cents

Odds = int
"""American odds: at least +100, or below -100."""

Side = int
"""Which of a line's two outcomes: 0 or 1."""


class OddsError(ValueError):
    """Odds that no American price is written as."""


def is_odds(odds: int) -> bool:
    """Whether the integer is a price: at least +100, or below -100."""
    return odds >= 100 or odds < -100


def implied(odds: Odds) -> float:
    """The probability at which a stake at these odds breaks even."""
    return 100 / (odds + 100) if odds > 0 else odds / (odds - 100)


def fraction(odds: Odds) -> tuple[int, int]:
    """The implied probability as an exact fraction (numerator, denominator)."""
    return (100, odds + 100) if odds > 0 else (-odds, 100 - odds)


def negate(odds: Odds) -> Odds:
    """The same price seen from the opposite outcome: a wager at -117 is shown to others at +117."""
    return 100 if odds == 100 else -odds


# ``profit`` and ``stake_for_payout`` are ``money.half_up`` written out: one decision asks for some ten of them.


def profit(stake: Cents, odds: Odds) -> Cents:
    """What a stake wins beyond itself, in cents, rounded half-up as the exchange rounds (PROTOCOL 7.5)."""
    if odds > 0:
        return (stake * odds + 50) // 100
    return (200 * stake - odds) // (-2 * odds)


def payout(stake: Cents, odds: Odds) -> Cents:
    """Stake plus profit, in cents."""
    return stake + profit(stake, odds)


def stake_for_payout(amount: Cents, odds: Odds) -> Cents:
    """The stake whose payout at these odds is ``amount``, in cents, rounded half-up."""
    if odds > 0:
        return (200 * amount + odds + 100) // (2 * odds + 200)
    return (100 - odds - 2 * amount * odds) // (200 - 2 * odds)


def could_match(one: Odds, other: Odds) -> bool:
    """Whether wagers at these odds on the two outcomes of a line match: implied probabilities sum to at least 1.

    Exact, in integers (PROTOCOL 7.1).
    """
    a, b = fraction(one)
    c, d = fraction(other)
    return a * d + c * b >= b * d


def per_hundred(odds: Odds) -> float:
    """Profit on a stake of 100: the measure that orders odds from shortest to longest."""
    return float(odds) if odds > 0 else 10_000 / -odds


class Ladder:
    """The odds that the exchange accepts, from shortest to longest.

    Raises:
        OddsError: on construction, if a member is no price, stands twice, or there are none.
    """

    __slots__ = ("_falling", "members", "rungs")

    rungs: tuple[Odds, ...]
    members: Mapping[Odds, int]
    """Each rung with its place, 0 for the shortest."""

    def __init__(self, odds: Iterable[int]) -> None:
        rungs = sorted(odds, key=per_hundred) if (odds := list(odds)) and 0 not in odds else []
        if not rungs:
            raise OddsError("an odds ladder needs at least one price and no zero")
        for rung in rungs:
            if not is_odds(rung):
                raise OddsError(f"{rung} in the odds ladder is no American price: at least +100, or below -100")
        self.rungs = tuple(rungs)
        self.members = {rung: i for i, rung in enumerate(rungs)}
        if len(self.members) != len(rungs):
            raise OddsError("the odds ladder holds the same price twice")
        self._falling: Final = [-implied(rung) for rung in rungs]

    def __contains__(self, odds: object) -> bool:
        return odds in self.members

    def __len__(self) -> int:
        return len(self.rungs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ladder) and other.rungs == self.rungs

    def __hash__(self) -> int:
        return hash(self.rungs)

    def __reduce__(self) -> tuple[type[Ladder], tuple[tuple[Odds, ...]]]:
        return Ladder, (self.rungs,)

    def index(self, odds: Odds) -> int:
        """The rung's place, 0 for the shortest. Raises KeyError for odds that are not on the ladder."""
        return self.members[odds]

    def at_most(self, probability: float) -> Odds | None:
        """The shortest rung that implies no more than ``probability``: rounded to the longer side, the one better for
        its maker. None if even the longest rung implies more."""
        place = bisect_left(self._falling, -probability - 1e-12)
        return self.rungs[place] if place < len(self.rungs) else None

    def at_least(self, probability: float) -> Odds | None:
        """The longest rung that implies at least ``probability``: rounded against its maker. None if no rung does."""
        place = bisect_right(self._falling, -probability + 1e-12)
        return self.rungs[place - 1] if place else None

    def longer(self, odds: Odds, rungs: int = 1) -> Odds | None:
        """The price ``rungs`` steps longer (shorter if negative), or None beyond the end."""
        place = self.members[odds] + rungs
        return self.rungs[place] if 0 <= place < len(self.rungs) else None
