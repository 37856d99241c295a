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
    """The greatest difference between the probabilities implied by the prices of the target and of a wager that serves
    the target. The target is the wager that should be open."""
    size_tolerance: float = 0.0
    """The greatest share of the target's payout by which the total payout of its open wagers may differ. For example,
    0.1 is 10 percent. The target is the wager that should be open."""
