"""An account's wager history. It shows the account as it was a short time ago.

The cost of a query depends only on the wagers that the query examines, not on the number of wagers ever placed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.wager import Matching, Status
from mmbot.simulator.venue.accounts.credits import credits_of
from mmbot.simulator.venue.accounts.order import Account, Order
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.records import HistoryPage, HistoryQuery, MatchPage, VenueBalance, VenueWager
from mmbot.simulator.venue.settings import VenueSettings

_LONGEST_PAGE = 1000
_LONGEST_MATCH_PAGE = 100
_COULD_MATCH = (Status.OPEN, Status.INACTIVE)
_NOT_FILLED = (Matching.UNMATCHED, Matching.PARTIALLY_MATCHED)


def unmatched(account: Account, synced: Instant) -> Cents:
    """Return the sum of the unmatched stakes of the wagers that were open at the time ``synced``, in cents. This time
    must not be older than the state that the history shows, because older states are not kept."""
    orders = account.live | {order.number: order for order in _changed_since(account, synced)}
    records = (_as_of(order, synced) for order in orders.values())
    return sum(record.unmatched for record in records if record is not None and record.status is Status.OPEN)


def balance(account: Account, settings: VenueSettings, now: Instant) -> VenueBalance:
    """Return the wallet's present balance, with the unmatched stakes as they were ``history_lag_ns`` ago
    (docs/protocol.md 4.1), and with exposure credits if the settings say so."""
    wallet, synced = account.wallet, now - settings.history_lag_ns
    shown = wallet.balance
    if settings.credits == "in_balance":
        shown += credits_of(account, now - settings.credit_late_ns)
    return VenueBalance(shown, wallet.staked, unmatched(account, synced), "active", synced)


def history(account: Account, query: HistoryQuery, settings: VenueSettings, now: Instant) -> HistoryPage:
    """Return the wagers that a query selects, as they were ``history_lag_ns`` ago. They are sorted by creation time. If
    ``history_newest_first`` is set, the newest wager comes first.

    Raises:
        VenueError: if the range of times is missing, reversed or too wide. The error is also raised if the cursor or
            the limit is invalid.
    """
    synced = now - settings.history_lag_ns
    after = _cursor(query.cursor)
    if not 1 <= query.limit <= _LONGEST_PAGE:
        raise VenueError("invalid_param", "Invalid param: invalid limit param")
    created = _range(query.created_from, query.created_to, settings.created_range_ns, "invalid_from_to_range", now)
    updated = _range(query.updated_from, query.updated_to, settings.updated_range_ns, "invalid_updated_at_range", now)
    if created is None and updated is None:
        raise VenueError("missing_date_range")
    candidates: Iterable[Order]
    if query.status in _COULD_MATCH and query.matching in _NOT_FILLED:
        found = account.live | {order.number: order for order in _changed_since(account, synced)}
        candidates = (found[number] for number in sorted(found))
    elif updated is not None:
        first = bisect_left(account.changed_at, updated[0])
        last = bisect_right(account.changed_at, updated[1])
        found = {order.number: order for order in account.changes[first:last]}
        candidates = (found[number] for number in sorted(found))
    else:
        assert created is not None
        first = bisect_left(account.created_at, created[0])
        last = bisect_right(account.created_at, min(created[1], synced))
        if after and not settings.history_newest_first:
            first = max(first, bisect_right(account.created, after, key=lambda order: order.number))
        candidates = account.created[first:last]
    if settings.history_newest_first:
        candidates = (order for order in reversed(list(candidates)) if not after or order.number < after)
    else:
        candidates = (order for order in candidates if order.number > after)
    wagers: list[VenueWager] = []
    last_number = 0
    for order in candidates:
        record = _as_of(order, synced)
        if record is None or not _wanted(record, query, created, updated):
            continue
        if len(wagers) == query.limit:
            return HistoryPage(tuple(wagers), str(last_number), synced)
        wagers.append(record)
        last_number = order.number
    return HistoryPage(tuple(wagers), "", synced)


def matched_bets(
    account: Account,
    start: Instant | None,
    end: Instant | None,
    limit: int,
    cursor: str,
    settings: VenueSettings,
    now: Instant,
) -> MatchPage:
    """Return the account's matches from ``start`` to ``end``, with the oldest first.

    Raises:
        VenueError: if the range of times is missing, reversed or too wide. The error is also raised if the cursor or
            the limit is invalid.
    """
    if not 1 <= limit <= _LONGEST_MATCH_PAGE:
        raise VenueError("invalid_param", "Invalid param: invalid limit param")
    bounds = _range(start, end, settings.created_range_ns, "invalid_from_to_range", now)
    if bounds is None:
        raise VenueError("missing_date_range")
    first = max(bisect_left(account.matched_at, bounds[0]), _cursor(cursor))
    last = bisect_right(account.matched_at, bounds[1])
    upto = min(first + limit, last)
    return MatchPage(tuple(account.matches[first:upto]), str(upto) if upto < last else "")


def _cursor(text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit():
        raise VenueError("invalid_cursor")
    return int(text)


def _range(
    start: Instant | None, end: Instant | None, widest: Duration, too_wide: str, now: Instant
) -> tuple[Instant, Instant] | None:
    if start is None and end is None:
        return None
    last = max(now, start or 0) if end is None else end
    first = last - widest if start is None else start
    if first > last:
        raise VenueError("from_date_greater_than_to_date")
    if last - first > widest:
        raise VenueError(too_wide)
    return first, last


def _changed_since(account: Account, instant: Instant) -> list[Order]:
    """Return the orders that changed after an instant. An order that changed several times is returned several
    times."""
    return account.changes[bisect_right(account.changed_at, instant) :]


def _as_of(order: Order, instant: Instant) -> VenueWager | None:
    for record in reversed(order.versions):
        if record.updated_at <= instant:
            return record
    return None


def _wanted(
    record: VenueWager,
    query: HistoryQuery,
    created: tuple[Instant, Instant] | None,
    updated: tuple[Instant, Instant] | None,
) -> bool:
    return (
        (created is None or created[0] <= record.created_at <= created[1])
        and (updated is None or updated[0] <= record.updated_at <= updated[1])
        and (query.status is None or record.status is query.status)
        and (query.matching is None or record.matching is query.matching)
        and (query.market_id is None or record.line.market == query.market_id)
        and (query.sport_event_id is None or record.line.sport_event == query.sport_event_id)
    )
