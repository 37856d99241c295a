"""A user's own fair probabilities: one form for the watched file and for the loopback POST, read all or nothing.

    {"prices": [{"line_id": "5f…", "probability": 0.431, "at": "2026-10-01T18:30:00Z"}]}

``line_id`` names the outcome, ``probability`` is the chance that it wins given that it is not pushed, and ``at``, which
may be left out, is when the price was made. Its age counts from there. When to look at the file is the daemon's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from mmbot.config.problems import Problem, nearest
from mmbot.domain.instant import SECOND, Instant, from_iso, iso

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a file or a body at most; some 80,000 prices."""

CLOCK_SLACK: Final = 5 * SECOND
"""How far ahead of our clock a price may claim to be made, for clocks that differ."""

_OFFSET: Final = re.compile(r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$")
_KEYS: Final = ("line_id", "probability", "at")


class OwnPrice(NamedTuple):
    """One price, with the fields of the engine's price event in their order."""

    line_id: str
    probability: float
    """In (0, 1), of the outcome that ``line_id`` stands for."""
    at: Instant


class PriceError(ValueError):
    """Prices that cannot be used; none of them is. ``problems`` has everything that is wrong."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


def parse_prices(body: bytes, now: Instant, where: str, made: Instant | None = None) -> tuple[OwnPrice, ...]:
    """Read prices.

    Args:
        body: JSON in UTF-8.
        now: the present; a price made later than this (and a few seconds) is refused.
        where: what to call the body in problems: a file's name, ``POST /prices``.
        made: when prices without ``at`` were made; ``now`` by default.

    Raises:
        PriceError: with everything that is wrong. A price that follows a wrong one is not used either.
    """
    if len(body) > LARGEST:
        raise PriceError([Problem(where, f"is larger than {LARGEST:,} bytes")])
    try:
        values = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise PriceError([Problem(where, "is not UTF-8 text")]) from error
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        raise PriceError([Problem(place, f"is no JSON: {error.msg}")]) from error
    except RecursionError as error:
        raise PriceError([Problem(where, "is nested too deeply")]) from error
    except ValueError as error:  # a key that stands twice, or a whole number of thousands of digits
        raise PriceError([Problem(where, str(error))]) from error
    prices: list[OwnPrice] = []
    problems = [
        Problem(f"{where}: {place}" if place else where, why) for place, why in _read(values, now, made, prices)
    ]
    if problems:
        raise PriceError(problems)
    return tuple(prices)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key '{next(key for key in keys if keys.count(key) > 1)}' stands twice in one object")
    return values


def _instant(text: str) -> Instant:
    """An instant that says its offset: the exchange's are in UTC without one, a user's may be of any zone."""
    if _OFFSET.search(text) is None:
        raise ValueError(f"{text!r} has no offset")
    return from_iso(text)


def _no_constant(name: str) -> float:
    return math.nan if name == "NaN" else math.inf


def _read(values: Any, now: Instant, made: Instant | None, prices: list[OwnPrice]) -> Iterator[tuple[str, str]]:
    """Add what is right to ``prices`` and tell what is wrong: where, and why."""
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
        for key in item:
            if key not in _KEYS:
                yield f"{place}.{key}", f"unknown key{nearest(key, _KEYS)}"
        line_id: Any = item.get("line_id")
        probability: Any = item.get("probability")
        at = now if made is None else made
        right = True
        if not isinstance(line_id, str) or not line_id:
            right = False
            yield f"{place}.line_id", "expected text that is not empty"
        elif line_id in seen:
            right = False
            yield f"{place}.line_id", f"the same line_id stands in prices[{seen[line_id]}] already"
        else:
            seen[line_id] = number
        if type(probability) not in (int, float) or not 0.0 < probability < 1.0:
            right = False
            yield f"{place}.probability", f"expected a number above 0 and below 1, found {json.dumps(probability)[:40]}"
        if "at" in item:
            try:
                at = _instant(item["at"])
            except (ValueError, TypeError, AttributeError):
                right = False
                yield f"{place}.at", "expected an RFC 3339 instant with its offset, like 2026-10-01T18:30:00Z"
            else:
                if at > now + CLOCK_SLACK:
                    right = False
                    yield f"{place}.at", f"lies ahead; it is {iso(now)} now"
        if right:
            prices.append(OwnPrice(line_id, float(probability), min(at, now)))
