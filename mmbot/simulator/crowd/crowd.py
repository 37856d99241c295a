"""What every crowd has in common, and the stake behind a level that a crowd shows."""

from __future__ import annotations

from typing import Protocol

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents, half_up
from mmbot.domain.odds import Odds


class Crowd(Protocol):
    """Acts on a venue as time passes. Its acts follow from its seed or tape and from the venue alone."""

    def next_due(self) -> Instant | None:
        """The time of its next act, or None if there is none."""

    def advance(self, now: Instant) -> None:
        """Do everything that is due by now."""

    @property
    def finished(self) -> bool:
        """True if it will never act again."""


def maker_stake(value: Cents, shown: Odds) -> Cents:
    """The stake of a maker who shows ``value`` to takers at the odds ``shown``, in cents.

    Exact if the taker is the underdog. Otherwise it is the greatest stake that shows at most ``value``, because one
    cent of such a maker is worth several cents of the taker.
    """
    return half_up(value * shown, 100) if shown > 0 else (100 * value + 49) // -shown
