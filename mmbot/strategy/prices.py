"""Reads the user's own fair probabilities from a file or from the body of ``POST /prices``. One mistake rejects all
prices.

    {"prices": [{"line_id": "5f…", "probability": 0.431, "at": "2026-10-01T18:30:00Z"}]}

``line_id`` names the outcome. ``probability`` is the chance that the outcome wins, if there is no push. ``at`` is the
time of the price. The age of the price is counted from this time. ``at`` may be missing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from mmbot.config.problems import Problem
from mmbot.config.suggestions import nearest
from mmbot.domain.bounds import LONGEST_TEXT
from mmbot.domain.instant import SECOND, Instant, from_iso, iso
from mmbot.domain.words import is_text

LARGEST: Final = 8 * 1024 * 1024
"""The largest size of a file or body with prices, in bytes. It is enough for about 80,000 prices."""

CLOCK_SLACK: Final = 5 * SECOND
"""How far the time of a price may be ahead of our clock. Clocks may differ by this much."""

LONGEST_PLACE: Final = 100
"""The greatest length of a place in the list of mistakes, in characters. An example of a place is
``prices[3].line_id``."""

MOST_PROBLEMS: Final = 100
"""The greatest number of mistakes of a file or body that are listed. If there are more mistakes, the end of the list
says so."""

_OFFSET: Final = re.compile(r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$")
_KEYS: Final = ("line_id", "probability", "at")


class OwnPrice(NamedTuple):
    """One price of the user."""

    # Its fields are the fields of the engine's ``PriceGiven``, in the same order.

    line_id: str
    probability: float
    """The probability that the outcome with the given ``line_id`` wins, above 0 and below 1."""
    at: Instant


class PriceError(ValueError):
    """Raised if a price is wrong. In this case, no price of the file or body is used. ``problems`` lists the mistakes,
    at most ``MOST_PROBLEMS`` of them."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


def parse_prices(body: bytes, now: Instant, where: str, made: Instant | None = None) -> tuple[OwnPrice, ...]:
    """Read prices from a file or a request.

    Args:
        body: JSON in UTF-8.
        now: the present instant. A price whose ``at`` is more than ``CLOCK_SLACK`` later is rejected.
        where: the name of the source, such as the file's name or ``POST /prices``. Each reported mistake names this
            source.
        made: the time of every price that has no ``at``. By default, this is ``now``.

    Raises:
        PriceError: if there is a mistake. The error lists the mistakes, and no price is used.
    """
    if len(body) > LARGEST:
        raise PriceError([Problem(where, f"is larger than {LARGEST:,} bytes")])
    try:
        values = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise PriceError([Problem(where, "is not UTF-8 text")]) from error
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        raise PriceError([Problem(place, f"is not JSON: {error.msg}")]) from error
    except RecursionError as error:
        raise PriceError([Problem(where, "is nested too deeply")]) from error
    except ValueError as error:  # a repeated key, or an integer of thousands of digits
        raise PriceError([Problem(where, str(error))]) from error
    prices: list[OwnPrice] = []
    problems: list[Problem] = []
    for place, why in _read(values, now, made, prices):
        if len(problems) == MOST_PROBLEMS:
            problems.append(Problem(where, "has more mistakes, which are not listed"))
            break
        problems.append(Problem(f"{where}: {place[:LONGEST_PLACE]}" if place else where, why))
    if problems:
        raise PriceError(problems)
    return tuple(prices)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if not is_text(key) or (isinstance(value, str) and not is_text(value)):
            raise ValueError("expected text without the character NUL and without half of a surrogate pair")
        if key in values:
            raise ValueError(f"the key '{key[:LONGEST_PLACE]}' stands twice in one object")
        values[key] = value
    return values


def _instant(text: str) -> Instant:
    """Read an instant. The text must have a UTC offset, because the user may write times of any time zone."""
    if _OFFSET.search(text) is None:
        raise ValueError(f"{text!r} has no offset")
    return from_iso(text)


def _no_constant(name: str) -> float:
    return math.nan if name == "NaN" else math.inf


def _read(values: Any, now: Instant, made: Instant | None, prices: list[OwnPrice]) -> Iterator[tuple[str, str]]:
    """Append the correct prices to ``prices``. Yield the place of each mistake, and the reason why it is a mistake."""
    if not isinstance(values, dict) or not isinstance(values.get("prices"), list):
        yield "", 'expected {"prices": [{"line_id": …, "probability": …}, …]}'
        return
    for key in values:
        if key != "prices":
            yield key, f"unknown key{nearest(key, ('prices',))}"
    seen: dict[str, int] = {}
    for number, item in enumerate(values["prices"]):
        place = f"prices[{number}]"
        if not isinstance(item, dict):
            yield place, "expected an object with line_id, probability and, if known, at"
            continue
        wrong = [*_wrong_keys(item), *_wrong_outcome(item, seen), *_wrong_instant(item, now)]
        for field, why in wrong:
            yield f"{place}.{field}", why
        if all(field != "line_id" for field, _ in wrong):
            seen.setdefault(item["line_id"], number)
        if all(field not in _KEYS for field, _ in wrong):
            at = _instant(item["at"]) if "at" in item else now if made is None else made
            prices.append(OwnPrice(item["line_id"], float(item["probability"]), min(at, now)))


def _wrong_keys(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in item:
        if key not in _KEYS:
            yield key, f"unknown key{nearest(key, _KEYS)}"


def _wrong_outcome(item: dict[str, Any], seen: dict[str, int]) -> Iterator[tuple[str, str]]:
    line_id: Any = item.get("line_id")
    probability: Any = item.get("probability")
    if not isinstance(line_id, str) or not 0 < len(line_id) <= LONGEST_TEXT:
        most = f", of at most {LONGEST_TEXT} characters" if isinstance(line_id, str) and line_id else ""
        yield "line_id", f"expected text that is not empty{most}"
    elif line_id in seen:
        yield "line_id", f"the same line_id stands in prices[{seen[line_id]}] already"
    if type(probability) not in (int, float) or not 0.0 < probability < 1.0:
        yield "probability", f"expected a number above 0 and below 1, found {json.dumps(probability)[:40]}"


def _wrong_instant(item: dict[str, Any], now: Instant) -> Iterator[tuple[str, str]]:
    if "at" not in item:
        return
    try:
        at = _instant(item["at"])
    except (ValueError, TypeError, AttributeError):
        yield "at", "expected an RFC 3339 instant with its offset, like 2026-10-01T18:30:00Z"
        return
    if at > now + CLOCK_SLACK:
        yield "at", f"lies ahead; it is {iso(now)} now"
