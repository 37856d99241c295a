"""Counts how size leaves the books. If a print (a public message about a match) explains why a level became smaller,
the size was taken. Otherwise the maker who had offered the size pulled it."""

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
"""The longest time between a print (a public message about a match) and the drop of a level that the print explains.
The print may come before or after the drop."""

JUDGED_AT_ONCE: Final = 4
"""One call of ``pair`` may judge as many books as were replaced since the previous call, and this number of books
more."""

_Replacement = tuple[Instant, LineKey, Book, Book]
"""The type of a replaced book: the instant of the replacement, the line, the old book and the new book."""


class _Print:
    __slots__ = ("at", "line", "odds", "side", "value")

    def __init__(self, at: Instant, line: LineKey, side: Side, odds: Odds, value: Cents) -> None:
        self.at = at
        self.line = line
        self.side = side
        self.odds = odds
        self.value = value


class TakenOrPulled:
    """Records books and prints (public messages about matches) when they come, and compares them later. So no request
    has to wait for the comparison."""

    def __init__(self) -> None:
        self.taken: Cents = 0
        """The total size that was matched and so left the books, in cents of takers' stake."""
        self.pulled: Cents = 0
        """The total size that makers withdrew from the books, in cents of takers' stake."""
        self._replacements: deque[_Replacement] = deque()
        self._came = 0
        """The number of books that were replaced since the previous call of ``pair``."""
        self._prints: deque[_Print] = deque()
        self._by_line: dict[LineKey, deque[_Print]] = {}

    def replaced(self, line: LineKey, old: Book, new: Book, now: Instant) -> None:
        """Record that the book in a message replaced the book of a line."""
        self._replacements.append((now, line, old, new))
        self._came += 1

    def printed(self, line: LineKey, side: Side, odds: Odds, stake: Cents, now: Instant) -> None:
        """Record a print: a match of ``stake`` on an outcome at ``odds``. The print may describe the wager of the taker
        or the wager of the maker."""
        match = _Print(now, line, side, odds, stake)
        self._prints.append(match)
        self._by_line.setdefault(line, deque()).append(match)

    def pair(self, now: Instant) -> None:
        """For books that were replaced at least ``PAIRING`` (2 s) ago, decide whether size was taken (matched) or
        pulled (withdrawn). Each call handles only a few books, and forgets old public messages about matches."""
        replacements, prints = self._replacements, self._prints
        most, self._came = JUDGED_AT_ONCE + self._came, 0
        while replacements and replacements[0][0] + PAIRING <= now and most:
            most -= 1
            at, line, old, new = replacements.popleft()
            of_line = self._by_line.get(line, ())
            for side in (0, 1):
                self._judge(at, side, old.sides[side], new.sides[side], of_line)
        judged = replacements[0][0] if replacements else now
        while prints and prints[0].at + 2 * PAIRING <= min(now, judged + PAIRING):
            line = prints.popleft().line
            earlier = self._by_line[line]
            earlier.popleft()
            if not earlier:
                del self._by_line[line]

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
            for match in prints:
                if gone <= 0 or abs(match.at - at) > PAIRING or match.value <= 0:
                    continue
                if match.side == side and match.odds == level.odds:
                    part = min(gone, match.value)
                    match.value -= part
                elif match.side != side and match.odds == negate(level.odds):
                    part = min(gone, profit(match.value, match.odds))
                    match.value = 0
                else:
                    continue
                gone -= part
                self.taken += part
            self.pulled += max(0, gone)
