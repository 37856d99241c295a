"""A target: a wager that should be open on a line."""

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
    """An open wager can serve this target if the implied probabilities of the two prices differ by no more than
    this."""
    size_tolerance: float = 0.0
    """The total payout of the wagers that serve the target may differ from the target's payout by this share (0.1 is
    10%)."""
