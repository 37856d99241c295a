"""The paths and queries of the REST calls in the v4 dialect (version of the exchange's API). Some of the paths have no
version (docs/protocol.md 13.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from mmbot.domain.instant import Instant
from mmbot.domain.transaction import TransactionType
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.dialect import Version
from mmbot.exchange.errors import not_offered
from mmbot.exchange.queries import created_bounds, history_query, listed, seconds, with_query

LOG_IN: Final = "/auth/login"
REFRESH: Final = "/auth/refresh"
TOURNAMENTS: Final = "/mm/get_tournaments"
SPORT_EVENTS: Final = "/mm/get_sport_events"
BALANCE: Final = "/v4/mm/get_balance"
LADDER: Final = "/v4/mm/get_price_ladder"
MARKETS_OF: Final = "/v4/mm/get_markets"
MARKETS: Final = "/v4/mm/get_multiple_markets"
LINES: Final = "/v4/mm/get_strikes"
PLACE_ONE: Final = "/v4/mm/submit_order"
PLACE_MANY: Final = "/v4/mm/submit_multiple_orders"
CANCEL_ONE: Final = "/v4/mm/cancel_order"
CANCEL_MANY: Final = "/v4/mm/cancel_multiple_orders"
CANCEL_ALL: Final = "/v4/mm/cancel_all_orders"
CANCEL_SPORT_EVENT: Final = "/v4/mm/cancel_orders_by_event"
CANCEL_MARKET: Final = "/v4/mm/cancel_orders_by_market"
WAGER: Final = "/v4/mm/get_order/"
HISTORY: Final = "/v4/mm/get_order_history"
MATCHES: Final = "/v4/mm/get_order_matched_detail"
MATCHED_BETS: Final = "/v4/mm/get_trades"
TRANSACTIONS: Final = "/v4/mm/get_transactions"
CONNECTION: Final = "/websocket/connection-config"
REGISTER: Final = "/v4/mm/websocket"

LINES_A_READ: Final = 20
"""The greatest number of outcomes in one read of lines."""

PAGE: Final = 100
"""The greatest number of wagers or matches on one page."""

TRANSACTION_PAGE: Final = 1000
"""The greatest number of transactions on one page."""


def tournaments_path(active: bool) -> str:
    """The path for all tournaments. If ``active`` is true, it is the path for the tournaments that have active sport
    events."""
    return with_query(TOURNAMENTS, {"has_active_events": "true" if active else None})


def sport_events_path(tournament: int) -> str:
    """The path for the sport events of one tournament."""
    return with_query(SPORT_EVENTS, {"tournament_id": tournament})


def sport_events_by_id_path(sport_events: Sequence[int]) -> str:
    """The path for some sport events, by their ids."""
    return with_query(SPORT_EVENTS, {"event_ids": listed(sport_events)})


def markets_path(sport_events: Sequence[int], version: Version = 2) -> str:
    """The path for the markets of some sport events. Raises Malformed for version 1, which this dialect lacks."""
    if version == 1:
        raise not_offered("version 1 of the markets")
    return with_query(MARKETS, {"event_ids": listed(sport_events)})


def markets_of_path(sport_event: int, version: Version = 2) -> str:
    """The path for the markets of one sport event. Raises Malformed for version 1, which this dialect lacks."""
    if version == 1:
        raise not_offered("version 1 of the markets")
    return with_query(MARKETS_OF, {"event_id": sport_event})


def lines_path(line_ids: Sequence[str]) -> str:
    """The path for the markets to which some outcomes belong."""
    return with_query(LINES, {"strike_ids": listed(line_ids)})


def transactions_path(
    begin: Instant | None,
    end: Instant | None,
    kind: TransactionType | None,
    sport_event: int | None,
    market: int | None,
    wager_id: str,
    cursor: str,
    limit: int,
) -> str:
    """The path for one page of the account's transactions between two instants. The range is widened to whole seconds.
    The exchange cannot search for the transactions of one wager. So ``wager_id`` is not sent, and the page may have
    transactions of other wagers."""
    return with_query(
        TRANSACTIONS,
        {
            **seconds(begin, end),
            "transaction_type": None if kind is None else kind.value,
            "event_id": sport_event,
            "market_id": market,
            "next_cursor": cursor,
            "limit": min(max(limit, 1), TRANSACTION_PAGE),
        },
    )


def wager_path(wager_id: str) -> str:
    """The path for one wager."""
    return WAGER + quote(wager_id, safe="")


def matches_path(wager_ids: Sequence[str], cursor: str) -> str:
    """The path for one page of the matches of some wagers."""
    ids = ",".join(quote(wager_id, safe="") for wager_id in wager_ids)
    return f"{MATCHES}?order_ids={ids}&limit={PAGE}" + (f"&next_cursor={quote(cursor, safe='')}" if cursor else "")


def matches_of_path(wager_id: str, cursor: str, limit: int) -> str:
    """The path for one page of the matches of one wager."""
    return with_query(MATCHES, {"order_id": wager_id, "next_cursor": cursor, "limit": min(max(limit, 1), PAGE)})


def matched_bets_path(begin: Instant, end: Instant, cursor: str, limit: int = PAGE) -> str:
    """The path for one page of the account's matches between two instants. The range is widened to whole seconds.

    Raises:
        Malformed: if the exchange would reject the range.
    """
    return with_query(
        MATCHED_BETS, {**created_bounds(begin, end, end), "limit": min(max(limit, 1), PAGE), "next_cursor": cursor}
    )


def history_path(query: ReadHistory, now: Instant, market: int | None = None, sport_event: int | None = None) -> str:
    """The path for one page of the wager history. The range of times is widened to whole seconds. If the widened range
    is too long, it begins one second later. A page has at most 100 wagers, even if the query asks for more.

    Raises:
        Malformed: if the query has no range, or if the exchange would reject the range. The error is also raised if the
            end is earlier than the beginning.
    """
    return with_query(HISTORY, history_query(query, now, market, sport_event, PAGE))
