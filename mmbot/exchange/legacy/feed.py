"""The feed in the legacy dialect (version of the exchange's API). This module finds the feed's address, registers a
connection, and decodes messages on eight topics.

The field ``change_type`` alone decides the topic of a message, whatever its channel is. Only a health check has its own
event name (docs/protocol.md 8.3). If a part of a message cannot be read, the whole message is rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeVar

import msgspec
import orjson
from msgspec import Meta
from pybase64 import b64decode

from mmbot.domain.catalogue import LineKey, SportEvent, Tournament, quarter_points
from mmbot.domain.money import Cents, cents
from mmbot.engine.events import (
    Beat,
    BookMessage,
    FeedMessage,
    LineMessage,
    MarketMessage,
    Op,
    PrintMessage,
    SportEventMessage,
    TournamentMessage,
    UnreadWagerMessage,
    WagerMessage,
)
from mmbot.exchange.dialect import Call, Undecodable
from mmbot.exchange.errors import Purpose
from mmbot.exchange.grants import ChannelGrant, ConnectionConfig, Registration, Topics
from mmbot.exchange.legacy import messages, paths
from mmbot.exchange.legacy.selections import book_of, number_of
from mmbot.exchange.legacy.unread_wagers import unread_wager
from mmbot.exchange.legacy.wagers import report_of
from mmbot.exchange.legacy.wire import Id, Part, american, amount, moment, part, text_of, whole

HEALTH_CHECK: Final = "health_check"

Name = Annotated[str, Meta(max_length=1_000)]
"""The type of a host, an application key, a channel name or a signature. Its length is limited, because mmbot writes it
into an address or a frame."""

T = TypeVar("T")


class _Config(msgspec.Struct):
    key: Name | None = None
    cluster: Name | None = None
    ws_host: Name | None = None
    app_id: Id = None
    data: Part = msgspec.UNSET


def connection_config() -> Call[ConnectionConfig]:
    """The call that reads the address of the feed."""
    return Call(
        "connection_config",
        Purpose.READ,
        "GET",
        paths.CONNECTION,
        None,
        lambda answer, _: read_connection_config(answer),
    )


def read_connection_config(body: bytes) -> ConnectionConfig:
    """Read the connection config. Its fields are at the top level of the answer (docs/protocol.md 3) or under
    ``data``."""
    read = msgspec.json.decode(body, type=_Config)
    if not read.key and (inner := part(read.data)) is not None:
        read = msgspec.json.decode(inner, type=_Config)
    if not read.key:
        raise ValueError("the connection config has no key")
    if not read.cluster and not read.ws_host:
        raise ValueError("the connection config names neither a host nor a cluster")
    return ConnectionConfig(read.key, read.cluster or "", read.ws_host or None, text_of(read.app_id))


def plan(wanted: Topics) -> tuple[Topics, ...]:
    """Return a single connection for all topics. One channel has the messages about every tournament, for all
    accounts."""
    return (Topics(tournaments=wanted.tournaments),)


def register(socket_id: str, topics: Topics) -> Call[Registration]:
    """The call that registers a connection. If ``topics`` names no tournaments, the connection gets messages about all
    tournaments."""
    wire: dict[str, object] = {"socket_id": socket_id}
    if topics.tournaments:
        wire["subscriptions"] = [{"type": "tournament", "ids": [str(each) for each in topics.tournaments]}]
    body = orjson.dumps(wire)
    # A registration may take seconds and may be repeated, so it has the timeout and the error meanings of a read.
    return Call("register", Purpose.READ, "POST", paths.REGISTER, body, lambda answer, _: read_registration(answer))


class _Binding(msgspec.Struct):
    name: str


class _Channel(msgspec.Struct):
    channel_name: Name
    auth: Name | None = None
    binding_events: list[str | _Binding] | None = None


class _Channels(msgspec.Struct):
    authorized_channel: Annotated[list[_Channel], Meta(max_length=1_000)] | None = None
    success: bool | None = None


class _Registered(msgspec.Struct):
    data: _Channels
    auth: Name | None = None


def read_registration(body: bytes) -> Registration:
    """Read the channels of a connection. If one channel cannot be read, the whole answer is rejected. Otherwise the
    messages of this channel would never come. A channel without a signature gets the signature of the whole answer, as
    in older answers (docs/protocol.md 8.2).

    Any channel may bring any message. So each channel counts as a channel for every sport event and for private
    messages.
    """
    answer = msgspec.json.decode(body, type=_Registered)
    channels = answer.data.authorized_channel
    if not channels:
        raise ValueError("the registration authorises no channel")
    grants = []
    for channel in channels:
        auth = channel.auth or answer.auth
        if not auth:
            raise ValueError(f"channel {channel.channel_name!r} has no signature")
        bindings = tuple(each if isinstance(each, str) else each.name for each in channel.binding_events or ())
        grants.append(ChannelGrant(channel.channel_name, auth, bindings))
    return Registration(tuple(grants))


# --- messages -------------------------------------------------------------------------------------------------------

# ValueError: errors of msgspec, a wrong value, or text that is not UTF-8. RecursionError: JSON that is nested too
# deeply. OverflowError: a number that is too large for a float.
_UNREADABLE: Final = (ValueError, OverflowError, RecursionError)


def decode(connection: int, event_name: str, data: str | bytes) -> tuple[FeedMessage, ...]:
    """Decode a message of the feed. The result is empty for the book of a market with more than two outcomes.

    Args:
        connection: the number of the connection that brought the message.
        event_name: the event name in the Pusher protocol.
        data: the outer JSON object of the message. It may be encoded twice, and so may its payload (docs/protocol.md
            8.1).

    Raises:
        Undecodable: if the message cannot be read.
    """
    if event_name == HEALTH_CHECK:
        # The content of a health check does not matter.
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
    """Decode JSON. The JSON may be encoded a second time as a JSON string."""
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
        # A market with more than two outcomes is not quoted, so its books are of no use.
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
    try:
        return (_wager_of(connection, payload),)
    except _UNREADABLE as bad:
        unread = unread_wager(_unfold(messages.raw_wager, payload).info, _short(bad), total=False)
        if not unread.wager_id and not unread.external_id:
            raise
    return (UnreadWagerMessage(connection, unread),)


def _wager_of(connection: int, payload: bytes) -> WagerMessage:
    info = _unfold(messages.wager, payload).info
    match_stake, matched_odds = info.matched_stake, info.matched_odds
    # In a message ``matched_stake`` is the stake of one match, but a report has the total there.
    info.matched_stake = None
    report = report_of(info)
    if info.update_type == "matching" and match_stake:
        report = msgspec.structs.replace(
            report, match_stake=_stake(match_stake), match_odds=_odds_or_none(matched_odds)
        )
    return WagerMessage(connection, msgspec.structs.replace(report, sequence=info.sequence_number or 0))


def _stake(dollars: Id) -> Cents:
    stake = cents(amount(dollars))
    if stake < 0:
        raise ValueError(f"a stake is negative: {dollars!r}")
    return stake


def _odds_or_none(odds: Id) -> int | None:
    """Return the odds of a match. None if they are not a valid price. The odds are then read over REST."""
    try:
        return american(odds)
    except ValueError:
        return None


def _op(op: str | None, informed: bool) -> Op:
    """Return the operation (create, update or delete) that a message reports. A message with ``info`` but without
    ``op`` is an update."""
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


def _read_sport_event(connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
    wire = _unfold(messages.sport_event, payload)
    info = wire.info
    doing = _op(op, info is not None)
    # ``info.event_id`` may be 0 in a delete, so the outer id counts first (docs/protocol.md 8.3).
    sport_event_id = _first("id", wire.id, None if info is None else info.event_id)
    outer, inner = wire.tournament_id, None if info is None else info.tournament_id
    tournament_id = None if outer is None and inner is None else _first("tournament_id", outer, inner)
    sport_event = None
    if info is not None and doing is not Op.DELETE:
        sport_event = SportEvent(
            sport_event_id=sport_event_id,
            tournament_id=_first("tournament_id", tournament_id),
            name=info.name or info.display_name or "",
            status=info.status or "",
            scheduled=moment(info.scheduled),
            sport_name=info.sport_name or "",
            tournament_name=info.tournament_name or "",
            sub_type=info.sub_type or "",
            competitors=tuple(competitor.name or "" for competitor in info.competitors or ()),
        )
    return (SportEventMessage(connection, doing, sport_event_id, tournament_id, sport_event),)


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
    """Return the first of the values that is neither missing nor 0. Raises ValueError if there is no such value, or if
    the value is not an integer."""
    for value in values:
        if value is not None and (number := whole(value, what)):
            return number
    raise ValueError(f"{what} is missing")


_TOPICS: Final[Mapping[str, Callable[[int, str | None, bytes], tuple[FeedMessage, ...]]]] = {
    "tournament": _read_tournament,
    "sport_event": _read_sport_event,
    "market": _read_market,
    "market_line": _read_line,
    "market_selections": _read_book,
    "matched_bet": _read_print,
    "wager": _read_wager,
    HEALTH_CHECK: _read_beat,
    # ``change_type`` of a health check.
    "private_system_signal": _read_beat,
}
"""The functions that read the payload of a feed message, by its ``change_type`` (specification, *Complete WebSocket
Event Reference*)."""


def _short(bad: Exception) -> str:
    return f"{type(bad).__name__}: {bad}"[:200]
