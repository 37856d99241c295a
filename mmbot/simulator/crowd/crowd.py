"""Everybody else at the exchange: what every crowd has in common, and the price at which a crowd rests a level."""

from __future__ import annotations

from typing import Protocol

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents, half_up
from mmbot.domain.odds import Odds


class Crowd(Protocol):
    """Acts on a venue as time passes. Pure: what it does follows from its seed or tape, and the venue."""

    def next_due(self) -> Instant | None:
        """When it acts next; None if never again."""

    def advance(self, now: Instant) -> None:
        """Do everything that is due by now."""

    @property
    def finished(self) -> bool:
        """Whether it will never act again."""


def maker_stake(value: Cents, shown: Odds) -> Cents:
    """The stake of a maker who shows ``value`` to takers at ``shown``: exact where the taker is the underdog, else the
    most that shows no more than ``value`` (one cent of such a maker is worth several of the taker's)."""
    return half_up(value * shown, 100) if shown > 0 else (100 * value + 49) // -shown
