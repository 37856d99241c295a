"""The calls that log in and refresh the access token in the legacy dialect (version of the exchange's API)."""

from __future__ import annotations

import orjson

from mmbot.exchange.answers.tokens import read_tokens
from mmbot.exchange.dialect import Call
from mmbot.exchange.errors import Purpose
from mmbot.exchange.grants import Tokens
from mmbot.exchange.legacy import paths


def log_in(access_key: str, secret_key: str) -> Call[Tokens]:
    """The call that opens a session."""
    body = orjson.dumps({"access_key": access_key, "secret_key": secret_key})
    return Call("login", Purpose.READ, "POST", paths.LOG_IN, body, lambda answer, _: read_tokens(answer))


def refresh(refresh_token: str) -> Call[Tokens]:
    """The call that gets a new access token."""
    body = orjson.dumps({"refresh_token": refresh_token})
    return Call("refresh", Purpose.READ, "POST", paths.REFRESH, body, lambda answer, _: read_tokens(answer))
