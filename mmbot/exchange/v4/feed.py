"""The feed in the v4 dialect (version of the exchange's API). This module finds the feed's address, distributes topics
over connections, registers a connection, and knows the topics of the messages.

Each sport event has its own channel for the books of its main markets. Each sub-type of the other markets has its own
channel too (docs/protocol.md 13.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
import orjson
from msgspec import Meta
from pybase64 import b64decode

from mmbot.exchange.answers.connection import Name, read_connection_config
from mmbot.exchange.answers.feed import HEALTH_CHECK, FeedReader, Shapes
from mmbot.exchange.answers.values import Id, Text, text_of, whole, why
from mmbot.exchange.calls import get
from mmbot.exchange.dialect import Call, MalformedItems
from mmbot.exchange.errors import Purpose
from mmbot.exchange.grants import ChannelGrant, ConnectionConfig, Registration, RejectedTopic, Topics
from mmbot.exchange.v4 import paths
from mmbot.exchange.v4.wagers import READER as WAGERS
from mmbot.exchange.v4.words import Book, BookStrikes, Envelope, MatchedOrder, OrderMessage, StrikeMessage
from mmbot.net.pusher import SignIn

CHANNEL_LIMIT: Final = 400
"""The greatest number of channels of sport events and sub-types for which one connection may ever register, unless the
exchange names another limit. It counts every channel for which the connection has registered, even if the connection
does not want the channel any more (docs/protocol.md 13.5)."""

TOPICS: Final = {
    "tournament": FeedReader.read_tournament,
    "sport_event": FeedReader.read_sport_event,
    "market": FeedReader.read_market,
    "market_strike": FeedReader.read_line,
    "market_selections": FeedReader.read_book,
    "matched_order": FeedReader.read_print,
    # Another name of the same topic on one page of the exchange's documents.
    "trade_execution": FeedReader.read_print,
    "order": FeedReader.read_wager,
    HEALTH_CHECK: FeedReader.read_beat,
    # ``change_type`` of a health check.
    "private_system_signal": FeedReader.read_beat,
}
"""The methods that read the payload of a feed message, by its ``change_type`` (docs/protocol.md 13.6)."""


def payload_of(payload: Any) -> bytes:
    """Return the JSON of a payload. The payload is JSON in base64, or a text with JSON, or JSON itself."""
    if not isinstance(payload, str):
        return b"" if payload is None else msgspec.json.encode(payload)
    text = payload.lstrip()
    # None of these characters occurs in base64.
    return text.encode() if text[:1] in ("{", "[", '"') else b64decode(text, validate=True)


SHAPES: Final = Shapes(Envelope, Book, BookStrikes, MatchedOrder, OrderMessage, StrikeMessage)

decode = FeedReader(WAGERS, TOPICS, SHAPES, payload_of).decode


def connection_config() -> Call[ConnectionConfig]:
    """The call that reads the address of the feed."""
    return get("connection_config", paths.CONNECTION, lambda answer, _: read_connection_config(answer))


# --- the distribution of topics -------------------------------------------------------------------------------------

_SEPARATOR: Final = re.compile(r"[\s/-]")
_DROPPED: Final = re.compile(r"[^a-z0-9_]")


def normal_sub_type(sub_type: str) -> str:
    """Return a sub-type in the form in which a registration names it. It is in lower case. A blank, ``/`` or ``-``
    becomes ``_``, and other characters are dropped. The result may be empty."""
    return _DROPPED.sub("", _SEPARATOR.sub("_", sub_type.strip().lower()))


def plan(wanted: Topics, limit: int = CHANNEL_LIMIT) -> tuple[Topics, ...]:
    """Distribute topics over connections, in the order of ``wanted``. The same topics give the same plan.

    Each connection registers for at least one sport event, if any is wanted. The channels of one sport event are kept
    on one connection if they fit on it. The first connection has all tournaments. A sub-type without any letter or
    digit is left out, because the exchange would reject it.

    Args:
        limit: the greatest number of channels of sport events and sub-types on one connection. At least 2.

    Raises:
        ValueError: if ``limit`` is smaller than 2.
    """
    if limit < 2:
        raise ValueError(f"a connection with {limit} channels has no room for a sport event and a sub-type")
    connections: list[tuple[list[int], list[tuple[int, str]]]] = [([], [])]
    for sport_event, sub_types in _groups(wanted, limit):
        sport_events, pairs = connections[-1]
        if len(sport_events) + len(pairs) + 1 + len(sub_types) > limit:
            sport_events, pairs = [], []
            connections.append((sport_events, pairs))
        sport_events.append(sport_event)
        pairs += [(sport_event, sub_type) for sub_type in sub_types]
    return tuple(
        Topics(() if place else wanted.tournaments, tuple(sport_events), tuple(pairs))
        for place, (sport_events, pairs) in enumerate(connections)
    )


def _groups(wanted: Topics, limit: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each sport event with its sub-types. If the sub-types do not fit on one connection, the sport event comes
    several times, each time with a part of them."""
    by_sport_event: dict[int, dict[str, None]] = {sport_event: {} for sport_event in wanted.sport_events}
    for sport_event, sub_type in wanted.sub_types:
        if name := normal_sub_type(sub_type):
            by_sport_event.setdefault(sport_event, {})[name] = None
    for sport_event, names in by_sport_event.items():
        sub_types = list(names)
        for first in range(0, max(len(sub_types), 1), limit - 1):
            yield sport_event, sub_types[first : first + limit - 1]


