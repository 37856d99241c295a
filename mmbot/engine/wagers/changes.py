"""Defines the changes that a call to the ledger makes to wagers, and the interface of the parts of the engine that act
on these changes."""

from __future__ import annotations

from typing import Protocol

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import Wager


class Change(msgspec.Struct, frozen=True, gc=False):
    """One change of a wager that a call to the ledger made. ``stake`` and ``win`` are in cents. The field ``kind``
    decides what these two amounts mean (see ``Kind``)."""

    kind: Kind
    wager: Wager
    stake: Cents = 0
    win: Cents = 0
    odds: Odds | None = None
    """The odds of the match, if the change is a match (``Kind.MATCHED``). None if the odds are not known."""
    commission: Cents = 0
    """The amount by which the commission of the market changed, if the change is a result (``Kind.SETTLED``)."""
    first: bool = False
    """True if the change is the first result of the wager. False if the change corrects a result, or is no result
    (``Kind.SETTLED``)."""


Changes = tuple[Change, ...]


class Follower(Protocol):
    """A part of the engine that acts on changes of wagers."""

    def changed(self, change: Change, now: Instant) -> None:
        """Act on one change. The ledger and its sums already contain the change."""
