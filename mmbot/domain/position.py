"""The risk of one line: the profit of the matched stakes for each outcome, and the stakes that could still match.

If the line of a wager is not known, its stake is counted in ``FullStakes``. Only unsettled wagers count. The rules come
from docs/design.md, *Worst case*.
"""

from __future__ import annotations

from mmbot.domain.money import Cents
from mmbot.domain.odds import Side


class Position:
    """The position of one line, in cents. Only the ledger changes it.

    ``profit[0]`` is the profit of all matched stakes if outcome 0 wins, and ``profit[1]`` is their profit if outcome 1
    wins. ``remaining[0]`` and ``remaining[1]`` are the stakes on outcome 0 and on outcome 1 that could still match.
    """

    __slots__ = ("profit", "remaining")

    def __init__(self) -> None:
        self.profit: list[Cents] = [0, 0]
        self.remaining: list[Cents] = [0, 0]

    def move(self, side: Side, remaining: Cents, matched: Cents, win: Cents) -> None:
        """Add ``remaining``, ``matched`` and ``win`` to the sums for the wagers that back ``side``. Each of the three
        amounts may be negative."""
        self.remaining[side] += remaining
        self.profit[side] += win
        self.profit[1 - side] -= matched

    def worst_case(self) -> Cents:
        """Return the largest possible loss, in cents. It covers every result of the sport event (outcome 0, outcome 1,
        push, void), and every match that could still come."""
        profit, remaining = self.profit, self.remaining
        return max(max(0, remaining[1] - profit[0]), remaining[0] - profit[1])

    def matched_worst_case(self) -> Cents:
        """Return the largest possible loss, in cents, if no more stake is matched."""
        profit = self.profit
        return max(max(0, -profit[0]), -profit[1])

    def worst_case_with(self, side: Side, stake: Cents) -> Cents:
        """Return the worst case, in cents, that the line would have with one more wager of this stake on ``side``."""
        profit, remaining = self.profit, self.remaining
        on_0, on_1 = (remaining[0] + stake, remaining[1]) if side == 0 else (remaining[0], remaining[1] + stake)
        return max(0, on_1 - profit[0], on_0 - profit[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Position) and self.profit == other.profit and self.remaining == other.remaining

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Position(profit={self.profit}, remaining={self.remaining})"


class FullStakes:
    """Stakes in one market whose whole amount counts as risk, in cents. The line of these wagers is unknown, or it does
    not have exactly two complementary outcomes. So no other wager can offset them. Only the ledger changes these
    stakes."""

    __slots__ = ("matched", "remaining")

    def __init__(self) -> None:
        self.remaining: Cents = 0
        """The sum of the stakes that could still be matched, in cents."""
        self.matched: Cents = 0

    def move(self, remaining: Cents, matched: Cents) -> None:
        """Add ``remaining`` to the stakes that could still match, and ``matched`` to the matched stakes. Each of the
        two amounts may be negative."""
        self.remaining += remaining
        self.matched += matched

    def worst_case(self) -> Cents:
        """Return the largest possible loss, in cents: the sum of all stakes."""
        return self.remaining + self.matched

    def __bool__(self) -> bool:
        return self.remaining != 0 or self.matched != 0


def most_reducing(position: Position, side: Side) -> Cents:
    """Return the largest total open stake on ``side`` that can only reduce the risk, in cents.

    However much of this stake and of the other open wagers is matched, the worst case of the line does not rise. The
    worst case of the matched wagers alone does not rise either. The same is true of each wider scope, such as the
    market.
    """
    # The worst case with all open wagers is not enough to decide this. With open wagers on both outcomes, each stake
    # covers the other, so both stakes would seem to reduce the risk.
    profit = position.profit
    opposite = profit[1 - side]
    least = min(min(profit[0], profit[1]), 0)
    return max(0, opposite - least)
