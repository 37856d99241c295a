"""The doors of the simulation itself, outside the partner API: referee, clock, board, faults and results."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal, get_args

import msgspec
from aiohttp import web

from mmbot.domain.catalogue import LineKey, MarketKey, quarter_points
from mmbot.domain.instant import seconds
from mmbot.domain.money import MoneyError, cents, dollars
from mmbot.simulator.venue.records import ShownBook, VenueError
from mmbot.simulator.venue.settlement import Result
from mmbot.simulator.wire.answers import Json, answer
from mmbot.simulator.wire.faults import DelayActivations, Fault, HalfOpen, Silence, StallFrame
from mmbot.simulator.wire.local import LocalExchange
from mmbot.simulator.wire.one_off_faults import (
    Act,
    Blacklist,
    ChangeConnection,
    CloseSockets,
    Correct,
    CreateEvent,
    Deposit,
    DropSockets,
    ExpireSessions,
    ExpireTokens,
    GarbleSockets,
    GoLive,
    ListEvent,
    Maintenance,
    MoveEvent,
    NoteGone,
    NoteLatched,
    NoteResumed,
    PlaceByHand,
    PostponeEvent,
    SetLadder,
    SetLineStatus,
    SetMarketStatus,
    Settle,
    UnlistEvent,
    VoidMarket,
)

_ORDERS: Final = msgspec.json.Decoder(list[Fault | Act] | Fault | Act)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlError(ValueError):
    """An order to the simulation that cannot be carried out."""


def unreadable(bad: msgspec.DecodeError, kinds: object) -> str:
    """What is wrong with an order, and which there are: ``kinds``, a union."""
    names = sorted(kind.__struct_config__.tag for kind in get_args(kinds))
    return f'{bad}; an order looks like {{"fault": "silence"}}, and there are {", ".join(names)} (docs/exchange.md)'


def add_controls(app: web.Application, exchange: LocalExchange) -> None:
    """Add the routes; they ask for no authorisation, so the server belongs on loopback."""
    app.router.add_get("/referee", _door(exchange, _referee))
    app.router.add_get("/sim/clock", _door(exchange, _clock))
    app.router.add_get("/sim/board", _door(exchange, _board))
    app.router.add_get("/sim/faults", _door(exchange, _standing))
    app.router.add_post("/sim/faults", _door(exchange, _order))
    app.router.add_delete("/sim/faults", _door(exchange, _clear))
    app.router.add_delete("/sim/faults/{number:[0-9]+}", _door(exchange, _clear))
    app.router.add_post("/sim/live/{event:[0-9]+}", _door(exchange, _live))
    app.router.add_post("/sim/settle/{event:[0-9]+}", _door(exchange, _settle))


async def inflict(exchange: LocalExchange, order: Fault | Act) -> dict[str, object]:
    """Carry out an act, or let a fault stand; says what came of it.

    Raises:
        ControlError: if it names what is not there.
        VenueError: if the exchange refuses a wager placed by hand.
    """
    exchange.tick()
    try:
        if isinstance(order, Fault):
            done: dict[str, object] = {"id": _let_stand(exchange, order)}
        else:
            done = await _carry_out(exchange, order)
    except (KeyError, MoneyError) as bad:
        raise ControlError(f"there is no such thing: {bad}") from bad
    except ValueError as bad:
        raise ControlError(str(bad)) from bad
    exchange.flush()
    exchange.poke()
    return done


def clear(exchange: LocalExchange, number: int | None = None) -> int:
    """Lift one fault or all of them; returns how many stood."""
    gone = exchange.faults.clear(number)
    for fault in gone:
        if isinstance(fault, Silence):
            exchange.hub.relieve()
        elif isinstance(fault, DelayActivations):
            exchange.venue.delay_activation(0)
    return len(gone)


def _let_stand(exchange: LocalExchange, fault: Fault) -> int:
    match fault:
        case Silence() | HalfOpen() | StallFrame():
            exchange.hub.afflict(fault)
            exchange.feed_fell_silent()
        case DelayActivations():
            exchange.venue.delay_activation(seconds(fault.seconds))
        case _:
            pass
    return exchange.faults.add(fault)


async def _carry_out(exchange: LocalExchange, act: Act) -> dict[str, object]:
    venue, now = exchange.venue, exchange.clock.now()
    match act:
        case DropSockets():
            return {"sockets": exchange.hub.drop_all()}
        case CloseSockets():
            return {"sockets": await exchange.hub.close_all(act.code, act.message)}
        case GarbleSockets():
            return {"sockets": exchange.hub.garble_all()}
        case ExpireTokens():
            exchange.accounts.expire_access()
        case ExpireSessions():
            exchange.accounts.expire_sessions()
        case GoLive():
            venue.go_live(act.event, now)
        case CreateEvent():
            return {"event": exchange.world.create_event(now + seconds(act.starts_in), now, listed=act.listed)}
        case MoveEvent():
            venue.move_event(act.event, now + seconds(act.starts_in), now)
        case PostponeEvent():
            venue.postpone_event(act.event, now)
        case ListEvent():
            venue.list_event(act.event, now)
        case UnlistEvent():
            venue.unlist_event(act.event, now)
        case SetMarketStatus():
            venue.set_market_status(MarketKey(act.event, act.market), act.status, now)
        case SetLineStatus():
            venue.set_line_status(LineKey(act.event, act.market, quarter_points(act.line)), act.status, now)
        case SetLadder():
            venue.set_ladder(venue.settings.ladder if act.odds is None else act.odds, now)
        case Maintenance(of="placing"):
            venue.set_maintenance(act.on, now)
        case Maintenance():
            exchange.reporting = not act.on
        case Blacklist():
            venue.set_blacklisted(act.competitor, act.on, now)
        case ChangeConnection():
            exchange.hub.key = act.key
        case Settle():
            for key in _markets(exchange, act.event, act.market):
                venue.settle(key, _result(exchange, act, key), now)
        case Correct():
            key = MarketKey(act.event, act.market)
            venue.correct(key, _result(exchange, act, key), now)
        case VoidMarket():
            for key in _markets(exchange, act.event, act.market):
                venue.void(key, now)
        case NoteLatched():
            exchange.world.referee.note_latched(now, act.cause)
        case NoteResumed():
            exchange.world.referee.note_resumed(now)
        case NoteGone():
            exchange.world.referee.note_gone()
        case Deposit():
            venue.deposit(exchange.account, cents(act.amount), now)
        case PlaceByHand():
            wager = venue.place(
                exchange.account, act.external_id, act.line_id, act.odds, cents(act.stake), now, act.wager_strategy
            )
            return {"wager_id": wager.wager_id}
    return {}


def _result(exchange: LocalExchange, act: Settle | Correct, market: MarketKey) -> Result:
    if not act.lines:
        return act.winner
    given = {quarter_points(float(number)): winner for number, winner in act.lines.items()}
    there = {line.key.number for line in exchange.venue.market(market).lines}
    if not there >= given.keys():
        raise ControlError(f"market {market.market} has other lines than {', '.join(act.lines)}")
    return {number: given.get(number, act.winner) for number in there}


def _markets(exchange: LocalExchange, event: int, market: int | None) -> list[MarketKey]:
    if market is not None:
        return [MarketKey(event, market)]
    found = exchange.venue.markets(event)
    if not found:
        raise ControlError(f"event {event} is not listed or has no markets")
    return [each.key for each in found if each.status == "active"]


# --- over HTTP ----------------------------------------------------------------------------------------------------


def _door(exchange: LocalExchange, endpoint: Callable[[LocalExchange, web.Request], Awaitable[Json]]) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return answer(await endpoint(exchange, request))
        except ControlError as bad:
            return answer({"error": "invalid_request", "message": str(bad)}, 400)
        except VenueError as refusal:
            return answer({"error": refusal.code, "message": refusal.message}, refusal.status)

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
    events: list[object] = []
    for event in venue.events():
        markets: list[object] = []
        for market in venue.markets(event.event_id) or ():
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
        events.append(
            {
                "id": event.event_id,
                "name": event.name,
                "tournament": event.tournament_id,
                "status": event.status,
                "scheduled": event.scheduled,
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
        "events": events,
        "live_wagers": wagers,
    }


def _levels(book: ShownBook) -> list[object]:
    return [[[level.odds, dollars(level.value)] for level in levels] for levels in book.sides]


async def _standing(exchange: LocalExchange, request: web.Request) -> Json:
    return [{"id": number} | _plain(fault) for number, fault in exchange.faults.standing().items()]


def _plain(fault: Fault) -> dict[str, object]:
    plain = msgspec.to_builtins(fault)
    assert isinstance(plain, dict)
    return plain


async def _order(exchange: LocalExchange, request: web.Request) -> Json:
    try:
        orders = _ORDERS.decode(await request.read())
    except msgspec.DecodeError as bad:
        raise ControlError(unreadable(bad, Fault | Act)) from bad
    if isinstance(orders, list):
        return [await inflict(exchange, order) for order in orders]
    return await inflict(exchange, orders)


async def _clear(exchange: LocalExchange, request: web.Request) -> Json:
    number = request.match_info.get("number")
    return {"cleared": clear(exchange, None if number is None else int(number))}


async def _live(exchange: LocalExchange, request: web.Request) -> Json:
    return await inflict(exchange, GoLive(event=int(request.match_info["event"])))


async def _settle(exchange: LocalExchange, request: web.Request) -> Json:
    winner = request.query.get("winner", "")
    if winner not in ("0", "1", "push"):
        raise ControlError("winner: 0, 1 or push")
    market = request.query.get("market")
    if market is not None and not market.isdigit():
        raise ControlError("market: the id of a market")
    event = int(request.match_info["event"])
    won: Literal[0, 1] | None = None if winner == "push" else 1 if winner == "1" else 0
    return await inflict(exchange, Settle(event=event, market=None if market is None else int(market), winner=won))
