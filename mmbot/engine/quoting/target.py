"""What rests on one line and what should, as diff.py compares them."""

from __future__ import annotations

import msgspec

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side


class Live(msgspec.Struct, frozen=True, gc=False):
    """One own wager that could still match."""

    external_id: str
    side: Side
    odds: Odds
    stake: Cents
    """What remains of it."""
    fading: bool = False
    """A cancel is pending: neither kept nor cancelled again."""


class Target(msgspec.Struct, frozen=True, gc=False):
    """What should rest: a quote whose odds and stake are settled."""

    side: Side
    odds: Odds
    stake: Cents
    priority: int = 0
    price_tolerance: float = 0.0
    """A live wager within this much implied probability may serve instead."""
    size_tolerance: float = 0.0
    """The payout of what serves may differ by this share of the payout wanted."""
