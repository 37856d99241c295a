"""Markets of which some wagers have their result and others do not yet.

The exchange reports the results of a market wager by wager. In the meantime the wagers without a report would count
without those that offset them, and the worst case would rise although nothing more can be lost. So a market with a
result leaves its scopes in one step, with the first report. A void of one wager need not concern the others. Until it
is known whether it does, the positions of the market keep their figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.money import Cents
from mmbot.domain.odds import Side
from mmbot.domain.position import Position
from mmbot.domain.wager_states import State
from mmbot.engine.wagers.commission import LOST, WON
from mmbot.engine.wagers.wager import LineWager, Wager


class Settling:
    """One market while its wagers get their results."""

    __slots__ = ("left", "profit", "winner")

    def __init__(self) -> None:
        self.left = False
        """True once the market has left its scopes: the profit of its positions is 0. Before that, the positions keep
        the figures that they had at the first report."""
        self.profit: Final[dict[LineKey, list[Cents]]] = {}
        """The true profit of each line for outcome 0 and outcome 1, from the wagers without a result."""
        self.winner: Final[dict[LineKey, Side | None]] = {}
        """The outcome that won each line with a known result; None for a push."""

    def hold(self, lines: Iterable[LineKey], positions: Mapping[LineKey, Position]) -> None:
        """Take over the profits of the market's lines."""
        for line in lines:
            self.profit[line] = list(positions[line].profit)

    def note(self, wager: Wager) -> bool:
        """Note the result of one wager. Return True if the market now leaves its scopes."""
        if wager.state is State.VOID:
            return False
        if isinstance(wager, LineWager):
            self.winner[wager.line] = _winner(wager)
        leaves = not self.left
        self.left = True
        return leaves

    def move(self, line: LineKey, side: Side, matched: Cents, win: Cents) -> None:
        """Add to the matched stakes and the wins of wagers without a result. Each number may be negative."""
        profit = self.profit.setdefault(line, [0, 0])
        profit[side] += win
        profit[1 - side] -= matched

    @property
    def done(self) -> bool:
        """True if every wager of the market has its result."""
        return not any(first or second for first, second in self.profit.values())

    def value(self, line: LineKey, probability: float | None) -> Cents | None:
        """Return the value of the wagers of a line without a result, in cents: exact if the result of the line is
        known. None if neither the result nor a probability is known."""
        first, second = self.profit.get(line, (0, 0))
        if line in self.winner:
            winner = self.winner[line]
            return 0 if winner is None else (first, second)[winner]
        return None if probability is None else round(probability * first + (1.0 - probability) * second)


def _winner(wager: LineWager) -> Side | None:
    """Return the outcome that won, by the result of one wager; None for a push, a draw or no result."""
    if wager.result in WON:
        return wager.side
    return 1 - wager.side if wager.result in LOST else None
