"""Prints at the price of one of our wagers: the private message of that match should follow soon."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.changes import Change, Kind
from mmbot.engine.wagers.wager import Wager


class Prints:
    """Looks a wager up when a print at its price is not followed by a match of it."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._awaited: Final[dict[str, None]] = {}
        """Wagers at whose price a print came, and that did not match since."""

    def seen(self, wager: Wager, now: Instant) -> None:
        """Note a print at the price of a wager of ours."""
        if wager.external_id not in self._awaited:
            self._awaited[wager.external_id] = None
            self._shared.timers.set(Due.PRINT, wager.external_id, now + self._shared.settings.print_match)

    def changed(self, change: Change, now: Instant) -> None:
        """Follow a wager that matched or ended: nothing more is to be found out."""
        if change.kind is Kind.MATCHED or change.kind is Kind.ENDED:
            self._awaited.pop(change.wager.external_id, None)

    def overdue(self, external_id: str, now: Instant) -> None:
        """Look a wager up if its match did not come in time."""
        if external_id not in self._awaited:
            return
        del self._awaited[external_id]
        wager = self._shared.ledger.get(external_id)
        if wager is not None and wager.wager_id is not None:
            self._shared.lookups[wager.wager_id] = "a print at our price"
