"""Saves wagers and settlements in the journal."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.orders import SaveSettlement
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import LineWager


class Journal:
    """Saves the wagers and settlements that a restart needs."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared

    def changed(self, change: Change, now: Instant) -> None:
        """If the change is a settlement, save the settlement. If the wager is ours, save the wager. A wager whose line
        is not known yet is saved later, when the line is known. A late result is saved even if the line was dropped
        from memory already."""
        shared, wager = self._shared, change.wager
        if change.kind is Kind.SETTLED:
            market = wager.market
            settlement = shared.ledger.settlement(market)
            shared.outbox.order(SaveSettlement(*market, settlement.gross, settlement.commission, now))
        if not wager.foreign and (isinstance(wager, LineWager) or wager.booked is not None):
            shared.outbox.save(wager)
