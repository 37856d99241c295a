"""REST in the legacy dialect: its errors, the session, and the way to the feed.

Its paths are in ``paths``, bodies of wagers in ``wagers`` and ``changes``, those of tournaments, events and markets in
``board``, those of transactions in ``wallet``. Answers are read tolerantly (PROTOCOL 3, 4.2, 14, 15); what cannot be
read raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import orjson

from mmbot.domain.instant import SECOND, Instant
from mmbot.exchange.grants import ChannelGrant, ConnectionConfig, Registration
from mmbot.exchange.legacy.wire import Id, Part, part, text_of, unwrap

# --- errors ---------------------------------------------------------------------------------------------------------

_RENAMED: Final[Mapping[str, str]] = {
    "invalid_strike_id": "invalid_line_id",
    "invalid_quantity": "invalid_stake",
    "invalid_price": "wager_invalid_odds",
    "strike_id_invalid": "market_line_invalid",
    "no_cancellable_orders": "no_cancellable_wagers",
    "order_quantity_exceeds_max": "wager_stake_exceeds_max",
    "order_already_filled": "wager_already_matched",
    "invalid_order_id": "invalid_wager_id",
}
_CODE: Final = re.compile(r"[a-z0-9_]{3,64}\Z")
_SAID: Final = (
    ("already cancelled", "wager_already_cancelled"),
    ("already canceled", "wager_already_cancelled"),
    ("already matched", "wager_already_matched"),
)


def code_of(error: object, number: object, message: str) -> str:
    """An error's code in this dialect's names; empty if there is none. Batch items and the gateway put a text and a
    number in its place, and then the two texts that are known decide (PROTOCOL 3, 6.4)."""
    if isinstance(error, str) and _CODE.match(error):
        code = _RENAMED.get(error, error)
        return "wager_" + code.removeprefix("order_") if code.startswith("order_") else code
    said = f"{error if isinstance(error, str) else ''} {message}".lower()
    for words, code in _SAID:
        if words in said:
            return code
    return str(number) if isinstance(number, int) and not isinstance(number, bool) and number else ""


class ErrorBody(NamedTuple):
    """An error answer."""

    code: str
    message: str
    next_allow_at: Instant | None
    """By the exchange's clock."""


def error_body(body: bytes) -> ErrorBody:
    """Read an error answer, whatever it is: HTML from a gateway has no code."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        return ErrorBody("", "", None)
    message = said.get("message")
    error = said.get("error")
    text = message if isinstance(message, str) else error if isinstance(error, str) else ""
    details = said.get("details")
    hint = details.get("next_allow_at") if isinstance(details, dict) else None
    return ErrorBody(code_of(error, said.get("error_code"), text), text[:300], _scaled(hint))


def _scaled(number: object) -> Instant | None:
    """An instant whose unit is told by its size: PROTOCOL 11 takes it for milliseconds, unconfirmed."""
    if not isinstance(number, int | float) or not 0 < number < 1e20:
        return None
    for least, unit in ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000)):
        if number >= least:
            return int(number * unit)
    return int(number * SECOND)


# --- session --------------------------------------------------------------------------------------------------------


def log_in_body(access_key: str, secret_key: str) -> bytes:
    """The body of a log-in."""
    return orjson.dumps({"access_key": access_key, "secret_key": secret_key})


def refresh_body(refresh_token: str) -> bytes:
    """The body of a refresh."""
    return orjson.dumps({"refresh_token": refresh_token})


class _Tokens(msgspec.Struct):
    access_token: str
    refresh_token: str | None = None
    access_expire_time: Id = None


class Tokens(NamedTuple):
    """What a log-in or a refresh gives."""

    access: str
    refresh: str | None
    """None where a refresh did not rotate it."""
    expires: Instant | None
    """By the exchange's clock; None where it was missing."""

    def __repr__(self) -> str:
        return f"Tokens(expires={self.expires!r})"


def tokens(body: bytes) -> Tokens:
    """Read a log-in or a refresh. ``access_expire_time`` is in seconds (PROTOCOL 2)."""
    try:
        read = msgspec.json.decode(unwrap(body), type=_Tokens)
    except ValueError:
        read = None  # the reason could quote what it failed on, and that may be a token
    if read is None or not _is_token(read.access_token):
        raise ValueError("the answer holds no access token")
    expires = read.access_expire_time
    if isinstance(expires, str) and expires.isdecimal():
        expires = int(expires)
    seconds = expires if isinstance(expires, int | float) and 0 < expires < 1e11 else None
    refresh = read.refresh_token if read.refresh_token and _is_token(read.refresh_token) else None
    return Tokens(read.access_token, refresh, None if seconds is None else round(seconds * SECOND))


def _is_token(token: str) -> bool:
    """Whether it can stand in a header."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


# --- the feed -------------------------------------------------------------------------------------------------------


class _Config(msgspec.Struct):
    key: str | None = None
    cluster: str | None = None
    ws_host: str | None = None
    app_id: Id = None
    data: Part = msgspec.UNSET


def connection_config(body: bytes) -> ConnectionConfig:
    """The connection config: flat, without ``data`` (PROTOCOL 3); under it is accepted too."""
    read = msgspec.json.decode(body, type=_Config)
    if not read.key and (inner := part(read.data)) is not None:
        read = msgspec.json.decode(inner, type=_Config)
    if not read.key:
        raise ValueError("the connection config has no key")
    if not read.cluster and not read.ws_host:
        raise ValueError("the connection config names neither a host nor a cluster")
    return ConnectionConfig(read.key, read.cluster or "", read.ws_host or None, text_of(read.app_id))


def register_body(socket_id: str, tournaments: Sequence[int]) -> bytes:
    """The body of a registration; without tournaments it is for all of them."""
    wire: dict[str, object] = {"socket_id": socket_id}
    if tournaments:
        wire["subscriptions"] = [{"type": "tournament", "ids": [str(tournament) for tournament in tournaments]}]
    return orjson.dumps(wire)


class _Binding(msgspec.Struct):
    name: str


class _Channel(msgspec.Struct):
    channel_name: str
    auth: str | None = None
    binding_events: list[str | _Binding] | None = None


class _Channels(msgspec.Struct):
    authorized_channel: list[_Channel] | None = None
    success: bool | None = None


class _Registered(msgspec.Struct):
    data: _Channels
    auth: str | None = None


def registration(body: bytes) -> Registration:
    """The channels of a socket. All of them or none: a channel that is left out would be missed for good. One without
    a signature of its own takes the answer's, as older answers have it (PROTOCOL 8.2)."""
    answer = msgspec.json.decode(body, type=_Registered)
    channels = answer.data.authorized_channel
    if not channels:
        raise ValueError("the registration authorises no channel")
    grants = []
    for channel in channels:
        auth = channel.auth or answer.auth
        if not auth:
            raise ValueError(f"channel {channel.channel_name!r} has no signature")
        events = tuple(e if isinstance(e, str) else e.name for e in channel.binding_events or ())
        grants.append(ChannelGrant(channel.channel_name, auth, events))
    return Registration(tuple(grants))
