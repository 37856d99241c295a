"""Limits for the number of items in one request. A request with too many items, or with none, is malformed and is not
sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mmbot.engine.requests import BATCH, SPORT_EVENTS_A_READ
from mmbot.exchange.errors import Malformed

MATCHES_A_READ: Final = 100
"""The largest number of wagers whose matches one request can read (docs/protocol.md 11)."""

WRONG_SIZE: Final = "wrong_size"
"""The error code of mmbot itself for a request that has no items, or more items than the exchange takes."""


def is_batch(items: Sequence[object]) -> bool:
    """Return True if one request can place or cancel this number of wagers."""
    return 0 < len(items) <= BATCH


def wrong_size(items: Sequence[object]) -> Malformed:
    """Return the error for a batch that has no wagers or too many wagers."""
    return Malformed(WRONG_SIZE, f"{len(items)} wagers in one batch")


def check_batch(items: Sequence[object]) -> None:
    """Raise Malformed if the number of placements or cancels in a batch is 0 or too large for one request."""
    if not is_batch(items):
        raise wrong_size(items)


def check_sport_events(wanted: Sequence[int]) -> None:
    """Raise Malformed if the number of sport events in a read of markets is 0 or too large for one request."""
    if not 0 < len(wanted) <= SPORT_EVENTS_A_READ:
        raise Malformed(WRONG_SIZE, f"{len(wanted)} sport events in one read")


def check_matches(wager_ids: Sequence[str]) -> None:
    """Raise Malformed if the number of wagers in a read of matches is 0 or too large for one request."""
    if not 0 < len(wager_ids) <= MATCHES_A_READ:
        raise Malformed(WRONG_SIZE, f"{len(wager_ids)} wagers in one read of matches")