# --- registration ---------------------------------------------------------------------------------------------------


def register(socket_id: str, topics: Topics, service: str = "pusher") -> Call[Registration]:
    """The call that registers a connection. It names everything that the connection wants. Without topics, the exchange
    grants the channels that every connection gets."""
    wire: dict[str, object] = {"socket_id": socket_id, "service": service}
    subscriptions = [
        {"type": kind, "ids": ids}
        for kind, ids in (
            ("tournament", [str(each) for each in topics.tournaments]),
            ("event", [str(each) for each in topics.sport_events]),
            ("event_subtype", _sub_types(topics)),
        )
        if ids
    ]
    if subscriptions:
        wire["subscriptions"] = subscriptions

    def read(answer: bytes, malformed: MalformedItems) -> Registration:
        return read_registration(answer, topics, malformed)

    # A registration may take seconds and may be repeated, so it has the timeout and the error meanings of a read.
    return Call("register", Purpose.READ, "POST", paths.REGISTER, orjson.dumps(wire), read)


def _sub_types(topics: Topics) -> list[str]:
    named = [(sport_event, normal_sub_type(sub_type)) for sport_event, sub_type in topics.sub_types]
    return list(dict.fromkeys(f"{sport_event}:{name}" for sport_event, name in named if name))


class _Binding(msgspec.Struct):
    name: Name
    type: Name | None = None


class _Scope(msgspec.Struct):
    event_id: Id = None
    sub_type: Text | None = None


class _Channel(msgspec.Struct):
    channel_name: Name
    auth: Name
    binding_events: Annotated[list[_Binding], Meta(max_length=10_000)] | None = None
    scope: _Scope | None = None


class _Rejected(msgspec.Struct):
    type: Text | None = None
    id: Id = None
    reason: Text | None = None


class _Authenticated(msgspec.Struct):
    auth: Name
    user_data: Annotated[str, Meta(max_length=10_000)]


class _Channels(msgspec.Struct):
    authorized_channel: Annotated[list[msgspec.Raw], Meta(max_length=10_000)] | None = None
    authenticated: _Authenticated | None = None
    rejected: list[msgspec.Raw] | None = None
    channel_limit: int | None = None
    success: bool | None = None


class _Registered(msgspec.Struct):
    data: _Channels


