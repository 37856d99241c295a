"""Instants and durations in integer nanoseconds, and the clock that gives them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

Instant = int
"""Nanoseconds since the Unix epoch."""

Duration = int
"""Nanoseconds."""

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


class Clock(Protocol):
    """The one source of time. ``now`` never goes back; ``wall`` follows the machine's clock and may step."""

    @property
    def rate(self) -> float:
        """How many seconds of this clock pass in a second of the machine's. 1 except against a local exchange."""

    def now(self) -> Instant:
        """The present, advancing with the monotonic clock from a start that was read once from the wall clock."""

    def wall(self) -> Instant:
        """The present by the wall clock."""

    def real_seconds(self, duration: Duration) -> float:
        """How long to sleep on the machine, in seconds, for this much of the clock's time."""


def seconds(number: float) -> Duration:
    """A duration from seconds."""
    return round(number * SECOND)


def in_seconds(duration: Duration) -> float:
    """A duration or instant in seconds."""
    return duration / SECOND


def from_iso(text: str) -> Instant:
    """An instant from RFC 3339 text, to the nanosecond. Without an offset it is UTC.

    Raises:
        ValueError: if the text is no instant.
    """
    found = _RFC_3339.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no RFC 3339 instant")
    day, time, fraction, offset = found.groups()
    moment = datetime.fromisoformat(f"{day}T{time}{offset or 'Z'}".upper())
    since = moment - _EPOCH
    nanoseconds = int(fraction[:9].ljust(9, "0")) if fraction else 0
    return (since.days * 86_400 + since.seconds) * SECOND + nanoseconds


def iso(instant: Instant) -> str:
    """RFC 3339 text in UTC with nanoseconds."""
    whole, rest = divmod(instant, SECOND)
    return f"{(_EPOCH + timedelta(seconds=whole)).isoformat()[:19]}.{rest:09d}Z"
