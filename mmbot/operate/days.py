"""The days of a statement, with their names and their beginnings in a time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mmbot.domain.instant import SECOND, Instant

MOST_DAYS: Final = 3_700


class DaysError(ValueError):
    """Raised for a day or a time zone that does not exist. The message says which values are accepted."""


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name, such as ``America/New_York``. Raises DaysError if there is no such time zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as bad:
        raise DaysError(f"there is no time zone {name!r}: use a name like America/New_York or UTC") from bad


def day_of(text: str, zone: ZoneInfo, now: Instant) -> date:
    """Read a day. It may be written as ``2026-12-01``, ``today`` or ``yesterday``. Raises DaysError for any other
    text."""
    today = datetime.fromtimestamp(now / SECOND, zone).date()
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    try:
        return date.fromisoformat(text)
    except ValueError as bad:
        raise DaysError(f"{text!r} is not a day: write it like {today}, or today or yesterday") from bad


def days_between(first: date, last: date, zone: ZoneInfo) -> list[tuple[str, Instant, Instant]]:
    """Return the name, the beginning and the end of each day from ``first`` to ``last``, both included. A day may have
    23 or 25 hours.

    Raises DaysError if ``last`` is earlier than ``first``, or if the period is longer than ``MOST_DAYS`` days.
    """
    if last < first:
        raise DaysError(f"the period ends on {last}, before it begins on {first}")
    if (last - first).days >= MOST_DAYS:
        raise DaysError(f"the period has more than {MOST_DAYS} days")
    found = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        found.append((str(day), _midnight(day, zone), _midnight(day + timedelta(days=1), zone)))
    return found


def instant_of(day: date, zone: ZoneInfo) -> Instant:
    """Return the beginning of a day."""
    return _midnight(day, zone)


def _midnight(day: date, zone: ZoneInfo) -> Instant:
    return round(datetime.combine(day, time(), zone).timestamp()) * SECOND
