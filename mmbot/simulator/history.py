"""One account at the exchange: its wallet, its wagers, and the lagging history that it can ask for.

Every look-up costs what it returns, not what was ever placed: creation and change times are kept in order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.wager import Status
from mmbot.simulator.order import Order
from mmbot.simulator.records import (
    HistoryPage,
    HistoryQuery,
    MatchPage,
    VenueError,
    VenueMatch,
    VenueSettings,
    VenueWager,
)
from mmbot.simulator.wallet import Wallet

_LONGEST_PAGE = 1000
_LONGEST_MATCH_PAGE = 100


class Account:
    """An account with its wagers by id, by creation and by change."""

    __slots__ = (
        "_changed_at",
        "_changes",
        "_created",
        "_created_at",
        "_matched_at",
        "account_id",
        "by_external_id",
        "by_id",
        "delayed",
        "live",
        "matches",
        "name",
        "of_wager",
        "on_line",
        "open_stakes",
        "wallet",
    )

    def __init__(self, account_id: str, name: str, wallet: Wallet) -> None:
        self.account_id = account_id
        self.name = name
        self.wallet = wallet
        self.by_id: dict[str, Order] = {}
        self.by_external_id: dict[str, Order] = {}
        self.live: dict[int, Order] = {}
        """Wagers that could still match, oldest first."""
        self.on_line: dict[LineKey, dict[int, Order]] = {}
        """The same by line."""
        self.open_stakes: Cents = 0
        """What is unmatched of those that are open."""
        self.delayed: deque[Instant] = deque()
        """When its wagers on events in play will have waited for their bet delay."""
        self.matches: list[VenueMatch] = []
        self.of_wager: dict[str, list[VenueMatch]] = {}
        self._matched_at: list[Instant] = []
        self._created: list[Order] = []
        self._created_at: list[Instant] = []
        self._changes: list[Order] = []
        self._changed_at: list[Instant] = []

    def opened(self, order: Order) -> None:
        """A wager was accepted."""
        self.by_id[order.wager_id] = order
        self.by_external_id[order.external_id] = order
        self.live[order.number] = order
        self.on_line.setdefault(order.line, {})[order.number] = order
        self._created.append(order)
        self._created_at.append(order.created_at)

    def ended(self, order: Order) -> None:
        """A wager cannot match any more."""
        if self.live.pop(order.number, None) is not None:
            del self.on_line[order.line][order.number]

    def changed(self, order: Order, lag: Duration) -> VenueWager:
        """A wager changed at its ``updated_at``: keep its record for as long as the history may show the one before."""
        record = order.snapshot()
        versions = order.versions
        if versions and versions[-1].updated_at == record.updated_at:
            versions[-1] = record
        else:
            versions.append(record)
            self._changes.append(order)
            self._changed_at.append(order.updated_at)
        while len(versions) > 1 and versions[1].updated_at <= record.updated_at - lag:
            del versions[0]
        return record

    def matched(self, match: VenueMatch) -> None:
        """A wager of this account was matched."""
        self.matches.append(match)
        self._matched_at.append(match.matched_at)
        self.of_wager.setdefault(match.wager_id, []).append(match)

    def unmatched(self, synced: Instant) -> Cents:
        """What was unmatched of the open wagers at an instant that the history can still show."""
        since = self._changes[bisect_right(self._changed_at, synced) :]
        orders = self.live | {order.number: order for order in since}
        records = (_as_of(order, synced) for order in orders.values())
        return sum(record.unmatched for record in records if record is not None and record.status is Status.OPEN)

    def history(self, query: HistoryQuery, settings: VenueSettings, now: Instant) -> HistoryPage:
        """The wagers of a query as they stood ``history_lag_ns`` ago, in order of creation.

        Raises:
            VenueError: for a missing, reversed or too wide range, a bad cursor or limit.
        """
        synced = now - settings.history_lag_ns
        after = _cursor(query.cursor)
        if not 1 <= query.limit <= _LONGEST_PAGE:
            raise VenueError("invalid_param", "Invalid param: invalid limit param")
        created = _range(query.created_from, query.created_to, settings.created_range_ns, "invalid_from_to_range", now)
        updated = _range(
            query.updated_from, query.updated_to, settings.updated_range_ns, "invalid_updated_at_range", now
        )
        if created is None and updated is None:
            raise VenueError("missing_date_range")
        candidates: Iterable[Order]
        if updated is not None:
            first = bisect_left(self._changed_at, updated[0])
            last = bisect_right(self._changed_at, updated[1])
            found = {order.number: order for order in self._changes[first:last]}
            candidates = (found[number] for number in sorted(found))
        else:
            assert created is not None
            first = bisect_left(self._created_at, created[0])
            last = bisect_right(self._created_at, min(created[1], synced))
            if after:
                first = max(first, bisect_right(self._created, after, key=lambda order: order.number))
            candidates = self._created[first:last]
        wagers: list[VenueWager] = []
        last_number = 0
        for order in candidates:
            if order.number <= after:
                continue
            record = _as_of(order, synced)
            if record is None or not _wanted(record, query, created, updated):
                continue
            if len(wagers) == query.limit:
                return HistoryPage(tuple(wagers), str(last_number), synced)
            wagers.append(record)
            last_number = order.number
        return HistoryPage(tuple(wagers), "", synced)

    def matched_bets(
        self, start: Instant | None, end: Instant | None, limit: int, cursor: str, settings: VenueSettings, now: Instant
    ) -> MatchPage:
        """Matches in a range of time, oldest first.

        Raises:
            VenueError: for a missing, reversed or too wide range, a bad cursor or limit.
        """
        if not 1 <= limit <= _LONGEST_MATCH_PAGE:
            raise VenueError("invalid_param", "Invalid param: invalid limit param")
        bounds = _range(start, end, settings.created_range_ns, "invalid_from_to_range", now)
        if bounds is None:
            raise VenueError("missing_date_range")
        first = max(bisect_left(self._matched_at, bounds[0]), _cursor(cursor))
        last = bisect_right(self._matched_at, bounds[1])
        upto = min(first + limit, last)
        return MatchPage(tuple(self.matches[first:upto]), str(upto) if upto < last else "")


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
        and (query.event_id is None or record.line.event == query.event_id)
    )
