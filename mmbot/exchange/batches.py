"""How many items one request takes. A request with none, or with more, is malformed and is not sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mmbot.engine.requests import BATCH, EVENTS_A_READ
from mmbot.exchange.errors import Malformed

MATCHES_A_READ: Final = 100
"""The most wagers in one read of matching details (docs/protocol.md 4.1)."""

WRONG_SIZE: Final = "wrong_size"
"""Our code for a request with no items, or with more than the exchange takes."""


def is_batch(items: Sequence[object]) -> bool:
    """True if one request can place or cancel this many wagers."""
    return 0 < len(items) <= BATCH


def wrong_size(items: Sequence[object]) -> Malformed:
    """The error for a batch of a wrong size."""
    return Malformed(WRONG_SIZE, f"{len(items)} wagers in one batch")


def check_batch(items: Sequence[object]) -> None:
    """Raise Malformed for placements or cancels that do not fit one request."""
    if not is_batch(items):
        raise wrong_size(items)


def check_events(wanted: Sequence[int]) -> None:
    """Raise Malformed for sport events that do not fit one read of markets."""
    if not 0 < len(wanted) <= EVENTS_A_READ:
        raise Malformed(WRONG_SIZE, f"{len(wanted)} events in one read")


def check_matches(wager_ids: Sequence[str]) -> None:
    """Raise Malformed for wagers that do not fit one read of matches."""
    if not 0 < len(wager_ids) <= MATCHES_A_READ:
        raise Malformed(WRONG_SIZE, f"{len(wager_ids)} wagers in one read of matches")