_BROADCAST: Final = ("tournament", "general")
"""The types of the events on the channel that every account gets."""


def read_registration(body: bytes, topics: Topics, malformed: MalformedItems) -> Registration:
    """Read the channels of a connection. If a channel cannot be read, it is left out, and its topic counts as rejected.
    Each rejected topic is also added to ``malformed``.

    The name of a channel has no meaning here. If a channel in the answer names a sport event in its field ``scope``, it
    brings books of this sport event. There are two other channels. One is for all accounts, and one is for the
    account's private messages.

    A channel of a sub-type brings only some of the books of its sport event. So it counts as a channel for the sport
    event only if the sport event's own channel is granted too.

    Raises:
        ValueError: if the answer has no channel for private messages, or denies success. The error is also raised if
            the proof of identity cannot be read.
    """
    answer = msgspec.json.decode(body, type=_Registered).data
    if answer.success is False:
        raise ValueError("answered 200, and yet no success")
    grants: list[ChannelGrant] = []
    granted: dict[tuple[int, str], None] = {}
    for place, raw in enumerate(answer.authorized_channel or ()):
        try:
            channel = msgspec.json.decode(raw, type=_Channel)
            scope = channel.scope
            sport_event = None if scope is None or scope.event_id is None else whole(scope.event_id, "event_id")
        except ValueError as bad:
            malformed.append(f"channel {place}: {why(bad)}")
            continue
        if scope is not None and sport_event is not None:
            granted[sport_event, normal_sub_type(scope.sub_type or "")] = None
        grants.append(
            ChannelGrant(
                channel.channel_name,
                channel.auth,
                tuple(binding.name for binding in channel.binding_events or ()),
                () if sport_event is None else (sport_event,),
                scope is None and not _is_broadcast(channel),
            )
        )
    if not any(grant.private for grant in grants):
        raise ValueError("the registration authorises no private channel")
    grants = [
        grant
        if all((sport_event, "") in granted for sport_event in grant.covers or ())
        else msgspec.structs.replace(grant, covers=())
        for grant in grants
    ]
    proof = answer.authenticated
    rejected = [*_rejected(answer.rejected or [], malformed)]
    rejected += _without_channel(topics, granted, rejected)
    malformed += [f"topic {topic.type} {topic.id} rejected: {topic.reason}"[:300] for topic in rejected]
    return Registration(
        tuple(grants),
        None if proof is None else SignIn(proof.auth, proof.user_data),
        tuple(rejected),
        answer.channel_limit if answer.channel_limit and answer.channel_limit > 0 else None,
    )


def _is_broadcast(channel: _Channel) -> bool:
    """Return True if all events of a channel are for every account. Any other event may be private."""
    bindings = channel.binding_events or []
    return bool(bindings) and all(binding.type in _BROADCAST for binding in bindings)


def _rejected(items: list[msgspec.Raw], malformed: MalformedItems) -> Iterator[RejectedTopic]:
    for place, raw in enumerate(items):
        try:
            item = msgspec.json.decode(raw, type=_Rejected)
            yield RejectedTopic(item.type or "", text_of(item.id), item.reason or "")
        except ValueError as bad:
            malformed.append(f"rejected topic {place}: {why(bad)}")


def _without_channel(
    topics: Topics, granted: dict[tuple[int, str], None], rejected: list[RejectedTopic]
) -> list[RejectedTopic]:
    """Return the wanted topics that have no channel, although the exchange did not reject them."""
    said = [(topic.type, topic.id) for topic in rejected]
    missing = [("event", str(each)) for each in topics.sport_events if (each, "") not in granted]
    for sport_event, sub_type in topics.sub_types:
        name = normal_sub_type(sub_type)
        if (sport_event, name) not in granted:
            missing.append(("event_subtype", f"{sport_event}:{name}"))
    return [RejectedTopic(kind, id, "no_channel") for kind, id in missing if (kind, id) not in said]
