"""The arithmetic of a match in whole cents (PROTOCOL 7.5)."""

from __future__ import annotations

from mmbot.domain.money import Cents, half_up
from mmbot.domain.odds import Odds


def pair(favourite: Cents, underdog: Cents, points: int) -> tuple[Cents, Cents]:
    """What two remainders match at odds of -points against +points: (favourite's stake, underdog's stake) in cents.

    The underdog's stake is the favourite's win and the other way round, and each is the half-up profit of the other at
    its own odds, so whoever works a win out from stake and odds agrees with the exchange to the cent. That holds only
    if the underdog's cents are chosen and the favourite's follow: several favourite stakes share one rounded win.
    """
    stake = min(underdog, (100 * favourite + 49) // points)
    return half_up(stake * points, 100), stake


def takeable(remaining: Cents, odds: Odds) -> Cents:
    """What takers can stake against a maker's remainder: the ``value`` that is shown. 0 if it cannot win a cent."""
    return half_up(remaining * odds, 100) if odds > 0 else (100 * remaining + 49) // -odds
