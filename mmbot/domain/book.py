"""An order book of one line: what a taker can still stake on each outcome, best odds for the taker first.

A wager rests on the outcome it backs and is shown under the *opposite* one at negated odds (PROTOCOL 7.1).
"""

from __future__ import annotations

import msgspec

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds


class Level(msgspec.Struct, frozen=True, gc=False):
    """One price of a book. There are a hundred thousand of them: the collector is to leave them alone."""

    odds: Odds
    """What a taker gets."""
    value: Cents
    """What takers can still stake here: the wire's ``value``, never its ``stake`` (PROTOCOL 7.2)."""


Levels = tuple[Level, ...]


class Book(msgspec.Struct, frozen=True, gc=False):
    """Both sides of a line, each best for the taker (longest odds) first. An empty side is an empty tuple."""

    sides: tuple[Levels, Levels] = ((), ())
