"""Logs changes of wagers."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.followers.match_counts import outcome_of
from mmbot.engine.orders import Severity
from mmbot.engine.risk.guards import shown
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import LineWager


class Log:
    """Writes one log entry for each change that an operator may want to see."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared

    def changed(self, change: Change, now: Instant) -> None:
        """Log one change."""
        shared, wager, kind = self._shared, change.wager, change.kind
        if kind is Kind.MATCHED:
            shared.outbox.alert(
                Severity.INFO,
                "wager.matched",
                external_id=wager.external_id,
                line=shown(wager.line)
                if isinstance(wager, LineWager)
                else f"market {wager.sport_event}/{wager.market.market}",
                outcome=outcome_of(wager, shared.catalogue),
                odds=wager.odds,
                stake_cents=change.stake,
                hedge=wager.hedge,
            )
        elif kind is Kind.OPENED:
            shared.outbox.alert(Severity.INFO, "wager.opened", external_id=wager.external_id, odds=wager.odds)
        elif kind is Kind.FOREIGN:
            shared.outbox.alert(Severity.WARNING, "wager.foreign", external_id=wager.external_id, stake=wager.stake)
        elif kind is Kind.REVIVED:
            shared.outbox.alert(Severity.WARNING, "wager.revived", external_id=wager.external_id)
        elif kind is Kind.REPRICED or kind is Kind.TAKEN_BACK:
            name = "wager.repriced" if kind is Kind.REPRICED else "wager.taken_back"
            shared.outbox.alert(Severity.INFO, name, external_id=wager.external_id, win=change.win)
