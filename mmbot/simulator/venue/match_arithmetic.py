"""The arithmetic of a match in whole cents (docs/protocol.md 7.5)."""

from __future__ import annotations

from mmbot.domain.money import Cents, half_up
from mmbot.domain.odds import Odds


def pair(favourite: Cents, underdog: Cents, points: int) -> tuple[Cents, Cents]:
    """Return the matched stakes of two opposite orders, in cents. The stake on the favourite comes first, and the stake
    on the underdog second.

    Args:
        favourite: the unmatched stake of the order on the favourite, at odds of -``points``.
        underdog: the unmatched stake of the order on the underdog, at odds of +``points``.
        points: the American odds without the sign.

    If an order wins, it wins the other order's stake. This amount is the order's own stake times its odds, rounded
    half-up to the cent. For several stakes on the favourite, this amount is the same. So the stake on the underdog is
    computed first.

    These rules apply to a taker on the underdog. If ``VenueSettings.maker_wins`` is ``half_up``, they apply to every
    taker.
    """
    stake = min(underdog, (100 * favourite + 49) // points)
    return half_up(stake * points, 100), stake


def taken_by_favourite(favourite: Cents, underdog: Cents, points: int) -> tuple[Cents, Cents]:
    """Return the two matched stakes in cents if the taker is on the favourite. The taker's stake comes first. The stake
    on the underdog comes second. It is the amount that the taker can win, rounded half-up.

    If the underdog wins, its order wins the taker's stake. This amount may differ by a few cents from the order's own
    stake times its odds, rounded half-up. The arguments have the same meaning as in ``pair``.
    """
    stake = min(favourite, half_up(underdog * points, 100))
    return stake, half_up(100 * stake, points)


def takeable(remaining: Cents, odds: Odds) -> Cents:
    """Return the stake in cents that takers can put against an order. ``remaining`` is the unmatched stake of the
    order. The result is 0 if the order could not win even one cent."""
    return half_up(remaining * odds, 100) if odds > 0 else (100 * remaining + 49) // -odds
