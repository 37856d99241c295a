"""Writes the queries of REST calls. All dialects (versions of the exchange's API) have the same names for their
parameters and the same limits for ranges of times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlencode

from mmbot.domain.instant import DAY, SECOND, Duration, Instant
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.errors import Malformed

CREATED_SPAN: Final = 7 * DAY
"""The longest range of creation times that one read can ask for."""

UPDATED_SPAN: Final = 2 * DAY
"""The longest range of times of change that one read can ask for. A time of change is the time at which a wager
changed."""

Query = Mapping[str, str | int | None]
"""The type of the parameters of a query, by name. A parameter without a value is left out."""


def with_query(path: str, query: Query) -> str:
    """Return a path with its query. A parameter without a value is left out."""
    given = {name: str(value) for name, value in query.items() if value is not None and value != ""}
    return f"{path}?{urlencode(given, safe=',')}" if given else path


def listed(values: Iterable[object]) -> str:
    return ",".join(str(value) for value in values)


def seconds(begin: Instant | None, end: Instant | None) -> dict[str, int | None]:
    """Return the beginning and the end of a range of times as query parameters. The range is widened to whole seconds.

    Raises:
        Malformed: if the end is earlier than the beginning.
    """
    if begin is not None and end is not None and begin > end:
        raise Malformed("from_date_greater_than_to_date", "from lies after to")
    return {"from": None if begin is None else begin // SECOND, "to": None if end is None else -(-end // SECOND)}


def created_bounds(begin: Instant | None, end: Instant | None, now: Instant) -> dict[str, str]:
    """Return a range of creation times as query parameters. The range is widened to whole seconds. If the range has no
    end, its length is measured up to ``now``.

    Raises:
        Malformed: if the exchange would reject the range.
    """
    return _bounds("", begin, end, CREATED_SPAN, now, "invalid_from_to_range")


def history_query(query: ReadHistory, now: Instant, market: int | None, sport_event: int | None, page: int) -> Query:
    """Return the parameters for one page of the wager history. The range of times is widened to whole seconds. If the
    widened range is too long, it begins one second later.

    Args:
        page: the greatest number of wagers on a page.

    Raises:
        Malformed: if the query has no range, or if the exchange would reject the range. The error is also raised if the
            end is earlier than the beginning.
    """
    created = created_bounds(query.created_from, query.created_to, now)
    updated = _bounds(
        "updated_at_", query.updated_from, query.updated_to, UPDATED_SPAN, now, "invalid_updated_at_range"
    )
    if not created and not updated:
        raise Malformed("missing_date_range", "a history needs a bound in time")
    others: Query = {
        "status": query.status,
        "matching_status": query.matching,
        "market_id": market,
        "event_id": sport_event,
        "next_cursor": query.cursor,
        "limit": min(max(query.limit, 1), page),
    }
    return {**created, **updated, **others}


def _bounds(
    prefix: str, begin: Instant | None, end: Instant | None, span: Duration, now: Instant, code: str
) -> dict[str, str]:
    if begin is not None and end is not None and begin > end:
        raise Malformed("from_date_greater_than_to_date", f"{prefix}from lies after {prefix}to")
    if begin is not None and (now if end is None else end) - begin > span:
        raise Malformed(code, f"{prefix}from to {prefix}to spans more than {span // DAY} days")
    bounds = {}
    if begin is not None:
        first = begin // SECOND
        if end is not None and -(-end // SECOND) - first > span // SECOND:
            first += 1
        bounds[f"{prefix}from"] = str(first)
    if end is not None:
        bounds[f"{prefix}to"] = str(-(-end // SECOND))
    return bounds
