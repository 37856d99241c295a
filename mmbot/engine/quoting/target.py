"""The values of one line: its targets and what they depend on, its live wagers, and the comparison of both."""

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
    """The stake that could still match, in cents."""
    fading: bool = False
    """True if a cancel is pending. The wager is then neither kept nor cancelled again."""


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


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """The targets of a line with the values on which they depend. While those are the same, the targets are the
    same."""

    targets: tuple[Target, ...]
    why: str | None
    """The reason why there are no targets; None if there are some."""
    needs: Cents | None = None
    """The room that the targets need, in cents. With less room in the sport event, the tournament or the account, fewer
    targets may remain. None if limits cut the targets, so that they change with the room."""
    moves: int = 0
    """``Shared.moves`` when the targets were decided."""
    own_changes: int = 0
    """``QuotedLine.own_changes`` when the targets were decided."""
    seen: LineView | None = None
    """The view on which the targets depend, by its best odds and its fair price."""
    fair: float | None = None
    decision: Decision | None = None
    ladder: Ladder | None = None
    """None if there are no targets whatever the strategy decides."""


class Rest(msgspec.Struct, frozen=True, gc=False):
    """The comparison of a line's wagers with its targets."""

    targets: tuple[Target, ...]
    own_changes: int
    """``QuotedLine.own_changes`` when the wagers were compared."""
    place: tuple[Target, ...]
    """The targets that are still to be placed, each with the stake to send."""
    keep: tuple[str, ...] = ()
    """The wagers that serve a target, by our id."""
    cancel: tuple[str, ...] = ()
    """The wagers to be cancelled, by our id."""
    leaving: bool = False
    """True if some of the wagers were to be cancelled, or are being cancelled."""
    why: str | None = None
    """The reason why a target cannot be placed; None if there is none."""
