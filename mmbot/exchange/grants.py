"""What the exchange grants a feed connection: where it stands, and which channels it may subscribe to.

Free of dialect: the REST client reads these from the wire and the feed's keeper uses them.
"""

from __future__ import annotations

import msgspec


class ConnectionConfig(msgspec.Struct, frozen=True):
    """Answer to GET websocket/connection-config (PROTOCOL 8.1)."""

    key: str
    """The application key, part of the websocket's path."""
    cluster: str = ""
    ws_host: str | None = None
    """Where it is missing the host is ``ws-<cluster>.pusher.com``."""
    app_id: str = ""


class ChannelGrant(msgspec.Struct, frozen=True):
    """One channel that a registration authorised."""

    name: str
    auth: str
    """The channel's own signature, ``key:hex``; it holds for one socket id."""
    events: tuple[str, ...] = ()
    """The binding events offered. All that arrives on the channel is read, so this is for the log."""


class Registration(msgspec.Struct, frozen=True):
    """Every channel that a socket id was authorised for."""

    channels: tuple[ChannelGrant, ...]
