"""Forgets sport events that are over, so that the memory use of a daemon does not grow over weeks.

Results may be corrected late. So the engine keeps the settled profit of each market and the result of each wager
(``remembered_results.py``).
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import DAY, HOUR, Instant
from mmbot.engine.account.profit import Profit
from mmbot.engine.followers.match_counts import MatchCounts
from mmbot.engine.quoting.given_prices import GivenPrices
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.sending.hedging import Hedging
from mmbot.engine.sending.placing import Placing
from mmbot.engine.state.shared import Shared

CHECK_EVERY: Final = HOUR
"""The time between two checks for sport events that are over. A check goes over all known lines, so it would be too
expensive at every event."""

SHOWN_FOR: Final = HOUR
"""The time for which a sport event stays in the status after the exchange stopped listing it. While a stake depends on
the sport event, it stays longer."""

RESOLVED: Final = 3 * DAY
"""The time for which the ids of lines are kept after the exchange stopped listing their sport event. A result that is
corrected later still counts, but mmbot no longer knows the name of the line. Settled wagers older than this time are
not loaded from the journal."""


class Forgetting:
    """Finds sport events that are over, and drops them from every part of the engine."""

    def __init__(
        self,
        shared: Shared,
        quoting: Quoting,
        given: GivenPrices,
        placing: Placing,
        hedging: Hedging,
        profit: Profit,
        counts: MatchCounts,
    ) -> None:
        self._shared: Final = shared
        self._quoting: Final = quoting
        self._given: Final = given
        self._placing: Final = placing
        self._hedging: Final = hedging
        self._profit: Final = profit
        self._counts: Final = counts
        self._gone: dict[int, Instant] = {}
        """The known sport events that the exchange does not list any more, each with the instant at which mmbot noticed
        it."""
        self.due_at: Instant = 0
        """The instant of the next check for sport events that are over."""

    def look(self, now: Instant) -> None:
        """Drop the sport events that are over. Do nothing if the previous check was less than ``CHECK_EVERY`` ago."""
        if now < self.due_at:
            return
        self.due_at = now + CHECK_EVERY
        shared = self._shared
        ledger = shared.ledger
        heard_of = [line.sport_event for line in (*shared.books.lines(), *ledger.positions)]  # some were never listed
        heard_of += [market.sport_event for market in ledger.full_stakes]
        self._gone = {
            sport_event: self._gone.get(sport_event, now) for sport_event in shared.catalogue.off_list(heard_of)
        }
        staked = ledger.at_stake() | dict.fromkeys(line.sport_event for line in shared.hedging)
        over = {
            sport_event: since
            for sport_event, since in self._gone.items()
            if since <= now - SHOWN_FOR and sport_event not in staked
        }
        if not over:
            return
        self._quoting.drop(over)
        self._given.forget(over)
        self._placing.forget(over)
        self._hedging.forget(over)
        self._profit.forget(over)
        self._counts.forget(over)
        ledger.forget(over)
        shared.exposure.forget_sport_events(over)
        shared.books.forget(over)
        shared.guards.forget(over)
        shared.catalogue.take_off(over)
        shared.catalogue.forget({sport_event: since for sport_event, since in over.items() if since <= now - RESOLVED})
