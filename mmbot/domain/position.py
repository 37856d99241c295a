"""What one line can still cost: the matched profit by outcome and the stakes that could yet match. And the same of
stakes that belong to no line.

Source of the rule: DESIGN, *Rules of money*. Only unsettled wagers are in here; settled ones are the settlement's.
"""

from __future__ import annotations

from mmbot.domain.money import Cents
from mmbot.domain.odds import Side


class Position:
    """One line's position, in cents, changed in place by the ledger alone.

    ``profit``: if outcome 0 wins, if outcome 1 wins, of what is matched. ``remaining``: stakes on outcome 0 and on
    outcome 1 that could still match.
    """

    __slots__ = ("profit", "remaining")

    def __init__(self) -> None:
        self.profit: list[Cents] = [0, 0]
        self.remaining: list[Cents] = [0, 0]

    def move(self, side: Side, remaining: Cents, matched: Cents, win: Cents) -> None:
        """Add to what wagers on ``side`` have remaining, matched, and would win; each may be negative."""
        self.remaining[side] += remaining
        self.profit[side] += win
        self.profit[1 - side] -= matched

    def worst_case(self) -> Cents:
        """The greatest loss over {outcome 0, outcome 1, push or void} and over all fills of what could still match."""
        profit, remaining = self.profit, self.remaining
        return max(max(0, remaining[1] - profit[0]), remaining[0] - profit[1])

    def matched_worst_case(self) -> Cents:
        """The greatest loss if nothing further matched."""
        profit = self.profit
        return max(max(0, -profit[0]), -profit[1])

    def worst_case_with(self, side: Side, stake: Cents) -> Cents:
        """The worst case if a further wager of this stake on ``side`` could match."""
        profit, remaining = self.profit, self.remaining
        on_0, on_1 = (remaining[0] + stake, remaining[1]) if side == 0 else (remaining[0], remaining[1] + stake)
        return max(0, on_1 - profit[0], on_0 - profit[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Position) and self.profit == other.profit and self.remaining == other.remaining

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Position(profit={self.profit}, remaining={self.remaining})"


class FullStakes:
    """What counts in full in one market, in cents: wagers whose line is not known, or has not exactly two complementary
    outcomes, so that no other wager offsets them. The ledger alone changes it."""

    __slots__ = ("matched", "remaining")

    def __init__(self) -> None:
        self.remaining: Cents = 0
        """Stakes that could still match."""
        self.matched: Cents = 0

    def move(self, remaining: Cents, matched: Cents) -> None:
        """Add to what these wagers have remaining and matched; each may be negative."""
        self.remaining += remaining
        self.matched += matched

    def worst_case(self) -> Cents:
        """The greatest loss: every stake is lost."""
        return self.remaining + self.matched

    def __bool__(self) -> bool:
        return self.remaining != 0 or self.matched != 0
