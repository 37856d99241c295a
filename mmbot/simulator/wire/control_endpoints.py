"""The HTTP endpoints that control the simulation. They are for the referee, the clock, the board, simulated failures
and results. The real exchange has no such endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal, get_args

import msgspec
from aiohttp import web

from mmbot.domain.bounds import UNREADABLE
from mmbot.domain.money import dollars
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.records import ShownBook
from mmbot.simulator.wire.apply_faults import ControlError, apply_fault, lift
from mmbot.simulator.wire.faults import Fault
from mmbot.simulator.wire.json_responses import Json, json_response
from mmbot.simulator.wire.local_exchange import LocalExchange
from mmbot.simulator.wire.one_off_faults import GoLive, OneOffFault, Settle

_FAULTS: Final = msgspec.json.Decoder(list[Fault | OneOffFault] | Fault | OneOffFault)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def unreadable(bad: Exception, kinds: object) -> str:
    """Return the error message for a request for a fault (simulated failure or event) that cannot be read. The message
    lists the known faults, whose types are in ``kinds``."""
    names = sorted(kind.__struct_config__.tag for kind in get_args(kinds))
    return f'{bad}; a fault looks like {{"fault": "silence"}}; known faults: {", ".join(names)} (docs/exchange.md)'


def add_controls(app: web.Application, exchange: LocalExchange) -> None:
    """Add the control endpoints to the server. The endpoints need no authorisation, so the server should listen on
    loopback only."""
    app.router.add_get("/referee", _endpoint(exchange, _referee))
    app.router.add_get("/sim/clock", _endpoint(exchange, _clock))
    app.router.add_get("/sim/board", _endpoint(exchange, _board))
    app.router.add_get("/sim/faults", _endpoint(exchange, _in_force))
    app.router.add_post("/sim/faults", _endpoint(exchange, _apply))
    app.router.add_delete("/sim/faults", _endpoint(exchange, _lift))
    app.router.add_delete("/sim/faults/{number:[0-9]+}", _endpoint(exchange, _lift))
    app.router.add_post("/sim/live/{sport_event:[0-9]+}", _endpoint(exchange, _live))
    app.router.add_post("/sim/settle/{sport_event:[0-9]+}", _endpoint(exchange, _settle))


def _endpoint(exchange: LocalExchange, endpoint: Callable[[LocalExchange, web.Request], Awaitable[Json]]) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return json_response(await endpoint(exchange, request))
        except ControlError as bad:
            return json_response({"error": "invalid_request", "message": str(bad)}, 400)
        except VenueError as rejection:
            return json_response({"error": rejection.code, "message": rejection.message}, rejection.status)

    return handler


async def _referee(exchange: LocalExchange, request: web.Request) -> Json:
    now = exchange.tick()
    report = msgspec.to_builtins(exchange.world.referee.report(now), str_keys=True)
    assert isinstance(report, dict)
    return report


async def _clock(exchange: LocalExchange, request: web.Request) -> Json:
    return {"now_ns": exchange.tick(), "rate": exchange.clock.rate, "finished": exchange.world.finished}


async def _board(exchange: LocalExchange, request: web.Request) -> Json:
    now = exchange.tick()
    venue = exchange.venue
    sport_events: list[object] = []
    for sport_event in venue.sport_events():
        markets: list[object] = []
        for market in venue.markets(sport_event.sport_event_id) or ():
            lines = [
                {
                    "number": line.key.number / 4,
                    "line_ids": [outcome.line_id for outcome in line.outcomes],
                    "outcomes": [outcome.name for outcome in line.outcomes],
                    "status": line.status,
                    "book": _levels(venue.book(line.key)),
                }
                for line in market.lines
            ]
            markets.append(
                {
                    "id": market.key.market,
                    "name": market.name,
                    "type": market.type,
                    "status": market.status,
                    "lines": lines,
                }
            )
        sport_events.append(
            {
                "id": sport_event.sport_event_id,
                "name": sport_event.name,
                "tournament": sport_event.tournament_id,
                "status": sport_event.status,
                "scheduled": sport_event.scheduled,
                "markets": markets,
            }
        )
    held = venue.balance(exchange.account, now)
    wagers = [
        {
            "wager_id": wager.wager_id,
            "external_id": wager.external_id,
            "line_id": wager.line_id,
            "odds": wager.odds,
            "stake": dollars(wager.stake),
            "matched": dollars(wager.matched),
            "status": wager.status.value,
        }
        for wager in venue.wagers(exchange.account)
        if wager.live
    ]
    return {
        "now_ns": now,
        "balance": dollars(held.balance),
        "matched": dollars(held.matched),
        "unmatched": dollars(held.unmatched),
        "events": sport_events,
        "live_wagers": wagers,
    }


def _levels(book: ShownBook) -> list[object]:
    return [[[level.odds, dollars(level.value)] for level in levels] for levels in book.sides]


async def _in_force(exchange: LocalExchange, request: web.Request) -> Json:
    return [{"id": number} | _plain(fault) for number, fault in exchange.faults.in_force().items()]


def _plain(fault: Fault) -> dict[str, object]:
    plain = msgspec.to_builtins(fault)
    assert isinstance(plain, dict)
    return plain


async def _apply(exchange: LocalExchange, request: web.Request) -> Json:
    try:
        faults = _FAULTS.decode(await request.read())
    except UNREADABLE as bad:
        raise ControlError(unreadable(bad, Fault | OneOffFault)) from bad
    if isinstance(faults, list):
        return [await apply_fault(exchange, fault) for fault in faults]
    return await apply_fault(exchange, faults)


async def _lift(exchange: LocalExchange, request: web.Request) -> Json:
    number = request.match_info.get("number")
    return {"lifted": lift(exchange, None if number is None else int(number))}


async def _live(exchange: LocalExchange, request: web.Request) -> Json:
    return await apply_fault(exchange, GoLive(event=int(request.match_info["sport_event"])))


async def _settle(exchange: LocalExchange, request: web.Request) -> Json:
    winner = request.query.get("winner", "")
    if winner not in ("0", "1", "push"):
        raise ControlError("winner must be 0, 1 or push")
    market = request.query.get("market")
    if market is not None and not market.isdigit():
        raise ControlError("market must be the id of a market")
    sport_event = int(request.match_info["sport_event"])
    won: Literal[0, 1] | None = None if winner == "push" else 1 if winner == "1" else 0
    return await apply_fault(
        exchange, Settle(event=sport_event, market=None if market is None else int(market), winner=won)
    )
