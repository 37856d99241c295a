"""What the exchange grants: the tokens of a session, the address of the feed, and the channels of a socket.

These values are the same in every dialect: a dialect reads them from answers, the session keeper and the feed use them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from mmbot.domain.instant import Instant


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
    """Answer to GET websocket/connection-config (PROTOCOL 8.1)."""

    key: str
    """The application key, part of the websocket's path."""
    cluster: str = ""
    ws_host: str | None = None
    """Where it is missing the host is ``ws-<cluster>.pusher.com``."""
    app_id: str = ""


class Topics(NamedTuple):
    """What a socket of the feed is to hear of. Without any, it hears whatever the exchange sends to every socket."""

    tournaments: tuple[int, ...] = ()
    events: tuple[int, ...] = ()
    """Sport events, for a dialect that has a channel for each."""
    sub_types: tuple[tuple[int, str], ...] = ()
    """Sport events and sub-types of their markets, for a dialect that has a channel for each pair."""


EVERYTHING: Final = Topics()
"""Names no topic."""


class ChannelGrant(msgspec.Struct, frozen=True):
    """One channel that a registration authorised."""

    name: str
    auth: str
    """The channel's own signature, ``key:hex``; it holds for one socket id."""
    bindings: tuple[str, ...] = ()
    """Names of the Pusher events that the exchange offers on the channel. Every event that arrives is read."""
    covers: tuple[int, ...] | None = None
    """The sport events whose books the channel brings; None for all of them."""
    private: bool = True
    """True if the channel may bring this account's private messages."""


class SignIn(msgspec.Struct, frozen=True):
    """Proof of who the user of a socket is, to be sent before any channel is subscribed."""

    auth: str
    user_data: str
    """Sent as it came."""


class Registration(msgspec.Struct, frozen=True):
    """Every channel that a socket id was authorised for."""

    channels: tuple[ChannelGrant, ...]
    sign_in: SignIn | None = None
    """None where the dialect has no sign-in."""
