"""Instants and durations in integer nanoseconds, and the interface of a clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

Instant = int
"""The type of an instant, as nanoseconds since the Unix epoch."""

Duration = int
"""The type of a duration, in nanoseconds."""

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

NEVER: Final[Instant] = 1 << 63
"""The value that is later than every instant."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


class Clock(Protocol):
    """The one source of time. ``now`` never goes back. ``wall`` follows the machine's wall clock and may jump."""

    @property
    def rate(self) -> float:
        """How many seconds of this clock pass in one second of the machine. The value is 1 unless a local exchange runs
        faster."""

    def now(self) -> Instant:
        """Return the present time. This time never goes back."""

    def wall(self) -> Instant:
        """Return the present time by the wall clock."""

    def real_seconds(self, duration: Duration) -> float:
        """Convert a duration of this clock to seconds of the machine. A sleep, for example, is measured in seconds of
        the machine."""


def seconds(number: float) -> Duration:
    """Convert a number of seconds to a duration."""
    return round(number * SECOND)


def in_seconds(duration: Duration) -> float:
    """Convert a duration or an instant to a number of seconds."""
    return duration / SECOND


def from_iso(text: str) -> Instant:
    """Read an instant from RFC 3339 text, to the nanosecond. If the text has no UTC offset, it is read as UTC.

    Raises:
        ValueError: if the text is not an instant.
    """
    found = _RFC_3339.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:60]!r} is not an RFC 3339 instant")
    day, time, fraction, offset = found.groups()
    moment = datetime.fromisoformat(f"{day}T{time}{offset or 'Z'}".upper())
    since = moment - _EPOCH
    nanoseconds = int(fraction[:9].ljust(9, "0")) if fraction else 0
    return (since.days * 86_400 + since.seconds) * SECOND + nanoseconds


def iso(instant: Instant) -> str:
    """Write an instant as RFC 3339 text in UTC with nanoseconds."""
    whole, rest = divmod(instant, SECOND)
    return f"{(_EPOCH + timedelta(seconds=whole)).isoformat()[:19]}.{rest:09d}Z"
