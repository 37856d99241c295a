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
    """An open wager can serve this target (the wager that should be open) only if the probabilities implied by the two
    prices differ by at most this much."""
    size_tolerance: float = 0.0
    """Open wagers serve this target (the wager that should be open) if their total payout differs from its payout by at
    most this share. For example, 0.1 is 10 percent."""
