"""The steps of the order of life. They stand apart from the Structs, so that they are compiled."""

from __future__ import annotations

from enum import Enum


class Step(Enum):
    """Step of the engine in its order of life (``life/order_of_life.py``)."""

    CANCEL = "cancelling"
    PROVE = "proving clear"
    HISTORY = "reading history"
    LOOKUPS = "asking for wagers"
    CONNECT = "connecting"
    READ = "reading books"
    HOLD = "holding"
    READY = "ready"
    ENDED = "ended"
