"""Readers of single values: tolerant of their form (7, 7.0 and "7"), strict about their meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from mmbot.domain.instant import Instant, from_iso
from mmbot.domain.odds import Odds, is_odds
from mmbot.exchange.dialect import Malformed

Id = int | float | str | None
T = TypeVar("T")


class WireLevel(msgspec.Struct, gc=False):
    """The needed fields of one entry of ``selections``. Both are null in the placeholder of an empty side."""

    odds: int | float | None = None
    value: Annotated[float, Meta(ge=0, lt=1e11)] | None = None


Selections = list[list[WireLevel] | None] | None
"""One list for each outcome, in the exchange's order. Lists may be null (docs/protocol.md 5.2, 15)."""


def whole(value: Id, what: str) -> int:
    """An integer that the wire may write as 7, 7.0 or "7". Raises ValueError for anything else."""
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise ValueError(f"{what} is no integer: {value!r}")


def american(value: float | None, what: str = "odds") -> Odds:
    """American odds, which the wire may write as 110.0; -100 is read as its equal, +100 (docs/protocol.md 7.1)."""
    odds = whole(value, what)
    if odds == -100:
        return 100
    if not is_odds(odds):
        raise ValueError(f"{what} are no American price: {value!r}")
    return odds


def moment(value: Id) -> Instant | None:
    """The instant of an RFC 3339 text; None if it is missing, unreadable or the zero time."""
    if not isinstance(value, str):
        return None
    try:
        instant = from_iso(value)
    except (ValueError, OverflowError):
        return None
    return instant if instant > 0 else None


def text_of(value: Id) -> str:
    """An id as text; empty if it is missing."""
    return "" if value is None else str(value)


def why(bad: Exception) -> str:
    """The text of an exception, shortened."""
    return str(bad)[:200]


class Envelope(msgspec.Struct, gc=False):
    """The envelope of every successful answer but the connection config (docs/protocol.md 3)."""

    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    last_synced_at: Id = None


def unwrap(body: bytes) -> msgspec.Raw:
    """The value under ``data``.

    Raises:
        ValueError: for a body that is no JSON object, or whose ``data`` is missing or null.
    """
    data = unwrap_or_none(body)
    if data is None:
        raise ValueError("the answer has no data")
    return data


def unwrap_or_none(body: bytes) -> msgspec.Raw | None:
    """The value under ``data``; None if it is null. Raises ValueError if it is missing."""
    envelope = msgspec.json.decode(body, type=Envelope)
    if envelope.data is msgspec.UNSET:
        raise ValueError("the answer has no data")
    return None if bytes(envelope.data) == b"null" else envelope.data


Part = msgspec.Raw | msgspec.UnsetType
"""A member that is decoded in a second step. ``Raw | None`` would take null alone."""


def part(member: Part) -> msgspec.Raw | None:
    """A member; None if it is missing or null."""
    return None if isinstance(member, msgspec.UnsetType) or bytes(member) == b"null" else member


def each(items: Sequence[msgspec.Raw], kind: type[T], malformed: Malformed) -> Iterator[tuple[int, T]]:
    """The items that decode as ``kind``, with their places. The others go to ``malformed``."""
    for place, item in enumerate(items):
        try:
            yield place, msgspec.json.decode(item, type=kind)
        except (ValueError, RecursionError) as bad:
            malformed.append(f"{kind.__name__.strip('_').lower()} {place}: {why(bad)}")
