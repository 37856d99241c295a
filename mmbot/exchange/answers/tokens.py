"""Reads the tokens of a session. The answer is the same in every dialect (version of the exchange's API)."""

from __future__ import annotations

import msgspec

from mmbot.domain.instant import SECOND
from mmbot.exchange.answers.values import Id, unwrap
from mmbot.exchange.grants import Tokens


class _Tokens(msgspec.Struct):
    access_token: str
    refresh_token: str | None = None
    access_expire_time: Id = None


def read_tokens(body: bytes) -> Tokens:
    """Read the answer to a log-in or a refresh. ``access_expire_time`` is in seconds (docs/protocol.md 2).

    Raises:
        ValueError: if the answer has no access token. The message of the error contains nothing from the answer.
    """
    try:
        read = msgspec.json.decode(unwrap(body), type=_Tokens)
    except ValueError:
        read = None  # do not pass on the error, whose text could quote a token
    if read is None or not _is_token(read.access_token):
        raise ValueError("the answer holds no access token")
    expires = read.access_expire_time
    if isinstance(expires, str) and expires.isdecimal():
        expires = int(expires)
    seconds = expires if isinstance(expires, int | float) and 0 < expires < 1e11 else None
    refresh = read.refresh_token if read.refresh_token and _is_token(read.refresh_token) else None
    return Tokens(read.access_token, refresh, None if seconds is None else round(seconds * SECOND))


def _is_token(token: str) -> bool:
    """Return True if a token can be the value of an HTTP header."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token
