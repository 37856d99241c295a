"""The matches of one wager, each with its stake and odds, from messages that may repeat, merge matches or get lost.

A match message carries no id of the match, but it carries the stake of the match and the total matched stake after it.
So the match is one piece of the wager's stake, which begins at total minus match and ends at total. Pieces may come in
any order and twice. Each match earns the profit at its own odds, rounded half up, as the exchange pays it
(docs/protocol.md 7.5). Matched stake that no message described counts at the wager's own odds until the odds of all
matches are read from the exchange.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, profit
from mmbot.domain.wager import MatchDetail


class Piece(NamedTuple):
    """One match: the part of the stake from ``start`` to ``end``, and its win. All in cents."""

    start: Cents
    end: Cents
    win: Cents


class Matches:
    """The matched part of one wager, in cents."""

    __slots__ = ("_accounted", "_detailed", "_pieces", "_won", "disputed", "odds", "total")

    def __init__(self, odds: Odds) -> None:
        self.odds = odds
        """The odds of the wager itself."""
        self.total: Cents = 0
        """The matched part of the stake: the greatest total that was ever reported."""
        self.disputed = False
        """True if messages contradicted each other."""
        self._pieces: list[Piece] = []
        self._accounted: Cents = 0
        self._won: Cents = 0
        self._detailed: Cents = 0

    @property
    def unaccounted(self) -> Cents:
        """The part of the total whose odds are not known yet, in cents."""
        return self.total - self._accounted

    @property
    def estimated(self) -> bool:
        """True if ``win`` depends on an assumption about odds."""
        return self.disputed or self._accounted < self.total

    @property
    def win(self) -> Cents:
        """The profit of the matched part if the wager wins, in cents."""
        unaccounted = self.total - self._accounted
        return self._won + profit(unaccounted, self.odds) if unaccounted > 0 else self._won

    def rise(self, total: Cents) -> None:
        """Raise the total to a reported total. A lower reported total changes nothing."""
        self.total = max(self.total, total)

    def correct(self, total: Cents) -> None:
        """Set the total to what the exchange's records proved. If it falls, the matches beyond it are dropped."""
        if total < self.total:
            self._pieces = [piece for piece in self._pieces if piece.end <= total]
            self._accounted = sum(piece.end - piece.start for piece in self._pieces)
            self._won = sum(piece.win for piece in self._pieces)
            self._detailed = min(self._detailed, total)
            self.disputed = False
        self.total = total

    def add(self, total: Cents, stake: Cents, odds: Odds) -> None:
        """Add one match: the total after it, its stake and its odds. A match that is reported twice counts once."""
        start = total - stake
        if stake <= 0 or total <= self._detailed:
            return
        if start < self._detailed or start < 0:
            self.disputed = True  # the total is too small for this match
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
        """Apply the matching detail: a list of all matches up to some total. It replaces the pieces up to that total.

        A late answer changes nothing. An answer is late if its total is smaller than that of an earlier answer, or
        smaller than a total that messages describe completely.
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
        """Set the matched stake and the win of a wager that comes from the journal or the archive, in cents."""
        self._pieces = [Piece(0, stake, win)]
        self._accounted = self._detailed = self.total = stake
        self._won = win
