"""The things that the exchange grants to the bot. They are the tokens of a session, the address of the feed, and the
channels of a connection.

These types are the same in every dialect (version of the exchange's API). A dialect reads them from answers. The
session keeper and the feed use them.
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
    """The new refresh token. None if the old refresh token stays valid after a refresh."""
    expires: Instant | None
    """The time at which the access token expires, by the exchange's clock. None if the answer names no such time."""

    def __repr__(self) -> str:
        return f"Tokens(expires={self.expires!r})"


class ConnectionConfig(msgspec.Struct, frozen=True):
    """The exchange's answer that names the feed's address (docs/protocol.md 8.1)."""

    key: str
    """The application key of the feed, which is part of the path of the websocket."""
    cluster: str = ""
    ws_host: str | None = None
    """The host of the feed's websocket. If it is None, the host is ``ws-<cluster>.pusher.com``."""
    app_id: str = ""
    service: str = "pusher"
    """The name of the service that runs the feed. Only some versions of the API want it in a registration."""


def address_of(config: ConnectionConfig, ws_url: str | None, scheme: str = "wss") -> str:
    """Return the address of the websocket (docs/protocol.md 8.1).

    Args:
        ws_url: the scheme, host and port that replace those in the config.
        scheme: ``ws`` or ``wss``. It is used if the host in the config has no scheme.

    Raises:
        LinkFailed: if the config names no application key, or neither a host nor a cluster.
    """
    host = config.ws_host or (f"ws-{config.cluster}.pusher.com" if config.cluster else "")
    if not config.key or not (ws_url or host):
        raise LinkFailed("the connection config names no key or no host")
    base = ws_url or (host if "://" in host else f"{scheme}://{host}")
    return f"{base.rstrip('/')}/app/{quote(config.key, safe='')}?protocol=7&client=mmbot&version={__version__}"


class Topics(NamedTuple):
    """The topics for which a connection of the feed registers. A connection without topics gets the messages that the
    exchange sends to every connection."""

    tournaments: tuple[int, ...] = ()
    sport_events: tuple[int, ...] = ()
    """The sport events of the feed connection, if each sport event has its own channel. Only some versions of the API
    have such channels."""
    sub_types: tuple[tuple[int, str], ...] = ()
    """The pairs of sport event and sub-type of its markets on the feed connection, if each such pair has its own
    channel. Only some versions of the API have such channels."""


EVERYTHING: Final = Topics()
"""The empty choice of topics. A connection that registers with it gets only the messages that the exchange sends to
every connection."""


class ChannelGrant(msgspec.Struct, frozen=True):
    """A channel to which the exchange allows a connection to subscribe."""

    name: str
    auth: str
    """The signature for the subscription of the channel, in the form ``key:hex``. It is valid for a single socket
    id."""
    bindings: tuple[str, ...] = ()
    """The names of the feed's events that the exchange announces for the channel. mmbot reads every event, even if it
    is not announced."""
    covers: tuple[int, ...] | None = None
    """The sport events whose books come over the channel. None if the books of all sport events come over the
    channel."""
    private: bool = True
    """True if the account's private messages may come over the channel."""


class RejectedTopic(NamedTuple):
    """A topic for which a feed connection registered, and for which the exchange granted no channel."""

    type: str
    """The type of the topic, such as ``event``, in the words of the exchange."""
    id: str
    reason: str
    """The exchange's reason for the rejection. ``no_channel`` is a reason of mmbot itself: the exchange neither granted
    a channel nor rejected the topic."""


class Registration(msgspec.Struct, frozen=True):
    """All channels to which the exchange allows one connection to subscribe."""

    channels: tuple[ChannelGrant, ...]
    sign_in: SignIn | None = None
    """The proof of identity that has to be sent before a subscription. None if the exchange asks for no proof."""
    rejected: tuple[RejectedTopic, ...] = ()
    """The topics without a channel. The rest of the registration is in force."""
    channel_limit: int | None = None
    """The greatest number of channels of sport events and sub-types that the connection may ever ask for. None if the
    answer names no such limit."""
