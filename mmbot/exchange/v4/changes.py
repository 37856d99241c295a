"""Placements and cancels in the v4 dialect (version of the exchange's API)."""

from __future__ import annotations

from typing import Final

from mmbot.exchange import calls
from mmbot.exchange.answers.changes import ChangeReader
from mmbot.exchange.v4 import paths
from mmbot.exchange.v4.errors import READER as ERRORS
from mmbot.exchange.v4.errors import TABLE
from mmbot.exchange.v4.wagers import READER as WAGERS
from mmbot.exchange.v4.words import REQUESTS, OrderItem, OrderLists, PlacedOrder

READER: Final = ChangeReader(WAGERS, TABLE, ERRORS.code_of, PlacedOrder, OrderLists, OrderItem)

CALLS: Final = calls.Changes(paths, REQUESTS, READER)
