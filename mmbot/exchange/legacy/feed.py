"""The feed in the legacy dialect (version of the exchange's API). This module finds the feed's address, registers a
connection, and knows the topics of the messages."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
import orjson
from msgspec import Meta

from mmbot.exchange.answers.connection import Name, read_connection_config
from mmbot.exchange.answers.feed import HEALTH_CHECK, FeedReader, Shapes
from mmbot.exchange.dialect import Call
from mmbot.exchange.errors import Purpose
from mmbot.exchange.grants import ChannelGrant, ConnectionConfig, Registration, Topics
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.wagers import READER as WAGERS

TOPICS: Final = {
    "tournament": FeedReader.read_tournament,
    "sport_event": FeedReader.read_sport_event,
    "market": FeedReader.read_market,
    "market_line": FeedReader.read_line,
    "market_selections": FeedReader.read_book,
    "matched_bet": FeedReader.read_print,
    "wager": FeedReader.read_wager,
    HEALTH_CHECK: FeedReader.read_beat,
    # ``change_type`` of a health check.
    "private_system_signal": FeedReader.read_beat,
}
"""The methods that read the payload of a feed message, by its ``change_type`` (docs/protocol.md 8.3)."""

decode = FeedReader(WAGERS, TOPICS, Shapes()).decode


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


def plan(wanted: Topics) -> tuple[Topics, ...]:
    """Return a single connection for all topics. One channel has the messages about every tournament, for all
    accounts."""
    return (Topics(tournaments=wanted.tournaments),)


def register(socket_id: str, topics: Topics, service: str = "pusher") -> Call[Registration]:
    """The call that registers a connection. ``service`` is not sent. If ``topics`` names no tournaments, the connection
    gets messages about all tournaments."""
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
    messages of this channel would never come. A channel without a signature gets the signature of the whole answer
    (docs/protocol.md 8.2).

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
