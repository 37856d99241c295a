"""A fast reader for the price levels of a book."""

from __future__ import annotations

from collections.abc import Sequence
from math import dist, floor
from operator import le
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

from mmbot.domain.book import Book, Level, Levels
from mmbot.domain.bounds import LARGEST_DOLLARS
from mmbot.domain.catalogue import quarter_points
from mmbot.domain.money import cents
from mmbot.domain.odds import is_odds
from mmbot.exchange.answers.values import american

# Common prices as the exchange writes them, with their integers. ``american`` reads all other prices, more slowly.
_PRICES: Final[dict[float | None, int]] = {
    sign * size: sign * size
    for size in (*range(100, 1001), *range(1050, 25_001, 50))
    for sign in (1, -1)
    if is_odds(sign * size)
}
TOTAL: Final = "total"
"""The type of a market whose two outcomes have the same number, such as over 45.5 and under 45.5. The outcomes of a
point spread have opposite numbers, such as -3.5 and +3.5 (docs/protocol.md 5.2)."""

_SPECK: Final = 1e-7  # cents; added before rounding down, because a float may lie just below a whole number
_RESIDUE: Final = 1e-6  # cents; the most that all levels together may differ from whole cents


class WireLevel(msgspec.Struct, gc=False):
    """The fields that mmbot needs from one price level of a book. A placeholder marks an empty side. Its odds and its
    value are null."""

    odds: int | float | None = None
    value: Annotated[float, Meta(ge=0, le=LARGEST_DOLLARS)] | None = None


Selections = list[list[WireLevel] | None] | None
"""The type of the price levels of a book, with one list for each outcome, in the exchange's sequence. A list may be
null (docs/protocol.md 3)."""


def book_of(selections: Selections) -> Book:
    """Return the book of a line. A side of the book is empty if its list is null or missing. It is also empty if the
    list has only placeholders and levels without a value.

    Raises:
        ValueError: if odds are not a valid price, or a value is not an amount of money. The error is also raised if
            there are not exactly two sides.
    """
    if not selections:
        return Book()
    if len(selections) != 2:
        raise ValueError(f"a book has two sides, not {len(selections)}")
    first = selections[0] or []
    second = selections[1] or []
    try:
        return _plain(first, second)
    except (KeyError, TypeError, ValueError, OverflowError):
        # At least one level is unusual, so each level is read by itself.
        return Book((_levels(first), _levels(second)))


class Numbered(Protocol):
    """A price level that may name the number of its line (the point spread of its outcome, or the total)."""

    line: float | None


def number_of(line: float | None, sides: Sequence[Sequence[Numbered] | None] | None, market_type: str | None) -> int:
    """Return the number of a line in quarter points (14 means 3.5). If the line itself has a number, this number is
    used. Otherwise the number of the first outcome is used. In a total, the number of the second outcome can be used
    too. Without any number, the result is 0.

    Raises:
        ValueError: if the number is not a multiple of a quarter point. The error is also raised if only the second
            outcome of a point spread has a number, because this number may be the opposite of the line's number.
    """
    if line is not None:
        return quarter_points(line)
    numbers = [next((each.line for each in side or () if each.line is not None), None) for side in sides or ()]
    if numbers and numbers[0] is None and any(numbers) and market_type != TOTAL:
        raise ValueError("neither the line nor its first outcome says its number")
    return quarter_points(next((number for number in numbers if number is not None), 0.0))


def _plain(first: list[WireLevel], second: list[WireLevel]) -> Book:
    """Read all price levels together, which is faster than one by one. Raises an error if a level is unusual, for
    example without a value."""
    levels = first + second
    exact = [level.value * 100 + _SPECK for level in levels]  # type: ignore[operator]  # None: TypeError
    whole = list(map(floor, exact))
    odds = [_PRICES[level.odds] for level in levels]
    split = len(first)
    # Of two American odds, the greater integer pays a taker more. So best first means in descending order.
    if (
        not dist(exact, whole) < _RESIDUE
        or 0 in whole
        or any(map(le, odds[: split - 1], odds[1:split]))
        or any(map(le, odds[split:-1], odds[split + 1 :]))
    ):
        raise ValueError
    found = list(map(Level, odds, whole))
    return Book((tuple(found[:split]), tuple(found[split:])))


def _levels(side: Sequence[WireLevel]) -> Levels:
    found: dict[int, int] = {}
    for level in side:
        if level.odds is None or not level.value:
            continue
        odds = american(level.odds)
        found[odds] = found.get(odds, 0) + cents(level.value)  # -100 and +100 are the same price
    return tuple([Level(odds, found[odds]) for odds in sorted(found, reverse=True)])
