"""The order book of one line: the stakes that takers can still place on each outcome, longest odds first.

A wager backs one outcome and is shown to takers under the *opposite* one, at negated odds (docs/protocol.md 7.1).
"""

from __future__ import annotations

import msgspec

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds


class Level(msgspec.Struct, frozen=True, gc=False):
    """One price of a book. The garbage collector does not track levels (``gc=False``): there are some 100,000."""

    odds: Odds
    """The odds that a taker gets."""
    value: Cents
    """Stakes that takers can still place here: the wire's ``value``, never its ``stake`` (docs/protocol.md 7.2)."""


Levels = tuple[Level, ...]


class Book(msgspec.Struct, frozen=True, gc=False):
    """Both sides of a line, each with the longest odds first. An empty side is an empty tuple."""

    sides: tuple[Levels, Levels] = ((), ())
