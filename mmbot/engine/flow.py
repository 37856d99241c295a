"""Why size leaves a book: drops of levels paired with the prints that explain them (taken), or not (pulled)."""

from __future__ import annotations

from typing import Final, NamedTuple

from mmbot.domain.book import Book
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, negate, profit

PAIRING: Final = 2 * SECOND
"""A print and the drop that it explains come within this of each other, in either order."""


class _Shift(NamedTuple):
    at: Instant
    old: Book
    new: Book


class _Print:
    __slots__ = ("at", "odds", "side", "value")

    def __init__(self, at: Instant, side: Side, odds: Odds, value: Cents) -> None:
        self.at = at
        self.side = side
        self.odds = odds
        self.value = value


class Flow:
    """Notes books and prints as they come, and pairs them later: nothing of it is on the way to a request."""

    def __init__(self) -> None:
        self.taken: Cents = 0
        """Takers' stakes that left books by matches, in total."""
        self.pulled: Cents = 0
        """What their makers took back."""
        self._shifts: dict[LineKey, list[_Shift]] = {}
        self._prints: dict[LineKey, list[_Print]] = {}

    def shift(self, line: LineKey, old: Book, new: Book, now: Instant) -> bool:
        """A book was replaced. True if this is the first to be paired on its line."""
        shifts = self._shifts.get(line)
        if shifts is None:
            self._shifts[line] = [_Shift(now, old, new)]
            return True
        shifts.append(_Shift(now, old, new))
        return False

    def printed(self, line: LineKey, side: Side, odds: Odds, stake: Cents, now: Instant) -> None:
        """A match of ``stake`` on an outcome at ``odds``, told from its taker's or its maker's side."""
        self._prints.setdefault(line, []).append(_Print(now, side, odds, stake))

    def pair(self, line: LineKey, now: Instant) -> Instant | None:
        """Judge the drops that are old enough. Returns when to come again, None if nothing is left."""
        shifts = self._shifts.get(line, [])
        prints = self._prints.get(line, [])
        ripe = 0
        while ripe < len(shifts) and shifts[ripe].at + PAIRING <= now:
            for side in (0, 1):
                self._judge(shifts[ripe], side, prints)
            ripe += 1
        del shifts[:ripe]
        prints = [told for told in prints if told.at + 2 * PAIRING > now]
        if prints:
            self._prints[line] = prints
        else:
            self._prints.pop(line, None)
        if not shifts:
            self._shifts.pop(line, None)
            return None
        return shifts[0].at + PAIRING

    def _judge(self, shift: _Shift, side: Side, prints: list[_Print]) -> None:
        old, new = shift.old.sides[side], shift.new.sides[side]
        if old == new:
            return
        left = dict(new)
        for level in old:
            gone = level.value - left.get(level.odds, 0)
            if gone <= 0:
                continue
            for told in prints:
                if gone <= 0 or abs(told.at - shift.at) > PAIRING or told.value <= 0:
                    continue
                if told.side == side and told.odds == level.odds:
                    part = min(gone, told.value)
                    told.value -= part
                elif told.side != side and told.odds == negate(level.odds):
                    part = min(gone, profit(told.value, told.odds))
                    told.value = 0
                else:
                    continue
                gone -= part
                self.taken += part
            self.pulled += max(0, gone)
