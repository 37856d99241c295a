"""Functions that read single values. A function accepts several forms of a value (7, 7.0 and "7"). It rejects a value
that has no clear meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from mmbot.domain.bounds import LARGEST_DOLLARS, LARGEST_ID, LATEST, LONGEST_TEXT
from mmbot.domain.instant import Instant, from_iso
from mmbot.domain.odds import Odds, is_odds
from mmbot.exchange.dialect import MalformedItems

Id = int | float | str | None

Number = Annotated[int, Meta(ge=-LARGEST_ID, le=LARGEST_ID)]
"""The type of an integer in the exchange's JSON. An integer beyond ``LARGEST_ID`` cannot be stored, and its message is
rejected."""
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
"""The type of a name, a word or an id in the exchange's JSON, with at most ``LONGEST_TEXT`` characters. If a text is
longer, its message or item is rejected."""

T = TypeVar("T")

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,40}")
_AMOUNT: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")


def whole(value: Id, what: str) -> int:
    """Return an integer. The exchange may write it as 7, 7.0 or "7". Raises ValueError for any other value, and for an
    integer beyond ``LARGEST_ID``."""
    if isinstance(value, float):
        is_whole = value.is_integer()
    elif isinstance(value, str):
        is_whole = _WHOLE.fullmatch(value) is not None
    else:
        is_whole = value is not None
    number = int(value or 0) if is_whole else 0
    if not is_whole or abs(number) > LARGEST_ID:
        raise ValueError(f"{what} is no integer: {_shown(value)}")
    return number


def american(value: Id, what: str = "odds") -> Odds:
    """Return American odds. The exchange may write odds as 110.0. The odds -100 are read as +100, which is the same
    price (docs/protocol.md 7.4)."""
    odds = whole(value, what)
    if odds == -100:
        return 100
    if not is_odds(odds):
        raise ValueError(f"{what} are no American price: {_shown(value)}")
    return odds


def amount(value: Id) -> float:
    """Return an amount in dollars. The exchange may write it as 5, 5.0 or "5.00". Raises ValueError for any other
    value, and for an amount beyond ``LARGEST_DOLLARS``."""
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        value = float(value)
    if not isinstance(value, int | float) or not -LARGEST_DOLLARS <= value <= LARGEST_DOLLARS:
        raise ValueError(f"no amount of money: {_shown(value)}")
    return value


def word(text: str | None) -> str:
    """Return a word of an enumeration in its usual spelling, in lower case and with underscores."""
    return "" if text is None else text.strip().lower().replace(" ", "_").replace("-", "_")


def moment(value: Id) -> Instant | None:
    """Return the instant of a text in the form of RFC 3339, such as ``2026-12-01T15:04:05Z``. None if the text is
    missing or unreadable, or names the zero time (year 1) or a time later than ``LATEST``."""
    if not isinstance(value, str):
        return None
    try:
        instant = from_iso(value)
    except (ValueError, OverflowError):
        return None
    return instant if 0 < instant <= LATEST else None


def _shown(value: object) -> str:
    """Return a value as text for an error message. The text is shortened, because the value may have thousands of
    digits."""
    return repr(value)[:60]


def text_of(value: Id) -> str:
    """Return an id or a cursor as text. The text is empty if the id is missing.

    Raises:
        ValueError: if the text is longer than ``LONGEST_TEXT``.
    """
    text = "" if value is None else str(value)
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"longer than {LONGEST_TEXT} characters: {_shown(value)}")
    return text


def why(bad: Exception) -> str:
    """Return the text of an exception, shortened."""
    return str(bad)[:200]


class Envelope(msgspec.Struct, gc=False):
    """The outer object of every successful answer except the connection config (docs/protocol.md 3)."""

    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    last_synced_at: Id = None


def unwrap(body: bytes) -> msgspec.Raw:
    """Return the value of the member ``data``.

    Raises:
        ValueError: if the body is not a JSON object, or if ``data`` is missing or null.
    """
    data = unwrap_or_none(body)
    if data is None:
        raise ValueError("the answer has no data")
    return data


def unwrap_or_none(body: bytes) -> msgspec.Raw | None:
    """Return the value of the member ``data``. None if the value is null. Raises ValueError if ``data`` is missing."""
    envelope = msgspec.json.decode(body, type=Envelope)
    if envelope.data is msgspec.UNSET:
        raise ValueError("the answer has no data")
    return None if bytes(envelope.data) == b"null" else envelope.data


Part = msgspec.Raw | msgspec.UnsetType
"""The type of a member of a JSON object that is decoded in a second step."""


def part(member: Part) -> msgspec.Raw | None:
    """Return a member of a JSON object. None if the member is missing or null."""
    return None if isinstance(member, msgspec.UnsetType) or bytes(member) == b"null" else member


def each(
    items: Sequence[msgspec.Raw], kind: type[T], malformed: MalformedItems, what: str = ""
) -> Iterator[tuple[int, T]]:
    """Yield each item that can be decoded as ``kind``, with its position. For any other item, the reason is added to
    ``malformed``. The reason calls the item ``what``. If ``what`` is empty, it uses the name of ``kind``."""
    name = what or kind.__name__.strip("_").lower()
    for place, item in enumerate(items):
        try:
            yield place, msgspec.json.decode(item, type=kind)
        except (ValueError, RecursionError) as bad:
            malformed.append(f"{name} {place}: {why(bad)}")
