"""What one line can still cost: the matched profit by outcome and the stakes that could yet match.

Source of the rule: DESIGN, *Rules of money*. Only unsettled wagers are in here; settled ones are the settlement's.
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.money import Cents
from mmbot.domain.odds import Side

FULL_STAKE: Final = -1
"""In place of a side: the line has not exactly two complementary outcomes, so the wager counts at its full stake."""


class Position:
    """One line's position, in cents, changed in place by the ledger alone.

    ``profit``: if outcome 0 wins, if outcome 1 wins, of what is matched. ``remaining``: stakes on outcome 0 and on
    outcome 1 that could still match. ``full_stake``: matched and unmatched stakes where no outcome offsets another, and
    ``full_matched`` the matched part of it.
    """

    __slots__ = ("full_matched", "full_stake", "profit", "remaining")

    def __init__(self) -> None:
        self.profit: list[Cents] = [0, 0]
        self.remaining: list[Cents] = [0, 0]
        self.full_stake: Cents = 0
        self.full_matched: Cents = 0

    def move(self, side: Side, remaining: Cents, matched: Cents, win: Cents) -> None:
        """Add to what wagers on ``side`` have remaining, matched, and would win; each may be negative."""
        if side == FULL_STAKE:
            self.full_stake += remaining + matched
            self.full_matched += matched
            return
        self.remaining[side] += remaining
        self.profit[side] += win
        self.profit[1 - side] -= matched

    def worst_case(self) -> Cents:
        """The greatest loss over {outcome 0, outcome 1, push or void} and over all fills of what could still match."""
        profit, remaining = self.profit, self.remaining
        return max(0, remaining[1] - profit[0], remaining[0] - profit[1]) + self.full_stake

    def matched_worst_case(self) -> Cents:
        """The greatest loss if nothing further matched."""
        profit = self.profit
        return max(0, -profit[0], -profit[1]) + self.full_matched

    def worst_case_with(self, side: Side, stake: Cents) -> Cents:
        """The worst case if a further wager of this stake on ``side`` could match."""
        if side == FULL_STAKE:
            return self.worst_case() + stake
        profit, remaining = self.profit, self.remaining
        on_0, on_1 = (remaining[0] + stake, remaining[1]) if side == 0 else (remaining[0], remaining[1] + stake)
        return max(0, on_1 - profit[0], on_0 - profit[1]) + self.full_stake

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Position)
            and self.profit == other.profit
            and self.remaining == other.remaining
            and self.full_stake == other.full_stake
            and self.full_matched == other.full_matched
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"Position(profit={self.profit}, remaining={self.remaining}, "
            f"full_stake={self.full_stake}, full_matched={self.full_matched})"
        )
