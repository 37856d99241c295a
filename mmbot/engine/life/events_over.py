"""Forgets sport events that are over, so that the memory of a daemon does not grow over weeks.

The engine keeps the figures that money needs: each market's settled profit, and the result of each wager
(``archive.py``), because results may be corrected late.
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

EVERY: Final = HOUR
"""The interval between two checks. A check goes over all known lines, so it is too expensive for every event."""

SHOWN: Final = HOUR
"""How long a sport event that is off the list, with nothing at stake, is still shown with its lines and guards."""

RESOLVED: Final = 3 * DAY
"""How long the ids of its lines are kept. A result that is corrected later still counts, without the name of its line.
The journal loads no older settled wagers."""


class Forgetting:
    """Finds sport events that are over, and has every part of the engine forget them."""

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
        """Known sport events that are not on the list, each with the instant at which that was first seen."""
        self._look_at: Instant = 0

    def look(self, now: Instant) -> None:
        """Forget sport events that are over, at most once in ``EVERY``."""
        if now < self._look_at:
            return
        self._look_at = now + EVERY
        shared = self._shared
        ledger = shared.ledger
        heard_of = [line.event for line in (*shared.books.lines(), *ledger.positions)]  # some are never on the list
        heard_of += [market.event for market in ledger.full_stakes]
        self._gone = {event: self._gone.get(event, now) for event in shared.catalogue.off_list(heard_of)}
        staked = ledger.at_stake() | dict.fromkeys(line.event for line in shared.hedging)
        over = {event: since for event, since in self._gone.items() if since <= now - SHOWN and event not in staked}
        if not over:
            return
        self._quoting.drop(over)
        self._given.forget(over)
        self._placing.forget(over)
        self._hedging.forget(over)
        self._profit.forget(over)
        self._counts.forget(over)
        ledger.forget(over)
        shared.exposure.forget_events(over)
        shared.books.forget(over)
        shared.guards.forget(over)
        shared.catalogue.take_off(over)
        shared.catalogue.forget({event: since for event, since in over.items() if since <= now - RESOLVED})
