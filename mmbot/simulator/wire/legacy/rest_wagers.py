"""The REST endpoints that place, cancel and list wagers (docs/protocol.md 4, 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec
from aiohttp import web

from mmbot.domain.instant import iso
from mmbot.domain.money import Cents, MoneyError, cents
from mmbot.domain.wager import Matching, Status
from mmbot.simulator.venue.error_table import TOO_SMALL, Rejection, VenueError
from mmbot.simulator.venue.records import HistoryQuery, VenueWager
from mmbot.simulator.wire.api_request import ApiRequest
from mmbot.simulator.wire.json_responses import data_response
from mmbot.simulator.wire.legacy import json_values

if TYPE_CHECKING:
    from mmbot.simulator.wire.local_exchange import LocalExchange

BATCH = 20
"""The greatest number of wagers in one placement or cancel request (docs/protocol.md 11)."""


class Placement(msgspec.Struct, frozen=True, omit_defaults=True):
    """A wager that a client wants to place."""

    external_id: str
    line_id: str
    odds: float
    stake: float
    wager_strategy: str | None = None


class Placements(msgspec.Struct, frozen=True):
    """A batch of placements."""

    data: list[Placement]


class Cancellation(msgspec.Struct, frozen=True):
    """The ids of a wager that a client wants to cancel."""

    wager_id: str
    external_id: str


class Cancellations(msgspec.Struct, frozen=True):
    """A batch of cancellations."""

    data: list[Cancellation]


class OfSportEvent(msgspec.Struct, frozen=True):
    """The sport event on which all open wagers are to be cancelled."""

    event_id: int


class OfMarket(msgspec.Struct, frozen=True):
    """The market on which all open wagers are to be cancelled. If ``line_id`` is given, only wagers on this outcome are
    cancelled."""

    event_id: int
    market_id: int
    line_id: str | None = None


# --- placing ------------------------------------------------------------------------------------------------------


def place_wager(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """POST mm/place_wager accepts one wager."""
    return data_response(
        {"success": True, "wager": _shown(exchange, _place(exchange, request, request.json(Placement)))}
    )


def place_multiple_wagers(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """POST mm/place_multiple_wagers accepts a batch of wagers. The HTTP status is 200 even if some wagers of the batch
    are rejected."""
    items = _batch(request.json(Placements).data)
    placed: list[object] = []
    failed: list[object] = []
    for index, item in enumerate(items):
        try:
            placed.append(_shown(exchange, _place(exchange, request, item)))
        except Rejection as rejection:
            asked = msgspec.to_builtins(item)
            failed.append({"index": index, "request": asked, "error": rejection.code, "message": rejection.message})
    return data_response({"succeed_wagers": placed, "failed_wagers": failed})


def _place(exchange: LocalExchange, request: ApiRequest, item: Placement) -> VenueWager:
    if item.odds != int(item.odds):
        raise Rejection("wager_invalid_odds")
    return exchange.venue.place(
        request.account,
        item.external_id,
        item.line_id,
        int(item.odds),
        _stake(item.stake, exchange.venue.settings.min_stake),
        request.now,
        item.wager_strategy or None,
    )


def _stake(dollars: float, least: Cents) -> Cents:
    """Return the stake in cents. An amount below the minimum is rejected as too small, even if it also has too many
    decimals (docs/protocol.md 4.2)."""
    if 100 * dollars < least:
        raise Rejection("invalid_request", TOO_SMALL)
    try:
        return cents(dollars)
    except MoneyError as bad:
        raise Rejection("invalid_stake") from bad


# --- cancelling ---------------------------------------------------------------------------------------------------


def cancel_wager(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """POST mm/cancel_wager cancels one wager."""
    item = request.json(Cancellation)
    wager = exchange.venue.cancel(request.account, item.wager_id, item.external_id, request.now)
    return data_response({"success": True, "wager": _shown(exchange, wager)})


def cancel_multiple_wagers(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """POST mm/cancel_multiple_wagers cancels a batch of wagers and answers with one result for each wager. The HTTP
    status is 200 even if some cancels fail."""
    results: list[object] = []
    for item in _batch(request.json(Cancellations).data):
        named = {"id": item.wager_id, "external_id": item.external_id}
        try:
            exchange.venue.cancel(request.account, item.wager_id, item.external_id, request.now)
        except VenueError as rejection:
            error = {"error": rejection.code, "message": rejection.message}
            results.append({"success": False, "wager": named, "error": error, "statusCode": rejection.status})
        else:
            results.append({"success": True, "wager": named})
    return data_response(results)


def cancel_all_wagers(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """POST mm/cancel_all_wagers cancels all open wagers. If no wager is open, the answer is 404."""
    exchange.venue.cancel_all(request.account, request.now)
    return data_response({"success": True})


def cancel_wagers_by_event(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """POST mm/cancel_wagers_by_event cancels the open wagers on a sport event."""
    which = request.json(OfSportEvent)
    _check_ids(which)
    exchange.venue.cancel_sport_event(request.account, which.event_id, request.now)
    return data_response({"success": True})


def cancel_wagers_by_market(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """POST mm/cancel_wagers_by_market cancels the open wagers on a market. If the request names an outcome, it cancels
    only the wagers on this outcome."""
    which = request.json(OfMarket)
    _check_ids(which)
    exchange.venue.cancel_market(request.account, which.event_id, which.market_id, which.line_id or None, request.now)
    return data_response({"success": True})


def _check_ids(which: OfSportEvent | OfMarket) -> None:
    if which.event_id <= 0:
        raise Rejection("invalid_event_id")
    if isinstance(which, OfMarket) and which.market_id <= 0:
        raise Rejection("invalid_market_id")


Item = TypeVar("Item")


def _batch(items: list[Item]) -> list[Item]:
    if not items:
        raise Rejection("invalid_request", "data is empty")
    if len(items) > BATCH:
        raise Rejection("wager_limit_exceeded")
    return items


# --- reading ------------------------------------------------------------------------------------------------------


def get_wager(exchange: LocalExchange, request: ApiRequest) -> web.Response:
    """GET mm/get_wager/{id} answers with one wager, directly under ``data``."""
    return data_response(_shown(exchange, exchange.venue.wager(request.account, request.path["wager_id"])))


def get_wager_histories(most: int) -> Callable[[LocalExchange, ApiRequest], web.Response]:
    """Make the endpoint GET mm/get_wager_histories (or GET v2/mm/get_wager_histories). It answers with a page of at
    most ``most`` wagers. The answer has ``last_synced_at`` next to ``data``."""

    def endpoint(exchange: LocalExchange, request: ApiRequest) -> web.Response:
        query = HistoryQuery(
            created_from=request.seconds("from"),
            created_to=request.seconds("to"),
            updated_from=request.seconds("updated_at_from"),
            updated_to=request.seconds("updated_at_to"),
            status=request.choice("status", Status),
            matching=request.choice("matching_status", Matching),
            market_id=request.integer("market_id", "invalid_market_id"),
            sport_event_id=request.integer("event_id", "invalid_event_id"),
            cursor=request.query.get("next_cursor", ""),
            limit=request.limit(most, 20),
        )
        page = exchange.venue.history(request.account, query, request.now)
        shown = [_shown(exchange, wager) for wager in page.wagers]
        return data_response(
            {"wagers": shown, "next_cursor": page.next_cursor}, last_synced_at=iso(page.last_synced_at)
        )

    return endpoint


def _shown(exchange: LocalExchange, wager: VenueWager) -> json_values.Object:
    return json_values.wager(wager, exchange.market_type(wager.line))
