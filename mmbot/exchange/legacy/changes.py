"""Placements and cancels in the legacy dialect (version of the exchange's API)."""

from __future__ import annotations

from typing import Final

from mmbot.exchange import calls
from mmbot.exchange.answers.changes import ChangeReader, confirmed, succeeded
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.errors import READER as ERRORS
from mmbot.exchange.legacy.errors import TABLE
from mmbot.exchange.legacy.wagers import READER as WAGERS

__all__ = ["confirmed", "succeeded"]

WORDS: Final = calls.RequestWords("wager_id", "line_id", "odds", "stake", "wager_strategy")
READER: Final = ChangeReader(WAGERS, TABLE, ERRORS.code_of)

placed_one = READER.placed_one
placed_many = READER.placed_many
cancelled_many = READER.cancelled_many

CALLS: Final = calls.Changes(paths, WORDS, READER)

place_one = CALLS.place_one
place_many = CALLS.place_many
cancel_one = CALLS.cancel_one
cancel_many = CALLS.cancel_many
cancel_sport_event = CALLS.cancel_sport_event
cancel_market = CALLS.cancel_market
cancel_all = CALLS.cancel_all
