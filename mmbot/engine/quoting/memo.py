"""The cached results for a line. ``Wanted`` holds the line's targets (the wagers that should be open), with the values
on which the targets depend. ``Comparison`` holds how the targets compare with the line's wagers."""

from __future__ import annotations

from typing import Final

from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder
from mmbot.engine.quoting.target import Target
from mmbot.strategy.interface import Decision, LineView


class Wanted:
    """The targets of a line (the wagers that should be open), with the values on which the targets depend. While these
    values stay the same, the targets stay the same."""

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
        """The reason why the line has no targets (wagers that should be open). None if the line has targets."""
        self.needs: Final = needs
        """The amount, in cents, by which the worst-case losses of sport event, tournament and account must be able to
        rise. None if limits cut the targets (wagers that should be open). The targets may then change whenever the
        limits allow more or less."""
        self.moves: Final = moves
        """The number of changes of positions and of placements (``Shared.moves``) when the targets were decided.
        Targets are the wagers that should be open."""
        self.own_changes: Final = own_changes
        """The number of changes of our wagers and of the position (``QuotedLine.own_changes``) when the targets were
        decided. Targets are the wagers that should be open."""
        self.seen: Final = seen
        """The view from which the targets (wagers that should be open) were decided. The targets depend only on the
        best odds and the fair price in the view."""
        self.fair: Final = fair
        self.decision: Final = decision
        self.ladder: Final = ladder
        """The odds that the exchange accepts. None if the line has no targets (wagers that should be open) for a reason
        other than the strategy's decision."""


class Comparison:
    """The result of comparing a line's wagers with its targets (the wagers that should be open)."""

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
        """The number of changes of our wagers and of the position (``QuotedLine.own_changes``) at the comparison of
        targets and open wagers."""
        self.place: Final = place
        """The targets (wagers that should be open) that still have to be placed, each with the stake to place."""
        self.keep: Final = keep
        """The ``external_id`` of each open wager that serves a target (a wager that should be open)."""
        self.cancel: Final = cancel
        """The ``external_id`` of each wager that has to be cancelled."""
        self.leaving: Final = leaving
        """True if some wager of the line had to be cancelled, or was already being cancelled, when targets and open
        wagers were compared."""
        self.why: Final = why
        """The reason why a target (a wager that should be open) cannot be placed. None if nothing prevents the
        placement."""
