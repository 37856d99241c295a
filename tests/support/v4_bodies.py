"""REST bodies and feed messages of the v4 dialect, and what is sent before they come."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from mmbot.domain.instant import SECOND
from mmbot.engine.requests import Cancellation, Placement
from mmbot.exchange.dialects import dialect_of

V4 = dialect_of("v4")
NOW = 1_790_000_000 * SECOND

ORDER: dict[str, Any] = {
    "order_id": "ord-1",
    "external_id": "r7-a-000017",
    "user_id": "u-1",
    "sport_event_id": 19458,
    "market_id": 251,
    "strike_id": "aa",
    "strike": 0,
    "outcome_id": 4,
    "price": -117,
    "quantity": 25.0,
    "profit": 21.37,
    "filled_quantity": 10.25,
    "open_quantity": 14.75,
    "status": "open",
    "matching_status": "partially_matched",
    "winning_status": "tbd",
    "created_at": "2026-09-21T14:00:05.5Z",
}
SENT = (Placement("r7-a-000017", "aa", -117, 2_500), Placement("r7-a-000018", "bb", 120, 1_000, fill_or_kill=True))
CANCELS = (Cancellation("ord-1", "r7-a-000017"), Cancellation("ord-2", "r7-a-000018"))


def body(value: object, **beside: object) -> bytes:
    return orjson.dumps({"data": value} | beside)


def order(**changed: object) -> dict[str, Any]:
    return {name: value for name, value in (ORDER | changed).items() if value is not ...}


def envelope(change_type: str, payload: object, op: str | None = "u") -> bytes:
    """The data of a message. A payload that is no text is written as JSON in base64."""
    if not isinstance(payload, str):
        payload = base64.b64encode(orjson.dumps(payload)).decode()
    said = {"timestamp": 1_790_000_000_123_456_789, "change_type": change_type, "payload": payload}
    return orjson.dumps(said if op is None else said | {"op": op})
