"""Watches markets for which the exchange reported some results, but not yet all."""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant
from mmbot.engine.audit.audit import MOST_LOOKUPS, Audit
from mmbot.engine.orders import Severity
from mmbot.engine.owners import AppliesReports
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind

RESULTS_WAIT: Final = 30 * SECOND
VOIDS_WAIT: Final = 3 * SECOND
"""The wait for the other results of a market while all its known results are voids. After the wait, the changes of
wagers are read from the history. Once another result is known, the wait is 30 s (``RESULTS_WAIT``)."""

GIVEN_UP: Final = 2 * MINUTE
"""The time for which mmbot waits for missing results after it requested them from the history. Wagers that still have
no result after this time count in the limits again."""


class MissingResults:
    """Waits for the other results of markets in which some wagers have a result and others have none. Once a result
    other than a void is reported, the guard ``result`` stops quoting the market. The guard is lifted at the end of the
    wait."""

    def __init__(self, shared: Shared, effects: AppliesReports, audit: Audit) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._audit: Final = audit
        self._watched: Final[dict[MarketKey, Instant]] = {}
        """The markets with a part of their results, each with the instant at which mmbot began to wait for the missing
        results."""
        self._asked: Final[dict[MarketKey, None]] = {}
        """The markets for which a read of the missing results has been requested."""
        self._held: Final[dict[MarketKey, tuple[LineKey, ...]]] = {}

    def changed(self, change: Change, now: Instant) -> None:
        """If the change is a result, start or stop waiting for the other results of its market."""
        if change.kind is Kind.SETTLED:
            market = change.wager.market
            if self._shared.ledger.settling(market) is not None:
                self.watch(market, now)
            elif market in self._watched:
                self._end(market, now)

    def watch(self, market: MarketKey, now: Instant) -> None:
        """If some results of a market are reported, but not all, begin to wait for the other results."""
        settling = self._shared.ledger.settling(market)
        if settling is None:
            return
        first = market not in self._watched
        if first:
            self._watched[market] = now
        wait: Duration = RESULTS_WAIT if settling.decided else VOIDS_WAIT
        if first:
            self._shared.timers.set(Due.SETTLING, market, now + wait)
        if settling.decided and market not in self._held:
            self._held[market] = tuple(settling.profit)
            for line in self._held[market]:
                self._shared.hold("result", line, "the exchange reported results of this market", now)

    def overdue(self, market: MarketKey, now: Instant) -> None:
        """Act when a wait for the missing results of a market is over. After the first wait, request a read of the
        missing results from the history. After the second wait, give up, so that the wagers without a result count in
        the limits again."""
        if market not in self._watched:
            return
        if self._shared.ledger.settling(market) is None:
            self._end(market, now)
        elif market not in self._asked:
            self._asked[market] = None
            self._audit.check_soon(self._watched[market] - MINUTE, now)
            self._look_up(market)
            self._shared.timers.set(Due.SETTLING, market, now + GIVEN_UP)
        else:
            self._shared.outbox.alert(
                Severity.WARNING, "settlement.partial", sport_event=market.sport_event, market=market.market
            )
            self._shared.ledger.stop_settling(market)
            self._end(market, now)
            self._effects.take_positions(now)

    def _look_up(self, market: MarketKey) -> None:
        """Request reads of the wagers of a market that have no result yet. The exchange's list of changed wagers may
        lack them, because no source says that a result counts as a change."""
        found = 0
        for wager in self._shared.ledger.wagers():
            if wager.market == market and wager.matched and wager.booked is None and wager.wager_id is not None:
                self._shared.lookups[wager.wager_id] = "other wagers of its market have a result"
                found += 1
                if found == MOST_LOOKUPS:
                    return

    def _end(self, market: MarketKey, now: Instant) -> None:
        del self._watched[market]
        self._asked.pop(market, None)
        for line in self._held.pop(market, ()):
            self._shared.hold("result", line, None, now)
