"""What the exchange grants: the tokens of a session, the address of the feed, and the channels of a socket.

These values are the same in every dialect: a dialect reads them from answers, the session keeper and the feed use them.
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
    """Tokens that a log-in or a refresh gives."""

    access: str
    refresh: str | None
    """None where a refresh did not replace it."""
    expires: Instant | None
    """By the exchange's clock; None where the answer does not say."""

    def __repr__(self) -> str:
        return f"Tokens(expires={self.expires!r})"


class ConnectionConfig(msgspec.Struct, frozen=True):
    """The address of the feed (docs/protocol.md 8.1)."""

    key: str
    """The application key, which is part of the path of the websocket."""
    cluster: str = ""
    ws_host: str | None = None
    """None for ``ws-<cluster>.pusher.com``."""
    app_id: str = ""


def address_of(config: ConnectionConfig, ws_url: str | None, scheme: str = "wss") -> str:
    """The address of the websocket (docs/protocol.md 8.1).

    Args:
        ws_url: scheme, host and port to use instead of those of the config.
        scheme: for a config that names a bare host.

    Raises:
        LinkFailed: if the config names no key, or neither a host nor a cluster.
    """
    host = config.ws_host or (f"ws-{config.cluster}.pusher.com" if config.cluster else "")
    if not config.key or not (ws_url or host):
        raise LinkFailed("the connection config names no key or no host")
    base = ws_url or (host if "://" in host else f"{scheme}://{host}")
    return f"{base.rstrip('/')}/app/{quote(config.key, safe='')}?protocol=7&client=mmbot&version={__version__}"


class Topics(NamedTuple):
    """Topics that a socket of the feed registers for. Without any, it gets what the exchange sends to every socket."""

    tournaments: tuple[int, ...] = ()
    events: tuple[int, ...] = ()
    """Sport events, for a dialect that has a channel for each."""
    sub_types: tuple[tuple[int, str], ...] = ()
    """Sport events and sub-types of their markets, for a dialect that has a channel for each pair."""


EVERYTHING: Final = Topics()
"""Names no topic."""


class ChannelGrant(msgspec.Struct, frozen=True):
    """A channel that a registration authorised."""

    name: str
    auth: str
    """The signature of the channel, ``key:hex``, valid for one socket id."""
    bindings: tuple[str, ...] = ()
    """Names of the Pusher events that the exchange offers on the channel. Every event that arrives is read."""
    covers: tuple[int, ...] | None = None
    """The sport events whose books the channel brings; None for all of them."""
    private: bool = True
    """True if the channel may bring this account's private messages."""


class Registration(msgspec.Struct, frozen=True):
    """Every channel that a socket id was authorised for."""

    channels: tuple[ChannelGrant, ...]
    sign_in: SignIn | None = None
    """None where the dialect has no sign-in."""
