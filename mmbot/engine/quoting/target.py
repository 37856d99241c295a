"""The values of one line: its targets, what they follow from, its live wagers, and how the two compare."""

from __future__ import annotations

import msgspec

from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, Side
from mmbot.strategy.interface import Decision, LineView


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


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """The targets of a line with what they follow from: while that is the same, so are they."""

    targets: tuple[Target, ...]
    why: str | None
    """Why there are no targets; None if there are some."""
    needs: Cents | None = None
    """With less room than this in the event, the tournament or the account, fewer targets may remain. None if limits
    cut the targets: they follow every change of that room."""
    moves: int = 0
    """``Shared.moves`` when the targets were decided."""
    own_changes: int = 0
    """``QuotedLine.own_changes`` when the targets were decided."""
    seen: LineView | None = None
    """The view that the targets follow from: by its best odds and its fair price."""
    fair: float | None = None
    decision: Decision | None = None
    ladder: Ladder | None = None
    """None if nothing is wanted whatever the strategy says."""


class Rest(msgspec.Struct, frozen=True, gc=False):
    """How the wagers of a line compare with its targets."""

    targets: tuple[Target, ...]
    own_changes: int
    """``QuotedLine.own_changes`` when the wagers were compared."""
    place: tuple[Target, ...]
    """Targets still to be placed, each with the stake to send."""
    keep: tuple[str, ...] = ()
    """Wagers that serve a target, by our id."""
    cancel: tuple[str, ...] = ()
    """Wagers to be cancelled, by our id."""
    leaving: bool = False
    """Whether some of the wagers were to be cancelled, or are being cancelled."""
    why: str | None = None
    """Why a target cannot be placed."""
