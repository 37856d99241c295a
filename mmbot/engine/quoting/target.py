"""The target of a line."""

from __future__ import annotations

import msgspec

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side


class Target(msgspec.Struct, frozen=True, gc=False):
    """A quote with its final odds and stake: a wager that should be open."""

    side: Side
    odds: Odds
    stake: Cents
    priority: int = 0
    price_tolerance: float = 0.0
    """A live wager within this distance of implied probability may serve instead."""
    size_tolerance: float = 0.0
    """The payout of the wagers that serve the target may differ from its payout by this share."""
