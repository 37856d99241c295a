"""What the exchange says about its feed over REST: where it is, and which channels a socket may subscribe to."""

from __future__ import annotations

import msgspec


class ConnectionConfig(msgspec.Struct, frozen=True):
    """Where the feed is (PROTOCOL 8.1). Two that are equal mean that nothing has moved."""

    key: str
    """The Pusher application key: part of the socket's path, no secret."""
    cluster: str
    ws_host: str | None = None
    """Without a port. None: the host follows from the cluster."""
    app_id: str = ""

    @property
    def host(self) -> str:
        """The host to connect to: ``ws_host``, or Pusher's own for the cluster (PROTOCOL 8.1)."""
        return self.ws_host or f"ws-{self.cluster}.pusher.com"


class ChannelGrant(msgspec.Struct, frozen=True):
    """One channel that a socket may subscribe to, with its signature and the events that it brings."""

    name: str
    auth: str
    """Good for this socket and channel alone; kept out of ``repr``."""
    events: tuple[str, ...]

    def __repr__(self) -> str:
        return f"ChannelGrant(name={self.name!r}, events={self.events!r})"


class Registration(msgspec.Struct, frozen=True):
    """The answer to a registration: every channel of this socket."""

    channels: tuple[ChannelGrant, ...]
