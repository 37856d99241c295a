"""The endpoints of the session, the board and the feed's registration (PROTOCOL 2, 4, 5, 8.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from mmbot.domain.catalogue import SportEvent
from mmbot.domain.money import Cents, cents
from mmbot.simulator.venue.error_table import Refusal
from mmbot.simulator.wire.answers import answer, data
from mmbot.simulator.wire.call import Call
from mmbot.simulator.wire.legacy import values as legacy
from mmbot.simulator.wire.pusher_server import BROADCAST

if TYPE_CHECKING:
    from mmbot.simulator.wire.local import LocalExchange

EVENTS_A_READ: Final = 50
"""Events in one read of markets at most (PROTOCOL 4.1)."""


class LogIn(msgspec.Struct, frozen=True):
    """A key pair."""

    access_key: str
    secret_key: str


class Refresh(msgspec.Struct, frozen=True):
    """A refresh token."""

    refresh_token: str


class Subscription(msgspec.Struct, frozen=True):
    """What a socket wants to hear of: tournaments by id, all of them where there is none."""

    type: str
    ids: list[str | int] | None = None


class Registration(msgspec.Struct, frozen=True):
    """A socket that asks for its channels."""

    socket_id: str
    subscriptions: list[Subscription] | None = None


# --- session ------------------------------------------------------------------------------------------------------


def log_in(exchange: LocalExchange, call: Call) -> web.Response:
    """POST auth/login."""
    keys = call.json(LogIn)
    return data(legacy.log_in(exchange.accounts.log_in(keys.access_key, keys.secret_key, call.now)))


def refresh(exchange: LocalExchange, call: Call) -> web.Response:
    """POST auth/refresh."""
    return data(legacy.refreshed(exchange.accounts.refresh(call.json(Refresh).refresh_token, call.now)))


# --- the board ----------------------------------------------------------------------------------------------------


def get_tournaments(exchange: LocalExchange, call: Call) -> web.Response:
    """GET mm/get_tournaments."""
    known = exchange.venue.tournaments()
    if call.query.get("has_active_events", "").lower() in ("true", "1"):
        active = {event.tournament_id for event in exchange.venue.events()}
        known = [tournament for tournament in known if tournament.tournament_id in active]
    return data({"tournaments": [legacy.tournament(tournament, call.now) for tournament in known]})


def get_sport_events(exchange: LocalExchange, call: Call) -> web.Response:
    """GET mm/get_sport_events: 404 when the tournament has no listed event, null when none of the ids is listed."""
    tournament = call.integer("tournament_id")
    ids = call.ids("event_ids", code="invalid_event_id")
    if tournament is None and not ids:
        raise Refusal("invalid_param", "Invalid param: tournament_id or event_ids is required")
    found: list[SportEvent] = exchange.venue.events(tournament_id=tournament, ids=ids or None)
    if not found and tournament is not None:
        raise Refusal("data_not_found")
    return data({"sport_events": [legacy.sport_event(event, call.now) for event in found] or None})


def get_markets(version: int) -> Callable[[LocalExchange, Call], web.Response]:
    """GET mm/get_markets and v2/mm/get_markets, of one event."""

    def endpoint(exchange: LocalExchange, call: Call) -> web.Response:
        ids = call.ids("event_id", code="market_invalid_event")
        if len(ids) != 1:
            raise Refusal("invalid_param", "Invalid param: event_id is required")
        markets = _markets(exchange, ids[0], version)
        if markets is None:
            raise Refusal("sport_event_not_found")
        return data({"sport_event_id": ids[0], "markets": markets})

    return endpoint


def get_multiple_markets(version: int) -> Callable[[LocalExchange, Call], web.Response]:
    """GET mm/get_multiple_markets and v2/mm/get_multiple_markets: by event id, null for one that is not listed."""

    def endpoint(exchange: LocalExchange, call: Call) -> web.Response:
        ids = call.ids("event_ids", code="market_invalid_event")
        if not 1 <= len(ids) <= EVENTS_A_READ:
            raise Refusal("market_event_limit_exceeded")
        return data({str(event): _markets(exchange, event, version) for event in ids})

    return endpoint


def _markets(exchange: LocalExchange, event: int, version: int) -> list[legacy.Object] | None:
    found = exchange.venue.markets(event)
    if found is None:
        return None
    return [
        legacy.market(
            market,
            [exchange.venue.book(line.key) for line in market.lines],
            version,
            bare=exchange.faults.bare_sides,
        )
        for market in found
    ]


def search_markets(exchange: LocalExchange, call: Call) -> web.Response:
    """GET mm/search_markets: what a tournament's listed events have, in one list in which each market names its event.

    The specification names ``tournament_id`` and "filters": taken are those of the market data interface (PROTOCOL 13),
    ``event_ids``, ``market_types`` and ``min_liquidity``, in dollars that takers can stake in the whole market.
    """
    tournament = _tournament(call)
    ids = call.ids("event_ids", code="invalid_event_id")
    types = call.texts("market_types")
    least = _liquidity(call)
    events = exchange.venue.events(tournament_id=tournament, ids=ids or None)
    if not events and not ids:
        raise Refusal("data_not_found")
    found: list[legacy.Object] = []
    for event in events:
        for market in exchange.venue.markets(event.event_id) or ():
            books = [exchange.venue.book(line.key) for line in market.lines]
            offered = sum(level.value for book in books for side in book.sides for level in side)
            if (not types or market.type in types) and offered >= least:
                found.append(
                    {"sport_event_id": event.event_id}
                    | legacy.market(market, books, 2, bare=exchange.faults.bare_sides)
                )
    return data({"markets": found})


def _tournament(call: Call) -> int:
    tournament = call.integer("tournament_id")
    if tournament is None:
        raise Refusal("invalid_param", "Invalid param: tournament_id is required")
    return tournament


def _liquidity(call: Call) -> Cents:
    text = call.query.get("min_liquidity", "")
    try:
        least = cents(float(text)) if text else 0
    except ValueError as bad:
        raise Refusal("invalid_param", "Invalid param: invalid min_liquidity param") from bad
    if least < 0:
        raise Refusal("invalid_param", "Invalid param: invalid min_liquidity param")
    return least


def get_players(exchange: LocalExchange, call: Call) -> web.Response:
    """GET mm/get_players, of a tournament: 404 for one that is not there."""
    tournament = _tournament(call)
    players = exchange.venue.board.players_of(tournament)
    if players is None:
        raise Refusal("data_not_found")
    return data({"players": [legacy.player(player, tournament) for player in players]})


def get_player(exchange: LocalExchange, call: Call) -> web.Response:
    """GET mm/get_players/{id}, of a tournament: the player directly under ``data``."""
    tournament = _tournament(call)
    wanted = call.path["player_id"]
    for player in exchange.venue.board.players_of(tournament) or ():
        if str(player.player_id) == wanted:
            return data(legacy.player(player, tournament))
    raise Refusal("data_not_found")


def get_odds_ladder(exchange: LocalExchange, call: Call) -> web.Response:
    """GET mm/get_odds_ladder."""
    return data(list(exchange.venue.ladder))


# --- the feed -----------------------------------------------------------------------------------------------------


def connection_config(exchange: LocalExchange, call: Call) -> web.Response:
    """GET websocket/connection-config: flat, without ``data`` and without a port (PROTOCOL 8.1)."""
    return answer(
        {
            "app_id": "local",
            "key": exchange.hub.key,
            "cluster": "mt1",
            "ws_host": exchange.ws_host,
            "service": "pusher",
        }
    )


def register(exchange: LocalExchange, call: Call) -> web.Response:
    """POST mm/pusher: the channels of a socket, each with its own signature and the events to bind.

    The body is JSON or a form; what is subscribed to may also stand in the header ``header-subscriptions``.
    """
    wanted = _registration(call)
    head, _, tail = wanted.socket_id.partition(".")
    if not (head.isdigit() and tail.isdigit()):
        raise Refusal("invalid_request", "invalid socket_id")
    only = {
        str(number)
        for subscription in wanted.subscriptions or ()
        if subscription.type == "tournament"
        for number in subscription.ids or ()
    }
    offered = [str(tournament.tournament_id) for tournament in exchange.venue.tournaments()]
    broadcast = [{"name": "general", "type": "general"}]
    broadcast += [
        {"name": f"tournament_{number}", "type": "tournament"} for number in offered if not only or number in only
    ]
    if exchange.hub.settings.broadcast_health_check:
        broadcast.append({"name": "health_check", "type": "public_system_signal"})
    private = [{"name": "wagers", "type": "wagers"}, {"name": "health_check", "type": "private_system_signal"}]
    channels = [
        {
            "channel_name": channel,
            "auth": exchange.hub.authorisation(wanted.socket_id, channel),
            "binding_events": events,
        }
        for channel, events in ((BROADCAST, broadcast), (exchange.private_channel(call.account), private))
    ]
    return data({"success": True, "status": "CONNECTED", "authorized_channel": channels})


def _registration(call: Call) -> Registration:
    if call.headers.get("Content-Type", "").startswith("application/json"):
        wanted = call.json(Registration)
    else:
        fields = parse_qs(call.body.decode("utf-8", "replace"))
        wanted = Registration(fields.get("socket_id", [""])[0])
    header = call.headers.get("header-subscriptions")
    if header and not wanted.subscriptions:
        try:
            wanted = Registration(wanted.socket_id, msgspec.json.decode(header, type=list[Subscription]))
        except msgspec.DecodeError as bad:
            raise Refusal("invalid_request", f"header-subscriptions: {bad}") from bad
    return wanted
