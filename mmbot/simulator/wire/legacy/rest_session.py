"""The REST endpoints of the session, and of the registration for the feed (docs/protocol.md 2, 8.1, 8.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from mmbot.domain.bounds import UNREADABLE
from mmbot.simulator.venue.error_table import Rejection
from mmbot.simulator.wire.api_request import ApiRequest
from mmbot.simulator.wire.json_responses import data_response, json_response
from mmbot.simulator.wire.legacy import json_values
from mmbot.simulator.wire.pusher_server import BROADCAST

if TYPE_CHECKING:
    from mmbot.simulator.wire.local_exchange import LocalExchange


class LogIn(msgspec.Struct, frozen=True):
    """The body of a log-in request."""

    access_key: str
    secret_key: str


class Refresh(msgspec.Struct, frozen=True):
    """The body of a request that refreshes the access token."""

    refresh_token: str


class Subscription(msgspec.Struct, frozen=True):
    """The subjects of one type to which a client subscribes, for example tournaments. ``ids`` names the subjects. If
    ``ids`` is empty, the client subscribes to all subjects of this type."""

    type: str
    ids: list[str | int] | None = None


class Registration(msgspec.Struct, frozen=True):
    """The body of a registration for the feed. It has the id of the client's websocket, and the client's
    subscriptions."""

    socket_id: str
    subscriptions: list[Subscription] | None = None


# --- session ------------------------------------------------------------------------------------------------------


def log_in(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """POST auth/login opens a session and answers with its tokens."""
    keys = request.json(LogIn)
    return data_response(json_values.log_in(exchange.sessions.log_in(keys.access_key, keys.secret_key, request.now)))


def refresh(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """POST auth/refresh answers with a new access token."""
    return data_response(
        json_values.refreshed(exchange.sessions.refresh(request.json(Refresh).refresh_token, request.now))
    )


# --- the feed -----------------------------------------------------------------------------------------------------


def connection_config(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET websocket/connection-config answers with the address and the application key of the feed. The answer has no
    ``data`` around it (docs/protocol.md 8.1)."""
    return json_response(
        {
            "app_id": "local",
            "key": exchange.pusher.key,
            "cluster": "mt1",
            "ws_host": exchange.ws_host,
            "service": "pusher",
        }
    )


def register(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """POST mm/pusher answers with the channels that a websocket may join. Each channel has a signature and the names of
    its messages.

    The body is JSON or an HTML form. The subscriptions are in the body or in the header ``header-subscriptions``.
    """
    wanted = _registration(request)
    head, _, tail = wanted.socket_id.partition(".")
    if not (head.isdigit() and tail.isdigit()):
        raise Rejection("invalid_request", "invalid socket_id")
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
    if exchange.pusher.settings.broadcast_health_check:
        broadcast.append({"name": "health_check", "type": "public_system_signal"})
    private = [{"name": "wagers", "type": "wagers"}, {"name": "health_check", "type": "private_system_signal"}]
    channels = [
        {
            "channel_name": channel,
            "auth": exchange.pusher.authorisation(wanted.socket_id, channel),
            "binding_events": events,
        }
        for channel, events in ((BROADCAST, broadcast), (exchange.private_channel(request.account), private))
    ]
    return data_response({"success": True, "status": "CONNECTED", "authorized_channel": channels})


def _registration(request: ApiRequest) -> Registration:
    if request.headers.get("Content-Type", "").startswith("application/json"):
        wanted = request.json(Registration)
    else:
        fields = parse_qs(request.body.decode("utf-8", "replace"))
        wanted = Registration(fields.get("socket_id", [""])[0])
    header = request.headers.get("header-subscriptions")
    if header and not wanted.subscriptions:
        try:
            wanted = Registration(wanted.socket_id, msgspec.json.decode(header, type=list[Subscription]))
        except UNREADABLE as bad:
            raise Rejection("invalid_request", f"header-subscriptions: {bad}") from bad
    return wanted
