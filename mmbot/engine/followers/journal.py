"""Saves wagers and settlements in the journal."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.orders import SaveSettlement
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind


class Journal:
    """Saves the wagers and settlements that a restart needs."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared

    def changed(self, change: Change, now: Instant) -> None:
        """Save the wager, no matter whether it is ours, because a later run must know which results the profit
        contains. If the change is a settlement, also save the settlement."""
        shared, wager = self._shared, change.wager
        if change.kind is Kind.SETTLED:
            market = wager.market
            settlement = shared.ledger.settlement(market)
            shared.outbox.record(SaveSettlement(*market, settlement.gross, settlement.commission, now))
        shared.outbox.save(wager)
