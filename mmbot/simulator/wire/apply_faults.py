"""Carrying out what the control endpoints ask for: faults that stay in force, and faults that happen once."""

from __future__ import annotations

from mmbot.domain.catalogue import LineKey, MarketKey, quarter_points
from mmbot.domain.instant import seconds
from mmbot.domain.money import MoneyError, cents
from mmbot.simulator.venue.payouts import Result
from mmbot.simulator.wire.faults import DelayActivations, Fault, HalfOpen, Silence, StallFrame
from mmbot.simulator.wire.local_exchange import LocalExchange
from mmbot.simulator.wire.one_off_faults import (
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
    OneOffFault,
    PlaceByHand,
    PostponeEvent,
    SetLadder,
    SetLineStatus,
    SetMarketStatus,
    Settle,
    UnlistEvent,
    VoidMarket,
)


class ControlError(ValueError):
    """An order to the simulation that cannot be carried out."""


async def apply_fault(exchange: LocalExchange, fault: Fault | OneOffFault) -> dict[str, object]:
    """Carry out an fault, or let a fault stand; says what came of it.

    Raises:
        ControlError: if it names what is not there.
        VenueError: if the exchange refuses a wager placed by hand.
    """
    exchange.tick()
    try:
        if isinstance(fault, Fault):
            done: dict[str, object] = {"id": _let_stand(exchange, fault)}
        else:
            done = await _carry_out(exchange, fault)
    except (KeyError, MoneyError) as bad:
        raise ControlError(f"there is no such thing: {bad}") from bad
    except ValueError as bad:
        raise ControlError(str(bad)) from bad
    exchange.flush()
    exchange.wake()
    return done


def lift(exchange: LocalExchange, number: int | None = None) -> int:
    """Lift one fault or all of them; returns how many stood."""
    gone = exchange.faults.lift(number)
    for fault in gone:
        if isinstance(fault, Silence):
            exchange.pusher.end_silence()
        elif isinstance(fault, DelayActivations):
            exchange.venue.delay_activation(0)
    return len(gone)


def _let_stand(exchange: LocalExchange, fault: Fault) -> int:
    match fault:
        case Silence() | HalfOpen() | StallFrame():
            exchange.pusher.apply_to_sockets(fault)
            exchange.note_feed_silent()
        case DelayActivations():
            exchange.venue.delay_activation(seconds(fault.seconds))
        case _:
            pass
    return exchange.faults.add(fault)


async def _carry_out(exchange: LocalExchange, fault: OneOffFault) -> dict[str, object]:
    venue, now = exchange.venue, exchange.clock.now()
    match fault:
        case DropSockets():
            return {"sockets": exchange.pusher.drop_all()}
        case CloseSockets():
            return {"sockets": await exchange.pusher.close_all(fault.code, fault.message)}
        case GarbleSockets():
            return {"sockets": exchange.pusher.send_malformed()}
        case ExpireTokens():
            exchange.sessions.expire_access()
        case ExpireSessions():
            exchange.sessions.expire_sessions()
        case GoLive():
            venue.go_live(fault.event, now)
        case CreateEvent():
            return {"event": exchange.world.create_event(now + seconds(fault.starts_in), now, listed=fault.listed)}
        case MoveEvent():
            venue.move_event(fault.event, now + seconds(fault.starts_in), now)
        case PostponeEvent():
            venue.postpone_event(fault.event, now)
        case ListEvent():
            venue.list_event(fault.event, now)
        case UnlistEvent():
            venue.unlist_event(fault.event, now)
        case SetMarketStatus():
            venue.set_market_status(MarketKey(fault.event, fault.market), fault.status, now)
        case SetLineStatus():
            venue.set_line_status(LineKey(fault.event, fault.market, quarter_points(fault.line)), fault.status, now)
        case SetLadder():
            venue.set_ladder(venue.settings.ladder if fault.odds is None else fault.odds, now)
        case Maintenance(of="placing"):
            venue.set_maintenance(fault.on, now)
        case Maintenance():
            exchange.reporting = not fault.on
        case Blacklist():
            venue.set_blacklisted(fault.competitor, fault.on, now)
        case ChangeConnection():
            exchange.pusher.key = fault.key
        case Settle():
            for key in _markets(exchange, fault.event, fault.market):
                venue.settle(key, _result(exchange, fault, key), now)
        case Correct():
            key = MarketKey(fault.event, fault.market)
            venue.correct(key, _result(exchange, fault, key), now)
        case VoidMarket():
            for key in _markets(exchange, fault.event, fault.market):
                venue.void(key, now)
        case NoteLatched():
            exchange.world.referee.note_latched(now, fault.cause)
        case NoteResumed():
            exchange.world.referee.note_resumed(now)
        case NoteGone():
            exchange.world.referee.note_gone()
        case Deposit():
            venue.deposit(exchange.account, cents(fault.amount), now)
        case PlaceByHand():
            wager = venue.place(
                exchange.account,
                fault.external_id,
                fault.line_id,
                fault.odds,
                cents(fault.stake),
                now,
                fault.wager_strategy,
            )
            return {"wager_id": wager.wager_id}
    return {}


def _result(exchange: LocalExchange, fault: Settle | Correct, market: MarketKey) -> Result:
    if not fault.lines:
        return fault.winner
    given = {quarter_points(float(number)): winner for number, winner in fault.lines.items()}
    there = {line.key.number for line in exchange.venue.market(market).lines}
    if not there >= given.keys():
        raise ControlError(f"market {market.market} has other lines than {', '.join(fault.lines)}")
    return {number: given.get(number, fault.winner) for number in there}


def _markets(exchange: LocalExchange, event: int, market: int | None) -> list[MarketKey]:
    if market is not None:
        return [MarketKey(event, market)]
    found = exchange.venue.markets(event)
    if not found:
        raise ControlError(f"event {event} is not listed or has no markets")
    return [each.key for each in found if each.status == "active"]
