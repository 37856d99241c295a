"""The feed in the legacy dialect: the envelope and its eight topics, decoded into the few fields that are needed.

What a message says is told by ``change_type`` alone, wherever it arrives; only a health check is known by its event
name (PROTOCOL 8.3). A message that cannot be read as a whole is not delivered in part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec
from pybase64 import b64decode

from mmbot.domain.catalogue import LineKey, SportEvent, Tournament, quarter_points
from mmbot.domain.money import Cents, cents
from mmbot.engine.events import (
    Beat,
    BookMessage,
    EventMessage,
    FeedMessage,
    LineMessage,
    MarketMessage,
    Op,
    PrintMessage,
    TournamentMessage,
    WagerMessage,
)
from mmbot.exchange.legacy import messages
from mmbot.exchange.legacy.selections import book_of, number_of
from mmbot.exchange.legacy.wagers import report_of
from mmbot.exchange.legacy.wire import Id, american, moment, whole

HEALTH_CHECK: Final = "health_check"

T = TypeVar("T")


class Undecodable(Exception):
    """A message that cannot be read.

    Args:
        kind: a short, bounded name for the counter: ``envelope``, ``topic``, or the topic.
        why: what was wrong with it.
    """

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(f"{kind}: {why}")
        self.kind: Final = kind
        self.why: Final = why


# ValueError is msgspec's own errors, ours of a value, and those of text that is no UTF-8. RecursionError is JSON nested
# without end; OverflowError a number beyond every float.
_UNREADABLE: Final = (ValueError, OverflowError, RecursionError)


def decode(connection: int, event_name: str, data: str | bytes) -> tuple[FeedMessage, ...]:
    """What a message says; nothing where it concerns a line that no book can be kept of.

    Args:
        connection: the generation of the connection that brought it.
        event_name: Pusher's name of the event.
        data: the envelope as JSON. It may be encoded twice, and so may its payload (PROTOCOL 8.1).

    Raises:
        Undecodable: if it cannot be read.
    """
    if event_name == HEALTH_CHECK:
        # That it was published is all it says.
        return (Beat(connection),)
    try:
        envelope = _unfold(messages.envelope, data)
    except _UNREADABLE as bad:
        raise Undecodable("envelope", _short(bad)) from bad
    topic = envelope.change_type
    read = _TOPICS.get(topic)
    if read is None:
        raise Undecodable("topic", f"unknown change_type {topic[:60]!r}")
    try:
        return read(connection, envelope.op, b64decode(envelope.payload or "", validate=True))
    except _UNREADABLE as bad:
        raise Undecodable(topic, _short(bad)) from bad


def _unfold(decoder: Callable[[str | bytes], T], data: str | bytes) -> T:
    """Decode; where JSON was put into a JSON string once more, take it out first."""
    try:
        return decoder(data)
    except msgspec.ValidationError:
        if data[:1] not in ('"', b'"'):
            raise
        return decoder(messages.text(data))


def _read_beat(connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
    return (Beat(connection),)


def _read_book(connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
    wire = _unfold(messages.book, payload)
    info = wire.info
    selections = info.selections
    if selections and len(selections) > 2:
        # Such a market is not quoted, so that its books are of no use.
        return ()
    if info.line is None:
        told = _unfold(messages.book_lines, payload).info
        number = number_of(None, told.selections, told.type)
    else:
        number = quarter_points(info.line) if info.line else 0
    return (
        BookMessage(
            connection,
            LineKey(wire.sport_event_id, wire.market_id, number),
            info.sequence_number,
            book_of(selections),
        ),
    )


def _read_print(connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
    info = _unfold(messages.print_of, payload).info
    return (
        PrintMessage(
            connection,
            info.sport_event_id,
            info.market_id,
            info.line_id,
            american(info.odds),
            american(info.matched_odds, "matched_odds"),
            _stake(info.matched_stake),
            info.sequence_number,
        ),
    )


def _read_wager(connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
    info = _unfold(messages.wager, payload).info
    match_stake, matched_odds = info.matched_stake, info.matched_odds
    # In a message ``matched_stake`` is one match alone; only the total may stand for what is matched.
    info.matched_stake = None
    report = report_of(info)
    if info.update_type == "matching" and match_stake:
        report = msgspec.structs.replace(
            report, match_stake=_stake(match_stake), match_odds=_odds_or_none(matched_odds)
        )
    return (WagerMessage(connection, msgspec.structs.replace(report, sequence=info.sequence_number or 0)),)


def _stake(dollars: float) -> Cents:
    stake = cents(dollars)
    if stake < 0:
        raise ValueError(f"a stake is negative: {dollars!r}")
    return stake


def _odds_or_none(odds: float | None) -> int | None:
    """Odds of a match. None where they are no whole price: then the matching detail has to tell."""
    try:
        return american(odds)
    except ValueError:
        return None


def _op(op: str | None, informed: bool) -> Op:
    """What a structural message does. Without an ``op`` one that says something is an update."""
    if op is None and informed:
        return Op.UPDATE
    found = Op(op)
    if found is not Op.DELETE and not informed:
        raise ValueError("a create or update without info")
    return found


def _read_tournament(connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
    wire = _unfold(messages.tournament, payload)
    info = wire.info
    doing = _op(op, info is not None)
    tournament_id = _first("id", wire.id, None if info is None else info.id)
    tournament = None
    if info is not None:
        tournament = Tournament(tournament_id, info.name or "", (info.sport and info.sport.name) or "")
    return (TournamentMessage(connection, doing, tournament_id, tournament),)


def _read_event(connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
    wire = _unfold(messages.event, payload)
    info = wire.info
    doing = _op(op, info is not None)
    # ``info.event_id`` may be 0 in a delete: the outer id comes first (PROTOCOL 8.3).
    event_id = _first("id", wire.id, None if info is None else info.event_id)
    outer, inner = wire.tournament_id, None if info is None else info.tournament_id
    tournament_id = None if outer is None and inner is None else _first("tournament_id", outer, inner)
    event = None
    if info is not None and doing is not Op.DELETE:
        event = SportEvent(
            event_id=event_id,
            tournament_id=_first("tournament_id", tournament_id),
            name=info.name or info.display_name or "",
            status=info.status or "",
            scheduled=moment(info.scheduled),
            sport_name=info.sport_name or "",
            tournament_name=info.tournament_name or "",
            sub_type=info.sub_type or "",
            competitors=tuple(competitor.name or "" for competitor in info.competitors or ()),
        )
    return (EventMessage(connection, doing, event_id, tournament_id, event),)


def _read_market(connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
    wire = _unfold(messages.market, payload)
    info = wire.info or messages.MarketInfo()
    return (
        MarketMessage(
            connection,
            _op(op, wire.info is not None),
            _first("sport_event_id", info.sport_event_id, wire.id),
            whole(info.id, "market id"),
            info.name or "",
            info.status or "",
        ),
    )


def _read_line(connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
    info = _unfold(messages.line, payload).info
    if info is None or not info.line_id:
        raise ValueError("a line without its line_id")
    return (
        LineMessage(
            connection,
            _op(op, True),
            whole(info.sport_event_id, "sport_event_id"),
            whole(info.market_id, "market_id"),
            info.line_id,
            whole(info.outcome_id, "outcome_id"),
            quarter_points(info.line or 0.0),
            info.status or "",
        ),
    )


def _first(what: str, *values: Id) -> int:
    """The first that is given and not 0. Raises ValueError if none is, or if it is no integer."""
    for value in values:
        if value is not None and (number := whole(value, what)):
            return number
    raise ValueError(f"{what} is missing")


_TOPICS: Final[Mapping[str, Callable[[int, str | None, bytes], tuple[FeedMessage, ...]]]] = {
    "tournament": _read_tournament,
    "sport_event": _read_event,
    "market": _read_market,
    "market_line": _read_line,
    "market_selections": _read_book,
    "matched_bet": _read_print,
    "wager": _read_wager,
    HEALTH_CHECK: _read_beat,
    # What a health check is called inside its envelope.
    "private_system_signal": _read_beat,
}
"""``change_type`` to what reads it (specification, *Complete WebSocket Event Reference*)."""


def _short(bad: Exception) -> str:
    return f"{type(bad).__name__}: {bad}"[:200]
