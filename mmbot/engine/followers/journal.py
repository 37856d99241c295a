"""Saves wagers, matches and results in the journal."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.account.profit import Profit
from mmbot.engine.orders import SaveSettlement
from mmbot.engine.records import SaveMatch, SaveNames, SaveResult
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import LineWager, Wager


class Journal:
    """Saves the data that a restart and an account statement need."""

    def __init__(self, shared: Shared, profit: Profit) -> None:
        self._shared: Final = shared
        self._profit: Final = profit

    def changed(self, change: Change, now: Instant) -> None:
        """Save the wager of a change, even if the wager is not ours. A later run must know which results the profit
        contains. If the change is a match or a result, save the match or the result, too."""
        kind = change.kind
        if kind is Kind.SETTLED:
            self._settled(change, now)
        elif kind is Kind.FOREIGN:
            self._named(change.wager)
        elif kind is Kind.MATCHED or kind is Kind.TAKEN_BACK or kind is Kind.REPRICED:
            self._matched(change, now)
        self._shared.outbox.save(change.wager)

    def _settled(self, change: Change, now: Instant) -> None:
        shared, wager = self._shared, change.wager
        market = wager.market
        settlement = shared.ledger.settlement(market)
        place = wager.line if isinstance(wager, LineWager) else market
        result = wager.result.value
        shared.outbox.record(SaveSettlement(*market, settlement.gross, settlement.commission, now))
        shared.outbox.record(
            SaveResult(wager.external_id, place, now, result, change.stake, change.win, change.commission, change.first)
        )

    def _matched(self, change: Change, now: Instant) -> None:
        wager = change.wager
        fair = self._profit.last_fair(wager.line) if isinstance(wager, LineWager) else None
        stake = -change.stake if change.kind is Kind.TAKEN_BACK else change.stake
        taker = wager.hedge or (change.odds is not None and change.odds != wager.odds)
        self._shared.outbox.record(SaveMatch(wager.external_id, now, stake, change.win, change.odds, taker, fair))

    def _named(self, wager: Wager) -> None:
        """Save the names of the market and line of a wager that the bot did not place. For a wager of the bot, these
        names are saved with the decision to place the wager."""
        catalogue, key = self._shared.catalogue, wager.market
        market = catalogue.markets.get(key.sport_event, {}).get(key)
        if market is None:
            return
        line = catalogue.lines.get(wager.line) if isinstance(wager, LineWager) else None
        self._shared.outbox.record(SaveNames(market, line, catalogue.sport_events.get(key.sport_event)))
