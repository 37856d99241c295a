"""The arithmetic of a match in whole cents (docs/protocol.md 7.5)."""

from __future__ import annotations

from mmbot.domain.money import Cents, half_up
from mmbot.domain.odds import Odds


def pair(favourite: Cents, underdog: Cents, points: int) -> tuple[Cents, Cents]:
    """The stakes in cents that two opposite orders match: the stake on the favourite, then the stake on the underdog.

    Args:
        favourite: the unmatched stake of the order on the favourite, at odds of -``points``.
        underdog: the unmatched stake of the order on the underdog, at odds of +``points``.
        points: the American odds without the sign.

    Each stake is the win of the other order. Each win is the stake times the odds, rounded half-up to the cent. For
    this, the stake on the underdog has to be computed first: because of the rounding, several stakes on the favourite
    give the same win. This is the arithmetic of a taker on the underdog, and with ``VenueSettings.maker_wins``
    ``half_up`` of every taker.
    """
    stake = min(underdog, (100 * favourite + 49) // points)
    return half_up(stake * points, 100), stake


def taken_by_favourite(favourite: Cents, underdog: Cents, points: int) -> tuple[Cents, Cents]:
    """The two stakes in cents if the taker is on the favourite: his stake, and the underdog's stake, which is his win
    rounded half-up. The underdog wins the taker's stake, which may differ by some cents from the half-up profit of the
    underdog's own stake. The arguments are those of ``pair``."""
    stake = min(favourite, half_up(underdog * points, 100))
    return stake, half_up(100 * stake, points)


def takeable(remaining: Cents, odds: Odds) -> Cents:
    """The stake in cents that takers can put against an order with the unmatched stake ``remaining``. It is 0 if the
    order could not win a cent."""
    return half_up(remaining * odds, 100) if odds > 0 else (100 * remaining + 49) // -odds
