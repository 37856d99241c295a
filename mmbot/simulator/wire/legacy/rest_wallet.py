"""The REST endpoints of the wallet and of matches (docs/protocol.md 4.1, 4.2, 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from mmbot.domain.instant import iso
from mmbot.domain.transaction import TransactionType
from mmbot.simulator.venue.error_table import Rejection
from mmbot.simulator.venue.records import VenueMatch
from mmbot.simulator.wire.api_request import ApiRequest
from mmbot.simulator.wire.json_responses import data_response
from mmbot.simulator.wire.legacy import json_values

if TYPE_CHECKING:
    from mmbot.simulator.wire.local_exchange import LocalExchange

MATCHES_A_READ = 100
"""The greatest number of wagers in one request for their matches. It is also the greatest number of matches on one page
(docs/protocol.md 4.1, 11)."""

TRANSACTIONS_A_PAGE = 1000


def get_balance(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET mm/get_balance answers with the account's money."""
    return data_response(json_values.balance(exchange.venue.balance(request.account, request.now)))


def get_transactions(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET v2/mm/get_transactions answers with a page of the wallet's movements, newest first. The client can filter
    them by time, type, sport event, market and wager."""
    limit = request.limit(TRANSACTIONS_A_PAGE, 20)
    start, end = request.seconds("from"), request.seconds("to")
    if start is not None and end is not None and start > end:
        raise Rejection("from_date_greater_than_to_date")
    kind = request.choice("transaction_type", TransactionType)
    sport_event = request.integer("event_id", "invalid_event_id")
    market = request.integer("market_id", "invalid_market_id")
    wager = request.query.get("wager_id", "")
    before = request.integer("next_cursor", "invalid_cursor")
    lines = list(enumerate(exchange.venue.transactions(request.account)))
    wanted = [
        (number, line)
        for number, line in reversed(lines)
        if (before is None or number < before)
        and (start is None or line.created_at >= start)
        and (end is None or line.created_at <= end)
        and (kind is None or line.type == kind.value)
        and (sport_event is None or (line.market is not None and line.market.sport_event == sport_event))
        and (market is None or (line.market is not None and line.market.market == market))
        and (not wager or line.wager_id == wager)
    ]
    page = wanted[:limit]
    cursor = str(page[-1][0]) if len(wanted) > limit else ""
    return data_response({"transactions": [json_values.transaction(line) for _, line in page], "next_cursor": cursor})


def get_matched_bets(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET mm/get_matched_bets answers with a page of the account's matches in a range of time, oldest first."""
    limit = request.limit(MATCHES_A_READ, 20)
    cursor = request.query.get("next_cursor", "")
    start, end = request.seconds("from"), request.seconds("to")
    page = exchange.venue.matched_bets(request.account, start, end, limit=limit, cursor=cursor, now=request.now)
    shown = [_shown(exchange, match) for match in page.matches]
    return data_response({"matched_bets": shown, "next_cursor": page.next_cursor}, last_synced_at=iso(request.now))


def get_matches(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET mm/get_wager_matching_detail answers with every match of up to 100 wagers. The ids of other accounts' wagers
    are ignored."""
    ids = request.texts("wager_ids")
    if not 1 <= len(ids) <= MATCHES_A_READ:
        raise Rejection("invalid_wager_id")
    shown = [_shown(exchange, match) for match in exchange.venue.matches(request.account, ids)]
    return data_response({"matching_details": shown, "next_cursor": ""}, last_synced_at=iso(request.now))


def get_matches_of(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET v2/mm/get_wager_matching_detail answers with a page of one wager's matches in a range of time, oldest
    first."""
    wager = request.query.get("wager_id", "")
    if not wager:
        raise Rejection("invalid_wager_id")
    limit = request.limit(MATCHES_A_READ, 20)
    begin = request.integer("next_cursor", "invalid_cursor") or 0
    if begin < 0:
        raise Rejection("invalid_cursor")
    start, end = request.seconds("from"), request.seconds("to")
    matches = [
        match
        for match in exchange.venue.matches(request.account, [wager])
        if (start is None or match.matched_at >= start) and (end is None or match.matched_at <= end)
    ]
    cursor = str(begin + limit) if len(matches) > begin + limit else ""
    shown = [_shown(exchange, match) for match in matches[begin : begin + limit]]
    return data_response({"matching_details": shown, "next_cursor": cursor}, last_synced_at=iso(request.now))


def _shown(exchange: LocalExchange, match: VenueMatch) -> json_values.Object:
    return json_values.match(match, exchange.market_type(match.line), exchange.venue.settings.match_profit)
