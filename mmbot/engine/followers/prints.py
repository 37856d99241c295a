"""Watches for prints at the price of our wagers. The private message of such a match should follow soon."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import Wager


class Prints:
    """Looks up a wager if no match of the wager follows a print at its price."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._awaited: Final[dict[str, None]] = {}
        """Our wagers at whose price a print came, and that did not match since then."""

    def seen(self, wager: Wager, now: Instant) -> None:
        """Note a print at the price of a wager of ours."""
        if wager.external_id not in self._awaited:
            self._awaited[wager.external_id] = None
            self._shared.timers.set(Due.PRINT, wager.external_id, now + self._shared.settings.print_match)

    def changed(self, change: Change, now: Instant) -> None:
        """Stop watching a wager that matched or ended."""
        if change.kind is Kind.MATCHED or change.kind is Kind.ENDED:
            self._awaited.pop(change.wager.external_id, None)

    def overdue(self, external_id: str, now: Instant) -> None:
        """Look up a wager if its match did not come in time."""
        if external_id not in self._awaited:
            return
        del self._awaited[external_id]
        wager = self._shared.ledger.get(external_id)
        if wager is not None and wager.wager_id is not None:
            self._shared.lookups[wager.wager_id] = "a print at our price"
