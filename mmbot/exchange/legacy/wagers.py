"""Wagers and their matches in the legacy dialect (version of the exchange's API)."""

from __future__ import annotations

from typing import Final

from mmbot.exchange import calls
from mmbot.exchange.answers.wagers import WagerReader
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.words import FOREIGN

READER: Final = WagerReader(FOREIGN)

wager_of = READER.wager_of
history_page = READER.history_page
match_page = READER.match_page

CALLS: Final = calls.Wagers(paths, READER)
