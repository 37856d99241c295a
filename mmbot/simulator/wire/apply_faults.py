"""Applies the faults (simulated failures and events) that a tester asks for. Some faults stay in force until they are
lifted (ended). Other faults happen once."""

from __future__ import annotations

from mmbot.domain.catalogue import LineKey, MarketKey, quarter_points
from mmbot.domain.instant import Instant, seconds
from mmbot.domain.money import MoneyError, cents
from mmbot.simulator.venue.settlement.payouts import Result
from mmbot.simulator.wire.faults import DelayActivations, Fault, HalfOpen, Silence, StallFrame
from mmbot.simulator.wire.local_exchange import LocalExchange
from mmbot.simulator.wire.one_off_faults import (
    AccountFault,
    Blacklist,
    BoardFault,
    ChangeConnection,
    CloseSockets,
    ConnectionFault,
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
    NoteLatched,
    NoteProcessKilled,
    NoteResumed,
    OneOffFault,
    PlaceByHand,
    PostponeEvent,
    ResultFault,
    SetLadder,
    SetLineStatus,
    SetMarketStatus,
    Settle,
    UnlistEvent,
    VoidMarket,
)


class ControlError(ValueError):
    """Raised if a fault (simulated failure or event) cannot be applied."""


async def apply_fault(exchange: LocalExchange, fault: Fault | OneOffFault) -> dict[str, object]:
    """Apply a fault (simulated failure or event). If the fault stays in force, return its number. Otherwise return the
    changes that it made.

    Raises:
        ControlError: if the fault cannot be applied, for example because it names something that does not exist.
        VenueError: if the exchange rejects the action, for example a wager that the fault places.
    """
    exchange.tick()
    try:
        if isinstance(fault, Fault):
            done: dict[str, object] = {"id": _put_in_force(exchange, fault)}
        else:
            done = await _apply_once(exchange, fault)
    except (KeyError, MoneyError) as bad:
        raise ControlError(f"this does not exist: {bad}") from bad
    except ValueError as bad:
        raise ControlError(str(bad)) from bad
    exchange.flush()
    exchange.wake()
    return done


def lift(exchange: LocalExchange, number: int | None = None) -> int:
    """Lift (end) the fault (simulated failure) with this number. If ``number`` is None, lift all faults. Returns how
    many faults were lifted."""
    gone = exchange.faults.lift(number)
    for fault in gone:
        if isinstance(fault, Silence):
            exchange.pusher.end_silence()
        elif isinstance(fault, DelayActivations):
            exchange.venue.delay_activation(0)
    return len(gone)


def _put_in_force(exchange: LocalExchange, fault: Fault) -> int:
    match fault:
        case Silence() | HalfOpen() | StallFrame():
            exchange.pusher.apply_to_sockets(fault)
            exchange.note_feed_silent()
        case DelayActivations():
            exchange.venue.delay_activation(seconds(fault.seconds))
        case _:
            pass
    return exchange.faults.add(fault)


async def _apply_once(exchange: LocalExchange, fault: OneOffFault) -> dict[str, object]:
    if isinstance(fault, ConnectionFault):
        return await _to_connections(exchange, fault)
    now = exchange.clock.now()
    if isinstance(fault, BoardFault):
        return _to_board(exchange, fault, now)
    if isinstance(fault, ResultFault):
        return _to_results(exchange, fault, now)
    return _to_account(exchange, fault, now)


async def _to_connections(exchange: LocalExchange, fault: ConnectionFault) -> dict[str, object]:
    match fault:
        case DropSockets():
            return {"sockets": exchange.pusher.drop_all()}
        case CloseSockets():
            return {"sockets": await exchange.pusher.close_all(fault.code, fault.message)}
        case GarbleSockets():
            return {"sockets": exchange.pusher.send_malformed()}
        case ChangeConnection():
            exchange.pusher.key = fault.key
        case ExpireTokens():
            exchange.sessions.expire_access()
        case ExpireSessions():
            exchange.sessions.expire_sessions()
        case Maintenance():
            _maintain(exchange, fault)
    return {}


def _maintain(exchange: LocalExchange, fault: Maintenance) -> None:
    if fault.of == "placing":
        exchange.venue.set_maintenance(fault.on, exchange.clock.now())
    else:
        exchange.reporting = not fault.on


def _to_board(exchange: LocalExchange, fault: BoardFault, now: Instant) -> dict[str, object]:
    venue = exchange.venue
    match fault:
        case GoLive():
            venue.go_live(fault.event, now)
        case CreateEvent():
            return {
                "event": exchange.world.create_sport_event(now + seconds(fault.starts_in), now, listed=fault.listed)
            }
        case MoveEvent():
            venue.move_sport_event(fault.event, now + seconds(fault.starts_in), now)
        case PostponeEvent():
            venue.postpone_sport_event(fault.event, now)
        case ListEvent():
            venue.list_sport_event(fault.event, now)
        case UnlistEvent():
            venue.unlist_sport_event(fault.event, now)
        case SetMarketStatus():
            venue.set_market_status(MarketKey(fault.event, fault.market), fault.status, now)
        case SetLineStatus():
            venue.set_line_status(LineKey(fault.event, fault.market, quarter_points(fault.line)), fault.status, now)
        case SetLadder():
            venue.set_ladder(venue.settings.ladder if fault.odds is None else fault.odds, now)
        case Blacklist():
            venue.set_blacklisted(fault.competitor, fault.on, now)
    return {}


def _to_results(exchange: LocalExchange, fault: ResultFault, now: Instant) -> dict[str, object]:
    match fault:
        case Settle():
            for key in _markets(exchange, fault.event, fault.market):
                exchange.venue.settle(key, _result(exchange, fault, key), now)
        case Correct():
            key = MarketKey(fault.event, fault.market)
            exchange.venue.correct(key, _result(exchange, fault, key), now)
        case VoidMarket():
            for key in _markets(exchange, fault.event, fault.market):
                exchange.venue.void(key, now)
    return {}


def _to_account(exchange: LocalExchange, fault: AccountFault, now: Instant) -> dict[str, object]:
    match fault:
        case NoteLatched():
            exchange.world.referee.note_latched(now, fault.cause)
        case NoteResumed():
            exchange.world.referee.note_resumed(now)
        case NoteProcessKilled():
            exchange.world.referee.note_process_killed()
        case Deposit():
            exchange.venue.deposit(exchange.account, cents(fault.amount), now)
        case PlaceByHand():
            wager = exchange.venue.place(
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
        raise ControlError(f"market {market.market} does not have all of the lines {', '.join(fault.lines)}")
    return {number: given.get(number, fault.winner) for number in there}


def _markets(exchange: LocalExchange, sport_event: int, market: int | None) -> list[MarketKey]:
    if market is not None:
        return [MarketKey(sport_event, market)]
    found = exchange.venue.markets(sport_event)
    if not found:
        raise ControlError(f"sport event {sport_event} is not listed or has no markets")
    return [each.key for each in found if each.status == "active"]
