"""Feed messages of the legacy dialect, and how they are read."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from mmbot.engine.events import (
    FeedMessage,
)
from mmbot.exchange.dialect import Undecodable
from mmbot.exchange.legacy.feed import decode

NAME = "tournament_132"


def data(change_type: str, payload: object, op: str | None = "u") -> str:
    inner = base64.b64encode(orjson.dumps(payload)).decode()
    body: dict[str, object] = {"timestamp": 1_717_689_526_365_275_600, "change_type": change_type, "payload": inner}
    if op is not None:
        body["op"] = op
    return orjson.dumps(body).decode()


def read(change_type: str, payload: object, op: str | None = "u") -> FeedMessage:
    (message,) = decode(7, NAME, data(change_type, payload, op))
    return message


def rejected(change_type: str, payload: object, op: str | None = "u") -> str:
    with pytest.raises(Undecodable) as caught:
        decode(7, NAME, data(change_type, payload, op))
    assert caught.value.kind == change_type
    return caught.value.why


def level(odds: float | None, value: float | None, **more: object) -> dict[str, object]:
    return {
        "outcome_id": 4,
        "name": "Lakers -3.5",
        "competitor_id": 100,
        "line": -3.5,
        "line_id": "abc123",
        "odds": odds,
        "display_odds": "+110",
        "display_line": "-3.5",
        "display_name": "Lakers -3.5",
        "value": value,
        "stake": 110.00,
        "updated_at": 1_234_567_890,
        **more,
    }


PLACEHOLDER = level(None, 0, display_odds="", stake=0, updated_at=0)


def book(*selections: object, **info: object) -> dict[str, Any]:
    return {
        "sport_event_id": 12345,
        "market_id": 219,
        "info": {
            "id": 456,
            "name": "Spread",
            "type": "spread",
            "line": -3.5,
            "sequence_number": 1_234_567_890,
            "selections": list(selections),
            **info,
        },
    }
