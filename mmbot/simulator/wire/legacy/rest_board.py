"""The REST endpoints of the board. They return tournaments, sport events, markets, players and the odds ladder
(docs/protocol.md 4, 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web

from mmbot.domain.catalogue import SportEvent
from mmbot.domain.money import Cents, cents
from mmbot.simulator.venue.error_table import Rejection
from mmbot.simulator.wire.api_request import ApiRequest
from mmbot.simulator.wire.json_responses import data_response
from mmbot.simulator.wire.legacy import json_values

if TYPE_CHECKING:
    from mmbot.simulator.wire.local_exchange import LocalExchange

SPORT_EVENTS_A_READ: Final = 50
"""The greatest number of sport events in one request for markets (docs/protocol.md 4.1)."""


def get_tournaments(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET mm/get_tournaments answers with all tournaments, or only with the tournaments that have listed sport
    events."""
    known = exchange.venue.tournaments()
    if request.query.get("has_active_events", "").lower() in ("true", "1"):
        active = {sport_event.tournament_id for sport_event in exchange.venue.sport_events()}
        known = [tournament for tournament in known if tournament.tournament_id in active]
    return data_response({"tournaments": [json_values.tournament(tournament, request.now) for tournament in known]})


def get_sport_events(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET mm/get_sport_events answers with listed sport events. If the tournament has no listed sport events, the
    answer is 404. If the request names ids and none of them is listed, the list is null."""
    tournament = request.integer("tournament_id")
    ids = request.ids("event_ids", code="invalid_event_id")
    if tournament is None and not ids:
        raise Rejection("invalid_param", "Invalid param: tournament_id or event_ids is required")
    found: list[SportEvent] = exchange.venue.sport_events(tournament_id=tournament, ids=ids or None)
    if not found and tournament is not None:
        raise Rejection("data_not_found")
    return data_response(
        {"sport_events": [json_values.sport_event(sport_event, request.now) for sport_event in found] or None}
    )


def get_markets(version: int) -> Callable[[LocalExchange, ApiRequest], web.Response]:
    """Make the endpoint GET mm/get_markets (or GET v2/mm/get_markets). It answers with the markets of one sport
    event."""

    def endpoint(exchange: LocalExchange, request: ApiRequest) -> web.Response:
        ids = request.ids("event_id", code="market_invalid_event")
        if len(ids) != 1:
            raise Rejection("invalid_param", "Invalid param: event_id is required")
        markets = _markets(exchange, ids[0], version)
        if markets is None:
            raise Rejection("sport_event_not_found")
        return data_response({"sport_event_id": ids[0], "markets": markets})

    return endpoint


def get_multiple_markets(version: int) -> Callable[[LocalExchange, ApiRequest], web.Response]:
    """Make the endpoint GET mm/get_multiple_markets (or GET v2/mm/get_multiple_markets). It answers with the markets of
    each sport event, by id. For a sport event that is not listed, the answer has null."""

    def endpoint(exchange: LocalExchange, request: ApiRequest) -> web.Response:
        ids = request.ids("event_ids", code="market_invalid_event")
        if not 1 <= len(ids) <= SPORT_EVENTS_A_READ:
            raise Rejection("market_event_limit_exceeded")
        return data_response({str(sport_event): _markets(exchange, sport_event, version) for sport_event in ids})

    return endpoint


def _markets(exchange: LocalExchange, sport_event: int, version: int) -> list[json_values.Object] | None:
    found = exchange.venue.markets(sport_event)
    if found is None:
        return None
    return [
        json_values.market(
            market,
            [exchange.venue.book(line.key) for line in market.lines],
            version,
            bare=exchange.faults.bare_sides,
        )
        for market in found
    ]


def search_markets(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET mm/search_markets answers with the markets of a tournament's listed sport events, in one list. Each market
    has the id of its sport event.

    No document lists the filters other than ``tournament_id`` (docs/protocol.md 4.1). The filters ``event_ids``,
    ``market_types`` and ``min_liquidity`` come from the exchange's market data interface.
    ``min_liquidity`` selects the markets in which takers can stake at least this amount of dollars.
    """
    tournament = _tournament(request)
    ids = request.ids("event_ids", code="invalid_event_id")
    types = request.texts("market_types")
    least = _liquidity(request)
    sport_events = exchange.venue.sport_events(tournament_id=tournament, ids=ids or None)
    if not sport_events and not ids:
        raise Rejection("data_not_found")
    found: list[json_values.Object] = []
    for sport_event in sport_events:
        for market in exchange.venue.markets(sport_event.sport_event_id) or ():
            books = [exchange.venue.book(line.key) for line in market.lines]
            offered = sum(level.value for book in books for side in book.sides for level in side)
            if (not types or market.type in types) and offered >= least:
                found.append(
                    {"sport_event_id": sport_event.sport_event_id}
                    | json_values.market(market, books, 2, bare=exchange.faults.bare_sides)
                )
    return data_response({"markets": found})


def _tournament(request: ApiRequest) -> int:
    tournament = request.integer("tournament_id")
    if tournament is None:
        raise Rejection("invalid_param", "Invalid param: tournament_id is required")
    return tournament


def _liquidity(request: ApiRequest) -> Cents:
    text = request.query.get("min_liquidity", "")
    try:
        least = cents(float(text)) if text else 0
    except ValueError as bad:
        raise Rejection("invalid_param", "Invalid param: invalid min_liquidity param") from bad
    if least < 0:
        raise Rejection("invalid_param", "Invalid param: invalid min_liquidity param")
    return least


def get_players(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET mm/get_players answers with the players of a tournament. If the tournament does not exist, the answer is
    404."""
    tournament = _tournament(request)
    players = exchange.venue.board.players_of(tournament)
    if players is None:
        raise Rejection("data_not_found")
    return data_response({"players": [json_values.player(player, tournament) for player in players]})


def get_player(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET mm/get_players/{id} answers with one player of a tournament, directly under ``data``."""
    tournament = _tournament(request)
    wanted = request.path["player_id"]
    for player in exchange.venue.board.players_of(tournament) or ():
        if str(player.player_id) == wanted:
            return data_response(json_values.player(player, tournament))
    raise Rejection("data_not_found")


def get_odds_ladder(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET mm/get_odds_ladder answers with the odds that the exchange accepts."""
    return data_response(list(exchange.venue.ladder))
