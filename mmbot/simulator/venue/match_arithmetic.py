"""The arithmetic of a match in whole cents (docs/protocol.md 7.5)."""

from __future__ import annotations

from mmbot.domain.money import Cents, half_up
from mmbot.domain.odds import Odds


def pair(favourite: Cents, underdog: Cents, points: int) -> tuple[Cents, Cents]:
    """The stakes that two remainders match at odds of -points against +points: (favourite's, underdog's), in cents.

    The underdog's stake is the favourite's win, and the favourite's stake is the underdog's win. Each is the half-up
    profit of the other at its own odds, so anyone who computes a win from stake and odds gets the exchange's figure to
    the cent. This holds only if the underdog's stake is chosen first and the favourite's follows from it, because
    several favourite stakes share one rounded win.
    """
    stake = min(underdog, (100 * favourite + 49) // points)
    return half_up(stake * points, 100), stake


def takeable(remaining: Cents, odds: Odds) -> Cents:
    """The stake that takers can put against a maker's remainder: the ``value`` that is shown. 0 if the remainder cannot
    win a cent."""
    return half_up(remaining * odds, 100) if odds > 0 else (100 * remaining + 49) // -odds
