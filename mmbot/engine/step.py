"""The steps that the engine goes through from its start to its end (the order of life)."""

from __future__ import annotations

from enum import Enum


class Step(Enum):
    """The step that the engine is in, between its start and its end (``life/order_of_life.py``)."""

    CANCEL = "cancelling"
    PROVE = "proving clear"
    HISTORY = "reading history"
    LOOKUPS = "asking for wagers"
    CONNECT = "connecting"
    READ = "reading books"
    HOLD = "holding"
    READY = "ready"
    ENDED = "ended"
