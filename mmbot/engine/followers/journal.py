"""Saves wagers, matches and results in the journal."""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.instant import Instant
from mmbot.engine.account.profit import Profit
from mmbot.engine.orders import SaveSettlement
from mmbot.engine.records import SaveMatch, SaveNames, SaveResult
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import LineWager, Wager

MOST_UNNAMED: Final = 1_000
"""The greatest number of lines and markets that wait for their names to be saved. If there are more, the names of the
oldest are not saved."""


class Journal:
    """Saves the data that a restart and an account statement need."""

    def __init__(self, shared: Shared, profit: Profit) -> None:
        self._shared: Final = shared
        self._profit: Final = profit
        self._unnamed: dict[LineKey | MarketKey, bool] = {}
        """The lines and markets with a wager that the bot did not place, of which some name is not saved yet. The value
        is True if the name of the sport event is saved."""

    def changed(self, change: Change, now: Instant) -> None:
        """Save the wager of a change. If the change is a match or a result, save the match or result, too. Wagers that
        are not ours are saved as well, because their results are part of the account's profit."""
        kind = change.kind
        if kind is Kind.SETTLED:
            self._settled(change, now)
        elif kind is Kind.FOREIGN:
            self.name(change.wager)
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

    def name(self, wager: Wager) -> None:
        """Save the names of the line, market and sport event of a wager that the bot did not place. Names that are not
        known yet are saved later. For a wager of the bot, the names are saved with the decision to place the wager."""
        if not wager.foreign:
            return
        place: LineKey | MarketKey = wager.line if isinstance(wager, LineWager) else wager.market
        self._unnamed.setdefault(place, False)
        self._name(place)
        if len(self._unnamed) > MOST_UNNAMED:
            del self._unnamed[next(iter(self._unnamed))]

    def name_later(self) -> None:
        """Save names that were not known before: of lines and markets with a wager that the bot did not place."""
        for place in list(self._unnamed):
            self._name(place)

    def _name(self, place: LineKey | MarketKey) -> None:
        catalogue = self._shared.catalogue
        key = market_of(place) if isinstance(place, LineKey) else place
        sport_event = catalogue.named(key.sport_event)
        market = catalogue.markets.get(key.sport_event, {}).get(key)
        line = catalogue.lines.get(place) if isinstance(place, LineKey) else None
        if market is not None or (sport_event is not None and not self._unnamed[place]):
            self._shared.outbox.record(SaveNames(market, line, sport_event))
            self._unnamed[place] = sport_event is not None
        if market is not None and sport_event is not None and (line is not None or isinstance(place, MarketKey)):
            del self._unnamed[place]
