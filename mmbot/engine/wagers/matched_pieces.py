"""Collects the matches of one wager, each with its stake and odds. The messages about matches may come twice, combine
several matches, or get lost.

A match message carries no id of the match, but it carries the stake of the match and the total matched stake after it.
So the match is one piece of the wager's stake. The piece begins at the total minus the stake of the match, and ends at
the total. Pieces may come in any order, and more than once.

The exchange rounds the win of a match by the taker's stake, and a message does not say which side was the taker. So
each match counts at the least win that its stake and odds allow, until the exchange's own figure is read. This figure
comes from the exchange's list of the matches, the wager's ``profit`` or a payment (docs/decisions/market.md). A part of
the matched stake that no message described counts at the wager's own odds, until the odds of all matches are read from
the exchange.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, greatest_profit, least_profit
from mmbot.domain.wager import MatchDetail
from mmbot.engine.orders import SavedMatches

_SLACK: Final = 1
"""A figure of the exchange is believed if it lies at most this number of cents outside the range that mmbot expects."""


class Piece(NamedTuple):
    """One match: the part of the stake from ``start`` to ``end``, and its win. All amounts are in cents."""

    start: Cents
    end: Cents
    win: Cents
    """The win of the match, by the exchange's own figure. While this figure is not known, the value is the least
    possible win."""
    most: Cents
    """The greatest possible win of the match. It is equal to ``win`` if the win is certain."""


class Matches:
    """The matched part of one wager, in cents."""

    __slots__ = ("_accounted", "_detailed", "_most", "_pieces", "_won", "disputed", "odds", "total", "unsure")

    def __init__(self, odds: Odds) -> None:
        self.odds = odds
        """The odds of the wager itself."""
        self.total: Cents = 0
        """The matched part of the stake, which is the greatest total that was ever reported."""
        self.disputed = False
        """True if messages about the matches of the wager contradicted each other."""
        self._pieces: list[Piece] = []
        self._accounted: Cents = 0
        self._won: Cents = 0
        self._most: Cents = 0
        self._detailed: Cents = 0
        self.unsure = 0
        """The number of matches whose exact win is not known. Matches in the exchange's list of matches are not
        included."""

    @property
    def unaccounted(self) -> Cents:
        """The part of the matched stake whose odds are not known yet, in cents."""
        return self.total - self._accounted

    @property
    def estimated(self) -> bool:
        """True if ``win`` depends on an assumption about odds."""
        return self.disputed or self._accounted < self.total

    @property
    def wants_detail(self) -> bool:
        """True if the exchange's list of the matches may show more, such as exact odds or an exact win."""
        return self.disputed or self._accounted < self.total or self.unsure > 0

    @property
    def win(self) -> Cents:
        """The least profit that the matched part brings if the wager wins, in cents."""
        unaccounted = self.total - self._accounted
        return self._won + least_profit(unaccounted, self.odds) if unaccounted > 0 else self._won

    def rise(self, total: Cents) -> None:
        """Raise the total matched stake to a reported total. If the reported total is lower, change nothing."""
        self.total = max(self.total, total)

    def correct(self, total: Cents) -> None:
        """Set the total matched stake to the amount that the exchange's records proved. If the total falls, drop the
        matches beyond the new total."""
        if total < self.total:
            if total < self._detailed:
                self._detailed = 0  # one piece holds all matches that were read, so the remaining ones are read again
            self.disputed = False
            self._set([piece for piece in self._pieces if piece.end <= total])
        self.total = total

    def add(self, total: Cents, stake: Cents, odds: Odds) -> None:
        """Add one match. ``stake`` and ``odds`` belong to the match, and ``total`` is the total matched stake after
        this match. A match that is reported twice counts once."""
        start = total - stake
        if stake <= 0 or total <= self._detailed:
            return
        if start < self._detailed or start < 0:
            self.disputed = True  # the total is too small for this match
            return
        piece = Piece(start, total, least_profit(stake, odds), greatest_profit(stake, odds))
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
        self._most += piece.most
        if piece.win != piece.most:
            self.unsure += 1
        self.rise(total)

    def detail(self, matches: Sequence[MatchDetail]) -> None:
        """Apply the exchange's list of the wager's matches. The list describes the matches up to some total matched
        stake, and replaces what is known about this part of the stake. A list that comes late changes nothing."""
        # A list is late if its total is smaller than the total of an earlier list, or smaller than a total that
        # messages describe completely, with a certain win.
        end: Cents = 0
        won: Cents = 0
        most: Cents = 0
        for match in matches:
            end += match.stake
            least, greatest = least_profit(match.stake, match.odds), greatest_profit(match.stake, match.odds)
            if match.win is not None and least - _SLACK <= match.win <= greatest + _SLACK:
                least = greatest = match.win
            won += least
            most += greatest
        if not end or end < self._detailed or (end < self.total and not self.wants_detail):
            return
        if not self.disputed and any(piece.start < end < piece.end for piece in self._pieces):
            return  # the answer ends within a match
        if end == self._detailed and won < most and self._pieces[0].win == self._pieces[0].most:
            return  # the exchange's figure is known already
        later = [piece for piece in self._pieces if piece.start >= end]
        self._detailed = end
        self.disputed = False
        self._set([Piece(0, end, won, most), *later])
        self.rise(end)

    def told(self, figure: Cents) -> None:
        """Take the wager's ``profit`` from a report that shows the wager as fully matched.

        Ignore this ``profit`` if it may be the win of the whole stake at the wager's own odds. Such a win is rounded in
        another way than the wins of the matches.
        """
        if self.estimated or self._won == self._most:
            return
        exact = self.total * self.odds if self.odds > 0 else 10_000 * self.total // -self.odds
        if abs(100 * figure - exact) > 100 and self._won - _SLACK <= figure <= self._most + _SLACK:
            self.known(self.total, figure)

    def paid(self, figure: Cents) -> bool:
        """Take the win that the exchange paid for the whole matched stake. Return False if the matches cannot have won
        this amount."""
        if self.estimated or not self._won - _SLACK <= figure <= self._most + _SLACK:
            return self._won == self._most == figure and not self.estimated
        self.known(self.total, figure)
        return True

    def known(self, stake: Cents, win: Cents) -> None:
        """Set the matched stake and its win, in cents, because both figures are certain now."""
        self._detailed = self.total = stake
        self.disputed = False
        self._set([Piece(0, stake, win, win)])

    def saved(self) -> SavedMatches:
        """Return the matches in the journal's form."""
        pieces = tuple([(piece.start, piece.end, piece.win, piece.most) for piece in self._pieces])
        return SavedMatches(self.total, self._detailed, self.disputed, pieces)

    def restore(self, saved: SavedMatches) -> None:
        """Take the matches from the journal."""
        self.total, self._detailed, self.disputed = saved.total, saved.detailed, saved.disputed
        self._set([Piece(*piece) for piece in saved.pieces])

    def _set(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        self._accounted = sum([piece.end - piece.start for piece in pieces])
        self._won = sum([piece.win for piece in pieces])
        self._most = sum([piece.most for piece in pieces])
        self.unsure = len([piece for piece in pieces if piece.win != piece.most and piece.start >= self._detailed])
