"""The paths and queries of the REST calls in the legacy dialect (version of the exchange's API)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

from mmbot.domain.instant import DAY, SECOND, Duration, Instant
from mmbot.domain.money import Cents, dollars
from mmbot.domain.transaction import TransactionType
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.errors import Malformed

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
"""The greatest number of wagers on one page of the wager history (docs/protocol.md 4.2)."""

MATCH_PAGE: Final = 100
TRANSACTION_PAGE: Final = 1000
CREATED_SPAN: Final = 7 * DAY
UPDATED_SPAN: Final = 2 * DAY

_Query = Mapping[str, str | int | None]


def _with(path: str, query: _Query) -> str:
    """Return a path with its query. A parameter without a value is left out."""
    given = {name: str(value) for name, value in query.items() if value is not None and value != ""}
    return f"{path}?{urlencode(given, safe=',')}" if given else path


def _listed(values: Iterable[object]) -> str:
    return ",".join(str(value) for value in values)


def tournaments_path(active: bool) -> str:
    """The path for all tournaments. If ``active`` is true, it is the path for the tournaments that have active sport
    events."""
    return _with(TOURNAMENTS, {"has_active_events": "true" if active else None})


def sport_events_path(tournament: int) -> str:
    """The path for the sport events of one tournament."""
    return _with(SPORT_EVENTS, {"tournament_id": tournament})


def sport_events_by_id_path(sport_events: Sequence[int]) -> str:
    """The path for some sport events, by their ids."""
    return _with(SPORT_EVENTS, {"event_ids": _listed(sport_events)})


def markets_path(sport_events: Sequence[int], version: int = 2) -> str:
    """The path for the markets of some sport events. Version 1 is deprecated."""
    return _with(MARKETS if version == 2 else MARKETS_V1, {"event_ids": _listed(sport_events)})


def markets_of_path(sport_event: int, version: int) -> str:
    """The path for the markets of one sport event. Version 1 is deprecated."""
    return _with(MARKETS_OF if version == 2 else MARKETS_OF_V1, {"event_id": sport_event})


def search_path(tournament: int, sport_events: Sequence[int], types: Sequence[str], least: Cents) -> str:
    """The path for a search of markets. No source documents any filter except the tournament. The names of the other
    filters come from the exchange's market data interface (docs/endpoints.md)."""
    liquidity = f"{dollars(least):.2f}" if least else None
    query: _Query = {
        "tournament_id": tournament,
        "event_ids": _listed(sport_events),
        "market_types": _listed(types),
        "min_liquidity": liquidity,
    }
    return _with(SEARCH, query)


def players_path(tournament: int) -> str:
    """The path for the players of one tournament."""
    return _with(PLAYERS, {"tournament_id": tournament})


def player_path(player: int, tournament: int) -> str:
    """The path for one player of a tournament."""
    return _with(f"{PLAYERS}/{player}", {"tournament_id": tournament})


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
    query: _Query = {
        **_seconds(begin, end),
        "transaction_type": None if kind is None else kind.value,
        "event_id": sport_event,
        "market_id": market,
        "wager_id": wager_id,
        "next_cursor": cursor,
        "limit": min(max(limit, 1), TRANSACTION_PAGE),
    }
    return _with(TRANSACTIONS, query)


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
    return _with(MATCHES_OF, {"wager_id": wager_id, "next_cursor": cursor, "limit": min(max(limit, 1), MATCH_PAGE)})


def matched_bets_path(begin: Instant, end: Instant, cursor: str, limit: int = MATCH_PAGE) -> str:
    """The path for one page of the account's matches between two instants. The range is widened to whole seconds.

    Raises:
        Malformed: if the exchange would reject the range.
    """
    bounds = _bounds("", begin, end, CREATED_SPAN, end, "invalid_from_to_range")
    return _with(MATCHED_BETS, {**bounds, "limit": min(max(limit, 1), MATCH_PAGE), "next_cursor": cursor})


def _seconds(begin: Instant | None, end: Instant | None) -> dict[str, int | None]:
    """Return the beginning and the end of a range of times as query parameters. The range is widened to whole seconds.

    Raises:
        Malformed: if the end is earlier than the beginning.
    """
    if begin is not None and end is not None and begin > end:
        raise Malformed("from_date_greater_than_to_date", "from lies after to")
    return {"from": None if begin is None else begin // SECOND, "to": None if end is None else -(-end // SECOND)}


def history_path(query: ReadHistory, now: Instant, market: int | None = None, sport_event: int | None = None) -> str:
    """The path for one page of the wager history. The range of times is widened to whole seconds. If the range is then
    too long, it begins one second later.

    Raises:
        Malformed: if the query has no range, or if the exchange would reject the range. Also if the end is earlier than
            the beginning.
    """
    created = _bounds("", query.created_from, query.created_to, CREATED_SPAN, now, "invalid_from_to_range")
    updated = _bounds(
        "updated_at_", query.updated_from, query.updated_to, UPDATED_SPAN, now, "invalid_updated_at_range"
    )
    if not created and not updated:
        raise Malformed("missing_date_range", "a history needs a bound in time")
    others = {
        "status": query.status,
        "matching_status": query.matching,
        "market_id": market,
        "event_id": sport_event,
        "next_cursor": query.cursor,
        "limit": min(max(query.limit, 1), PAGE),
    }
    return _with(HISTORY, created | updated | others)


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
