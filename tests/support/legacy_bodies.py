"""REST bodies of the legacy dialect, and what they answer."""

from __future__ import annotations

from typing import Any

import orjson

from mmbot.domain.instant import SECOND
from mmbot.engine.requests import Cancellation, Placement

NOW = 1_790_000_000 * SECOND

WAGER: dict[str, Any] = {
    "id": "w1",
    "external_id": "run-s-1",
    "sport_event_id": 7,
    "market_id": 219,
    "line_id": "line-a",
    "odds": -110,
    "stake": 25.5,
    "matched_stake": 10.25,
    "unmatched_stake": 15.25,
    "status": "open",
    "matching_status": "partially_matched",
    "winning_status": "tbd",
    "created_at": "2026-09-21T14:00:05.5Z",
}
SENT = (Placement("x1", "line-a", -110, 2_550), Placement("x2", "line-b", 120, 1_000))
CANCELS = (Cancellation("w1", "x1"), Cancellation("w2", "x2"))


def body(value: object, **beside: object) -> bytes:
    return orjson.dumps({"data": value} | beside)


def wager(**changed: object) -> dict[str, Any]:
    return {name: value for name, value in (WAGER | changed).items() if value is not ...}
