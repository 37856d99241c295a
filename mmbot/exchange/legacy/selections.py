"""The fast reader of the levels of a book."""

from __future__ import annotations

from collections.abc import Sequence
from math import dist, floor
from operator import le
from typing import Final, Protocol

from mmbot.domain.book import Book, Level, Levels
from mmbot.domain.catalogue import quarter_points
from mmbot.domain.money import cents
from mmbot.domain.odds import is_odds
from mmbot.exchange.legacy.wire import Selections, WireLevel, american

# Prices that occur in practice, as they are on the wire, to integers: a short cut. ``american`` judges any other price.
_PRICES: Final[dict[float | None, int]] = {
    sign * size: sign * size
    for size in (*range(100, 1001), *range(1050, 25_001, 50))
    for sign in (1, -1)
    if is_odds(sign * size)
}
TOTAL: Final = "total"
"""The type of a market whose outcomes share one number. In a spread the numbers are opposite (docs/protocol.md 5.2)."""

_LONGEST: Final = 1_000_000  # the ladder ends at 25,000
_SPECK: Final = 1e-7  # of a cent: lifts a binary float that lies just below a whole number over it
_RESIDUE: Final = 1e-6  # of a cent: the largest distance of all levels together from whole cents


def book_of(selections: Selections) -> Book:
    """The book of a line. Null, missing lists, placeholders and levels without a value give empty sides.

    Raises:
        ValueError: for odds that are no price, a value that is no amount of money, or another number of sides than two.
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
        # Some level is not plain, so each is judged by itself.
        return Book((_levels(first), _levels(second)))


class Numbered(Protocol):
    """A level that may carry the number of its line: the spread of its outcome, or the total."""

    line: float | None


def number_of(line: float | None, sides: Sequence[Sequence[Numbered] | None] | None, market_type: str | None) -> int:
    """The number of a line in quarter points: its own, else that of its first outcome, else 0. For a total, that of any
    outcome.

    Raises:
        ValueError: if it is no multiple of a quarter point; or if only the second outcome has one, which may be the
            opposite number.
    """
    if line is not None:
        return quarter_points(line)
    numbers = [next((each.line for each in side or () if each.line is not None), None) for side in sides or ()]
    if numbers and numbers[0] is None and any(numbers) and market_type != TOTAL:
        raise ValueError("neither the line nor its first outcome says its number")
    return quarter_points(next((number for number in numbers if number is not None), 0.0))


def _plain(first: list[WireLevel], second: list[WireLevel]) -> Book:
    """Read all levels at once, which keeps book messages cheap. Raises if any level is not plain."""
    levels = first + second
    exact = [level.value * 100 + _SPECK for level in levels]  # type: ignore[operator]  # None: TypeError
    whole = list(map(floor, exact))
    odds = [_PRICES[level.odds] for level in levels]
    split = len(first)
    # Among American odds the longer price is the greater integer, so best for the taker first means descending.
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
        if abs(odds) > _LONGEST:
            raise ValueError(f"odds are beyond every price: {odds}")
        found[odds] = found.get(odds, 0) + cents(level.value)  # -100 and 100 are one price
    return tuple([Level(odds, found[odds]) for odds in sorted(found, reverse=True)])
