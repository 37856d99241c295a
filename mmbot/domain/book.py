"""The order book of one line: for each outcome, the stakes that takers can still place, with the longest odds first.

A wager backs one outcome and is shown to takers under the *opposite* outcome, at negated odds (docs/protocol.md 7.1).
"""

from __future__ import annotations

import msgspec

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds


class Level(msgspec.Struct, frozen=True, gc=False):
    """One price level of a book."""

    # Levels are exempt from garbage collection (``gc=False``), because there are about 100,000 of them.

    odds: Odds
    """The odds that a taker gets at this price level."""
    value: Cents
    """The stake that takers can still place at the odds of this price level, in cents. It is the exchange's field
    ``value``, not its field ``stake`` (docs/protocol.md 7.2)."""


Levels = tuple[Level, ...]


class Book(msgspec.Struct, frozen=True, gc=False):
    """The book of a line. ``sides[0]`` holds the offers to takers who back outcome 0, and ``sides[1]`` the offers to
    takers who back outcome 1. Each side begins with the longest odds."""

    sides: tuple[Levels, Levels] = ((), ())
