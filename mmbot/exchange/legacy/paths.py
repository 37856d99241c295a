"""The paths and queries of the REST calls in the legacy dialect (version of the exchange's API)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents, dollars
from mmbot.domain.transaction import TransactionType
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.queries import Query, created_bounds, history_query, listed, seconds, with_query

LOG_IN: Final = "/auth/login"
REFRESH: Final = "/auth/refresh"
BALANCE: Final = "/mm/get_balance"
LADDER: Final = "/mm/get_odds_ladder"
TRANSACTIONS: Final = "/v2/mm/get_transactions"
TOURNAMENTS: Final = "/mm/get_tournaments"
SPORT_EVENTS: Final = "/mm/get_sport_events"
MARKETS: Final = "/v2/mm/get_multiple_markets"
MARKETS_V1: Final = "/mm/get_multiple_markets"
MARKETS_OF: Final = "/v2/mm/get_markets"
MARKETS_OF_V1: Final = "/mm/get_markets"
SEARCH: Final = "/mm/search_markets"
PLAYERS: Final = "/mm/get_players"
PLACE_ONE: Final = "/mm/place_wager"
PLACE_MANY: Final = "/mm/place_multiple_wagers"
CANCEL_ONE: Final = "/mm/cancel_wager"
CANCEL_MANY: Final = "/mm/cancel_multiple_wagers"
CANCEL_SPORT_EVENT: Final = "/mm/cancel_wagers_by_event"
CANCEL_MARKET: Final = "/mm/cancel_wagers_by_market"
CANCEL_ALL: Final = "/mm/cancel_all_wagers"
WAGER: Final = "/mm/get_wager/"
HISTORY: Final = "/v2/mm/get_wager_histories"
MATCHED_BETS: Final = "/mm/get_matched_bets"
MATCHES: Final = "/mm/get_wager_matching_detail"
MATCHES_OF: Final = "/v2/mm/get_wager_matching_detail"
CONNECTION: Final = "/websocket/connection-config"
REGISTER: Final = "/mm/pusher"


# --- queries --------------------------------------------------------------------------------------------------------

PAGE: Final = 1000
"""The greatest number of wagers on one page of the wager history (docs/protocol.md 4.1)."""

MATCH_PAGE: Final = 100
TRANSACTION_PAGE: Final = 1000


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


def markets_path(sport_events: Sequence[int], version: int = 2) -> str:
    """The path for the markets of some sport events. Version 1 is deprecated."""
    return with_query(MARKETS if version == 2 else MARKETS_V1, {"event_ids": listed(sport_events)})


def markets_of_path(sport_event: int, version: int) -> str:
    """The path for the markets of one sport event. Version 1 is deprecated."""
    return with_query(MARKETS_OF if version == 2 else MARKETS_OF_V1, {"event_id": sport_event})


def search_path(tournament: int, sport_events: Sequence[int], types: Sequence[str], least: Cents) -> str:
    """The path for a search of markets. No source documents any filter except the tournament. The names of the other
    filters come from the exchange's market data interface (docs/endpoints.md)."""
    liquidity = f"{dollars(least):.2f}" if least else None
    query: Query = {
        "tournament_id": tournament,
        "event_ids": listed(sport_events),
        "market_types": listed(types),
        "min_liquidity": liquidity,
    }
    return with_query(SEARCH, query)


def players_path(tournament: int) -> str:
    """The path for the players of one tournament."""
    return with_query(PLAYERS, {"tournament_id": tournament})


def player_path(player: int, tournament: int) -> str:
    """The path for one player of a tournament."""
    return with_query(f"{PLAYERS}/{player}", {"tournament_id": tournament})


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
    """The path for one page of the account's transactions between two instants. The range is widened to whole
    seconds."""
    query: Query = {
        **seconds(begin, end),
        "transaction_type": None if kind is None else kind.value,
        "event_id": sport_event,
        "market_id": market,
        "wager_id": wager_id,
        "next_cursor": cursor,
        "limit": min(max(limit, 1), TRANSACTION_PAGE),
    }
    return with_query(TRANSACTIONS, query)


def wager_path(wager_id: str) -> str:
    """The path for one wager."""
    return WAGER + quote(wager_id, safe="")


def matches_path(wager_ids: Sequence[str], cursor: str) -> str:
    """The path for one page of the matches of some wagers."""
    ids = ",".join(quote(wager_id, safe="") for wager_id in wager_ids)
    return f"{MATCHES}?wager_ids={ids}&limit={MATCH_PAGE}" + (
        f"&next_cursor={quote(cursor, safe='')}" if cursor else ""
    )


def matches_of_path(wager_id: str, cursor: str, limit: int) -> str:
    """The path for one page of the matches of one wager."""
    return with_query(
        MATCHES_OF, {"wager_id": wager_id, "next_cursor": cursor, "limit": min(max(limit, 1), MATCH_PAGE)}
    )


def matched_bets_path(begin: Instant, end: Instant, cursor: str, limit: int = MATCH_PAGE) -> str:
    """The path for one page of the account's matches between two instants. The range is widened to whole seconds.

    Raises:
        Malformed: if the exchange would reject the range.
    """
    return with_query(
        MATCHED_BETS,
        {**created_bounds(begin, end, end), "limit": min(max(limit, 1), MATCH_PAGE), "next_cursor": cursor},
    )


def history_path(query: ReadHistory, now: Instant, market: int | None = None, sport_event: int | None = None) -> str:
    """The path for one page of the wager history. The range of times is widened to whole seconds. If the widened range
    is too long, it begins one second later.

    Raises:
        Malformed: if the query has no range, or if the exchange would reject the range. The error is also raised if the
            end is earlier than the beginning.
    """
    return with_query(HISTORY, history_query(query, now, market, sport_event, PAGE))
