"""What the exchange grants: the tokens of a session, the address of the feed, and the channels of a connection.

These types are the same in every dialect. A dialect reads them from answers; the session keeper and the feed use them.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec

from mmbot import __version__
from mmbot.domain.instant import Instant
from mmbot.net.pusher import SignIn
from mmbot.net.transport import LinkFailed


class Tokens(NamedTuple):
    """The tokens from a log-in or a refresh."""

    access: str
    refresh: str | None
    """The refresh token; None if a refresh did not replace the old one."""
    expires: Instant | None
    """When the access token expires, by the exchange's clock; None if the answer does not say."""

    def __repr__(self) -> str:
        return f"Tokens(expires={self.expires!r})"


class ConnectionConfig(msgspec.Struct, frozen=True):
    """The exchange's answer that names the feed's address (docs/protocol.md 8.1)."""

    key: str
    """The application key, which is part of the path of the websocket."""
    cluster: str = ""
    ws_host: str | None = None
    """Host of the websocket; None means ``ws-<cluster>.pusher.com``."""
    app_id: str = ""


def address_of(config: ConnectionConfig, ws_url: str | None, scheme: str = "wss") -> str:
    """Return the address of the websocket (docs/protocol.md 8.1).

    Args:
        ws_url: scheme, host and port to use instead of those in the config.
        scheme: ``ws`` or ``wss``, for a config whose host has no scheme.

    Raises:
        LinkFailed: if the config names no key, or neither a host nor a cluster.
    """
    host = config.ws_host or (f"ws-{config.cluster}.pusher.com" if config.cluster else "")
    if not config.key or not (ws_url or host):
        raise LinkFailed("the connection config names no key or no host")
    base = ws_url or (host if "://" in host else f"{scheme}://{host}")
    return f"{base.rstrip('/')}/app/{quote(config.key, safe='')}?protocol=7&client=mmbot&version={__version__}"


class Topics(NamedTuple):
    """Topics that a connection of the feed registers for. Without topics, it gets what the exchange sends to every
    connection."""

    tournaments: tuple[int, ...] = ()
    sport_events: tuple[int, ...] = ()
    """Sport events, for a dialect that has one channel for each sport event."""
    sub_types: tuple[tuple[int, str], ...] = ()
    """Sport events with sub-types of their markets, for a dialect that has one channel for each such pair."""


EVERYTHING: Final = Topics()
"""No topics: register only for what the exchange sends to every connection."""


class ChannelGrant(msgspec.Struct, frozen=True):
    """A channel that the exchange allows a connection to subscribe to."""

    name: str
    auth: str
    """Signature for the subscription, in the form ``key:hex``. It is valid for one socket id."""
    bindings: tuple[str, ...] = ()
    """Names of the events that the exchange announces for the channel. mmbot reads every event, announced or not."""
    covers: tuple[int, ...] | None = None
    """The sport events whose books the channel brings; None means all sport events."""
    private: bool = True
    """True if the channel may bring this account's private messages."""


class Registration(msgspec.Struct, frozen=True):
    """All channels that the exchange allows one connection to subscribe to."""

    channels: tuple[ChannelGrant, ...]
    sign_in: SignIn | None = None
    """Proof of identity to send before subscribing; None if the dialect asks for none."""
