"""The target: a wager that should be open on a line."""

from __future__ import annotations

import msgspec

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side


class Target(msgspec.Struct, frozen=True, gc=False):
    """A wager that should be open on a line. It is a quote with its final odds and stake."""

    side: Side
    odds: Odds
    stake: Cents
    priority: int = 0
    price_tolerance: float = 0.0
    """The greatest price difference, in probability, between the target (the wager that should be open) and an open
    wager that serves the target."""
    size_tolerance: float = 0.0
    """The greatest payout difference between the target (the wager that should be open) and the open wagers that serve
    the target. It is a share of the target's payout: 0.1 is 10 percent."""
