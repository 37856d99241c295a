"""The matches of one wager, each with its stake and odds, pieced together from messages that repeat, merge or
go missing.

A match message carries no id, but the total after it and the stake of this match alone, so it speaks of one piece of
the stake: (total - match, total]. Pieces may come in any order and twice. Each match wins its own half-up profit at its
own odds, as the exchange pays it (PROTOCOL 7.5); what no message spoke of counts at the wager's own odds until the
matching detail is read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, profit
from mmbot.domain.wager import MatchDetail


class Piece(NamedTuple):
    """One match: it took the stake from ``start`` to ``end`` and wins ``win``. All in cents."""

    start: Cents
    end: Cents
    win: Cents


class Matches:
    """The matched part of one wager, in cents."""

    __slots__ = ("_accounted", "_detailed", "_pieces", "_won", "disputed", "odds", "total")

    def __init__(self, odds: Odds) -> None:
        self.odds = odds
        """The wager's own."""
        self.total: Cents = 0
        """The matched part of the stake, by the greatest total that was ever reported."""
        self.disputed = False
        """Messages contradicted each other."""
        self._pieces: list[Piece] = []
        self._accounted: Cents = 0
        self._won: Cents = 0
        self._detailed: Cents = 0

    @property
    def unaccounted(self) -> Cents:
        """The part of the total that no match message or detail has accounted for, in cents."""
        return self.total - self._accounted

    @property
    def estimated(self) -> bool:
        """True if ``win`` rests on an assumption about odds."""
        return self.disputed or self._accounted < self.total

    @property
    def win(self) -> Cents:
        """The win of the matched part, beyond its stake."""
        unaccounted = self.total - self._accounted
        return self._won + profit(unaccounted, self.odds) if unaccounted > 0 else self._won

    def rise(self, total: Cents) -> None:
        """Take a reported total; the total only grows."""
        self.total = max(self.total, total)

    def add(self, total: Cents, stake: Cents, odds: Odds) -> None:
        """Take one match: its stake and odds, and the total after it. A match that is reported twice counts once."""
        start = total - stake
        if stake <= 0 or total <= self._detailed:
            return
        if start < self._detailed or start < 0:
            self.disputed = True  # a total that leaves this match no room
            return
        piece = Piece(start, total, profit(stake, odds))
        pieces = self._pieces
        place = len(pieces)
        if place and start < pieces[-1].end:
            place = bisect_left(pieces, piece)
            if place < len(pieces) and pieces[place] == piece:
                return
            before = place > 0 and start < pieces[place - 1].end
            if before or (place < len(pieces) and pieces[place].start < total):
                self.disputed = True
                return
        pieces.insert(place, piece)
        self._accounted += stake
        self._won += piece.win
        self.rise(total)

    def detail(self, matches: Sequence[MatchDetail]) -> None:
        """Take a read of every match up to some total: it replaces all that messages said up to there.

        One that speaks of less than an earlier one, or of less than messages told without a gap, is a late answer and
        changes nothing.
        """
        kept: list[Piece] = []
        end: Cents = 0
        for match in matches:
            kept.append(Piece(end, end + match.stake, profit(match.stake, match.odds)))
            end += match.stake
        if not end or end < self._detailed or (end < self.total and not self.estimated):
            return
        later = [piece for piece in self._pieces if piece.start >= end]
        self._pieces = kept + later
        self._detailed = end
        self._accounted = sum(piece.end - piece.start for piece in self._pieces)
        self._won = sum(piece.win for piece in self._pieces)
        self.disputed = False
        self.rise(end)

    def known(self, stake: Cents, win: Cents) -> None:
        """Begin from a matched stake and its win as they were kept earlier."""
        self._pieces = [Piece(0, stake, win)]
        self._accounted = self._detailed = self.total = stake
        self._won = win
