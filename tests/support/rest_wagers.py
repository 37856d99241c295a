"""Wagers that the tests of the REST client place and get back."""

from __future__ import annotations

from mmbot.domain.instant import SECOND
from mmbot.engine.requests import Placement

START = 1_790_000_000 * SECOND + 123_456_789

ONE = Placement("run-s-1", "line-a", -110, 2_550)
TWO = Placement("run-s-2", "line-b", 120, 1_000, fill_or_kill=True)
THREE = Placement("run-s-3", "line-b", 125, 1_000)
WAGER = {
    "id": "w1",
    "external_id": "run-s-1",
    "sport_event_id": 7,
    "market_id": 219,
    "line_id": "line-a",
    "odds": -110.0,
    "stake": 25.5,
    "matched_stake": 0,
    "unmatched_stake": 25.5,
    "status": "open",
    "matching_status": "unmatched",
    "winning_status": "tbd",
}
