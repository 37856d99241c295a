"""The memo of a line: its targets with the values on which they depend, and the comparison with its wagers.

The classes are no Structs. They are made and read at every look, and compiled code does both faster with plain classes.
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder
from mmbot.engine.quoting.target import Target
from mmbot.strategy.interface import Decision, LineView


class Wanted:
    """The targets of a line with the values on which they depend. While those are the same, the targets are the
    same."""

    __slots__ = ("decision", "fair", "ladder", "moves", "needs", "own_changes", "seen", "targets", "why")

    def __init__(
        self,
        targets: tuple[Target, ...],
        why: str | None,
        needs: Cents | None = None,
        moves: int = 0,
        own_changes: int = 0,
        seen: LineView | None = None,
        fair: float | None = None,
        decision: Decision | None = None,
        ladder: Ladder | None = None,
    ) -> None:
        self.targets: Final = targets
        self.why: Final = why
        """The reason why there are no targets; None if there are some."""
        self.needs: Final = needs
        """The room that the targets need, in cents. With less room in the sport event, the tournament or the account,
        fewer targets may remain. None if limits cut the targets, so that they change with the room."""
        self.moves: Final = moves
        """``Shared.moves`` when the targets were decided."""
        self.own_changes: Final = own_changes
        """``QuotedLine.own_changes`` when the targets were decided."""
        self.seen: Final = seen
        """The view on which the targets depend, by its best odds and its fair price."""
        self.fair: Final = fair
        self.decision: Final = decision
        self.ladder: Final = ladder
        """None if there are no targets whatever the strategy decides."""


class Rest:
    """The comparison of a line's wagers with its targets."""

    __slots__ = ("cancel", "keep", "leaving", "own_changes", "place", "targets", "why")

    def __init__(
        self,
        targets: tuple[Target, ...],
        own_changes: int,
        place: tuple[Target, ...],
        keep: tuple[str, ...] = (),
        cancel: tuple[str, ...] = (),
        leaving: bool = False,
        why: str | None = None,
    ) -> None:
        self.targets: Final = targets
        self.own_changes: Final = own_changes
        """``QuotedLine.own_changes`` when the wagers were compared."""
        self.place: Final = place
        """The targets that are still to be placed, each with the stake to send."""
        self.keep: Final = keep
        """The wagers that serve a target, by our id."""
        self.cancel: Final = cancel
        """The wagers to be cancelled, by our id."""
        self.leaving: Final = leaving
        """True if some of the wagers were to be cancelled, or are being cancelled."""
        self.why: Final = why
        """The reason why a target cannot be placed; None if there is none."""
