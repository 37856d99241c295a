"""Settling markets: some wagers of such a market have their result, and the other wagers still wait for it.

The exchange reports the results of a market wager by wager. If each wager stopped counting with its own report, the
limits would count the remaining wagers without the wagers that offset them. The worst case would rise, although no more
money can be lost. So from the first result on, the positions of the market keep their figures. All wagers of the market
stop counting in the limits in one step, once a read over REST shows one of the results, or every wager has its result.
A message alone is not enough, because it may be false. A void is not enough either, because it may concern only one
wager.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.money import Cents
from mmbot.domain.odds import Side
from mmbot.domain.position import Position
from mmbot.domain.wager_states import State
from mmbot.engine.wagers.commission import LOST_RESULTS, WON_RESULTS
from mmbot.engine.wagers.wager import LineWager, Wager


class Settling:
    """A settling market: some of its wagers have their result, and the others still wait for it."""

    __slots__ = ("decided", "left", "profit", "winner")

    def __init__(self) -> None:
        self.decided = False
        """True once a result other than a void was reported."""
        self.left = False
        """True once the wagers of the market no longer count in the limits. The positions of the market then count with
        a profit of 0. While the value is False, the positions keep the figures that they had before the first result,
        and new matches are added to these figures."""
        self.profit: Final[dict[LineKey, list[Cents]]] = {}
        """The two possible profits of each line: if outcome 0 wins, and if outcome 1 wins. Only the wagers without a
        result count."""
        self.winner: Final[dict[LineKey, Side | None]] = {}
        """The winning outcome of each line whose result is known. None if the line ended in a push (no winner)."""

    def hold(self, lines: Iterable[LineKey], positions: Mapping[LineKey, Position]) -> None:
        """Copy the present profits of the market's lines into ``profit``."""
        for line in lines:
            self.profit[line] = list(positions[line].profit)

    def note(self, wager: Wager) -> None:
        """Note the result of one wager."""
        if wager.state is State.VOID:
            return
        self.decided = True
        if isinstance(wager, LineWager):
            self.winner[wager.line] = _winner(wager)

    def move(self, line: LineKey, side: Side, matched: Cents, win: Cents) -> None:
        """Change the sums for the wagers that back one outcome of a line and have no result yet. ``matched`` is added
        to their matched stakes, and ``win`` is added to their wins. Each amount may be negative."""
        profit = self.profit.setdefault(line, [0, 0])
        profit[side] += win
        profit[1 - side] -= matched

    @property
    def done(self) -> bool:
        """True if every wager of the market has its result."""
        return not any(first or second for first, second in self.profit.values())

    def value(self, line: LineKey, probability: float | None) -> Cents | None:
        """Return the value of a line's wagers that have no result yet, in cents. If the result of the line is known,
        the value is exact. If only the ``probability`` of outcome 0 is known, the value is the expected profit. If the
        result and the probability are both unknown, the value is None."""
        first, second = self.profit.get(line, (0, 0))
        if line in self.winner:
            winner = self.winner[line]
            return 0 if winner is None else (first, second)[winner]
        return None if probability is None else round(probability * first + (1.0 - probability) * second)


def _winner(wager: LineWager) -> Side | None:
    """Return the outcome that won, as the result of one wager shows. The result is None after a push or a draw, or if
    the exchange names no result."""
    if wager.result in WON_RESULTS:
        return wager.side
    return 1 - wager.side if wager.result in LOST_RESULTS else None
