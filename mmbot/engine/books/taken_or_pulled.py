"""Why size leaves a book: drops of levels paired with the prints that explain them (taken), or not (pulled)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

from mmbot.domain.book import Book, Levels
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, negate, profit

PAIRING: Final = 2 * SECOND
"""A print and the drop that it explains come within this of each other, in either order."""


AT_ONCE: Final = 4
"""So many more than came are judged in one call at most."""


_Shift = tuple[Instant, LineKey, Book, Book]
"""When a line's book was replaced; the old one and the new."""


class _Print:
    __slots__ = ("at", "line", "odds", "side", "value")

    def __init__(self, at: Instant, line: LineKey, side: Side, odds: Odds, value: Cents) -> None:
        self.at = at
        self.line = line
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
        self._shifts: deque[_Shift] = deque()
        self._came = 0
        """Shifts since ``pair`` was last called."""
        self._told: deque[_Print] = deque()
        self._prints: dict[LineKey, deque[_Print]] = {}

    def shift(self, line: LineKey, old: Book, new: Book, now: Instant) -> None:
        """A book was replaced."""
        self._shifts.append((now, line, old, new))
        self._came += 1

    def printed(self, line: LineKey, side: Side, odds: Odds, stake: Cents, now: Instant) -> None:
        """A match of ``stake`` on an outcome at ``odds``, told from its taker's or its maker's side."""
        told = _Print(now, line, side, odds, stake)
        self._told.append(told)
        self._prints.setdefault(line, deque()).append(told)

    def pair(self, now: Instant) -> None:
        """Judge drops that are old enough; not many at a time, so that no call pays for a burst alone."""
        shifts, told = self._shifts, self._told
        most, self._came = AT_ONCE + self._came, 0
        while shifts and shifts[0][0] + PAIRING <= now and most:
            most -= 1
            at, line, old, new = shifts.popleft()
            prints = self._prints.get(line, ())
            for side in (0, 1):
                self._judge(at, side, old.sides[side], new.sides[side], prints)
        judged = shifts[0][0] if shifts else now
        while told and told[0].at + 2 * PAIRING <= min(now, judged + PAIRING):
            line = told.popleft().line
            of_line = self._prints[line]
            of_line.popleft()
            if not of_line:
                del self._prints[line]

    def _judge(self, at: Instant, side: Side, old: Levels, new: Levels, prints: Iterable[_Print]) -> None:
        if old == new:
            return
        left: dict[Odds, Cents] | None = None
        for level, there in zip_longest(old, new):
            if level == there:
                continue
            if level is None:
                return
            if left is None:
                left = {each.odds: each.value for each in new}
            gone = level.value - left.get(level.odds, 0)
            if gone <= 0:
                continue
            for told in prints:
                if gone <= 0 or abs(told.at - at) > PAIRING or told.value <= 0:
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
