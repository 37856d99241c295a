"""Has the journal keep wagers and settlements."""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import market_of
from mmbot.domain.instant import Instant
from mmbot.domain.position import FULL_STAKE
from mmbot.engine.requests import SaveSettlement
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Change, Kind


class Journal:
    """Saves what a restart needs."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared

    def changed(self, change: Change, now: Instant) -> None:
        """Save a settlement, and every wager of ours that changed. A wager whose line is not known yet is saved once
        its line is known; a wager whose line was forgotten is saved with its late result."""
        shared, wager = self._shared, change.wager
        if change.kind is Kind.SETTLED:
            line = wager.line
            settlement = shared.ledger.settlement(market_of(line))
            shared.order(SaveSettlement(line.event, line.market, settlement.gross, settlement.commission, now))
        if not wager.foreign and (wager.side != FULL_STAKE or wager.booked is not None):
            shared.save(wager)
