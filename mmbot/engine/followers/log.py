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
from mmbot.engine.wagers.wager import LineWager, Wager


class Log:
    """Writes one log entry for each change that an operator may want to see."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared

    def _market(self, wager: Wager) -> str:
        """Return the sport event, market and line of a wager as text. The text has names where they are known."""
        catalogue, key = self._shared.catalogue, wager.market
        sport_event = catalogue.sport_events.get(key.sport_event)
        market = catalogue.markets.get(key.sport_event, {}).get(key)
        event_name = sport_event.name if sport_event is not None else str(key.sport_event)
        line = catalogue.lines.get(wager.line) if isinstance(wager, LineWager) else None
        name = (line.name if line is not None else "") or (market.name if market is not None else str(key.market))
        return f"{event_name}: {name}"

    def _settled(self, change: Change) -> None:
        """Log the result of a wager, and the gross profit and the commission of its market so far."""
        shared, wager = self._shared, change.wager
        settlement = shared.ledger.settlement(wager.market)
        shared.outbox.alert(
            Severity.INFO,
            "market.settled",
            external_id=wager.external_id,
            market=self._market(wager),
            outcome=outcome_of(wager, shared.catalogue),
            result=wager.result.value,
            correction=not change.first,
            profit_cents=change.win,
            market_gross_cents=settlement.gross,
            market_commission_cents=settlement.commission,
        )

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
            shared.outbox.alert(
                Severity.INFO,
                "wager.opened",
                external_id=wager.external_id,
                market=self._market(wager),
                outcome=outcome_of(wager, shared.catalogue),
                odds=wager.odds,
                stake_cents=wager.stake,
            )
        elif kind is Kind.SETTLED:
            self._settled(change)
        elif kind is Kind.FOREIGN:
            shared.outbox.alert(Severity.WARNING, "wager.foreign", external_id=wager.external_id, stake=wager.stake)
        elif kind is Kind.IDS_DIFFER:
            shared.outbox.alert(
                Severity.ERROR,
                "wager.ids_differ",
                external_id=wager.external_id,
                wager_id=wager.wager_id,
                line_id=wager.line_id,
            )
        elif kind is Kind.REVIVED:
            shared.outbox.alert(Severity.WARNING, "wager.revived", external_id=wager.external_id)
        elif kind is Kind.REPRICED or kind is Kind.TAKEN_BACK:
            name = "wager.repriced" if kind is Kind.REPRICED else "wager.taken_back"
            shared.outbox.alert(Severity.INFO, name, external_id=wager.external_id, win=change.win)
