"""The archive of ended wagers. It holds enough to recognise a used ``external_id``, and to correct a result that
changes late.

An ``external_id`` is a prefix and a number that grows with each wager of its run and strategy. So the highest number of
each prefix shows which ids were used.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Final, NamedTuple

from mmbot.domain.money import Cents

_DIGITS: Final = "0123456789"


class Remembered(NamedTuple):
    """The figures of one wager, in cents. All figures are zero if nothing was matched."""

    matched: Cents = 0
    win: Cents = 0
    booked: Cents = 0
    """The part of the market's profit before commission that came from the wager."""


_NOTHING: Final = Remembered()


class _Series:
    """The stored figures of wagers whose ids differ only in the number at the end."""

    # Each wager that was matched takes 32 bytes, for its number and three figures.

    __slots__ = ("columns", "highest", "numbers")

    def __init__(self) -> None:
        self.highest = -1
        self.numbers = array("q")
        self.columns = (array("q"), array("q"), array("q"))

    def put(self, number: int, remembered: Remembered) -> None:
        self.highest = max(self.highest, number)
        place = bisect_left(self.numbers, number)
        if place < len(self.numbers) and self.numbers[place] == number:
            for column, value in zip(self.columns, remembered, strict=True):
                column[place] = value
        elif remembered != _NOTHING:
            self.numbers.insert(place, number)
            for column, value in zip(self.columns, remembered, strict=True):
                column.insert(place, value)

    def get(self, number: int) -> Remembered | None:
        if number > self.highest:
            return None
        place = bisect_left(self.numbers, number)
        if place < len(self.numbers) and self.numbers[place] == number:
            return Remembered(*(column[place] for column in self.columns))
        return _NOTHING


class Archive:
    """The figures of our wagers that the ledger no longer holds."""

    __slots__ = ("_others", "_series")

    def __init__(self) -> None:
        self._series: dict[str, _Series] = {}
        self._others: dict[str, Remembered] = {}

    def put(self, external_id: str, remembered: Remembered) -> None:
        """Store the figures of a wager. The new figures replace the earlier figures of the same wager."""
        prefix, number = split_id(external_id)
        if number is None:
            self._others[external_id] = remembered
            return
        series = self._series.get(prefix)
        if series is None:
            series = self._series[prefix] = _Series()
        series.put(number, remembered)

    def get(self, external_id: str) -> Remembered | None:
        """Return the figures of a wager. The result is None if no wager with this id was stored."""
        prefix, number = split_id(external_id)
        if number is None:
            return self._others.get(external_id)
        series = self._series.get(prefix)
        return None if series is None else series.get(number)

    def holds(self, external_id: str, prefix: str, number: int | None) -> bool:
        """Return whether a wager with this id was stored. ``prefix`` and ``number`` are the two parts of the id that
        ``split_id`` returned."""
        if number is None:
            return external_id in self._others
        series = self._series.get(prefix)
        return series is not None and series.get(number) is not None


def split_id(external_id: str) -> tuple[str, int | None]:
    """Return the prefix of an ``external_id``, and the number at its end. The number is None if the id does not end in
    a plain number."""
    prefix = external_id.rstrip(_DIGITS)
    digits = external_id[len(prefix) :]
    return prefix, int(digits) if 0 < len(digits) < 19 else None
