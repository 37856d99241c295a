"""Watches for prints (public messages about matches) at the prices of our wagers. If a wager of ours was matched, a
private message should follow such a print soon."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import Wager


class Prints:
    """Reads a wager of ours from the exchange if a print (a public message about a match) came at the price of the
    wager, and no match of the wager was reported after the print."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._awaited: Final[dict[str, None]] = {}
        """The ``external_id`` of each wager of ours at whose price a print (a public message about a match) came. A
        private message about a match of the wager is expected."""

    def seen(self, wager: Wager, now: Instant) -> None:
        """Record that a print (a public message about a match) came at the price of a wager of ours."""
        if wager.external_id not in self._awaited:
            self._awaited[wager.external_id] = None
            self._shared.timers.set(Due.PRINT, wager.external_id, now + self._shared.settings.print_match)

    def changed(self, change: Change, now: Instant) -> None:
        """If the wager matched or ended, stop watching it."""
        if change.kind is Kind.MATCHED or change.kind is Kind.ENDED:
            self._awaited.pop(change.wager.external_id, None)

    def overdue(self, external_id: str, now: Instant) -> None:
        """If no match of a wager was reported in time, request a read of the wager."""
        if external_id not in self._awaited:
            return
        del self._awaited[external_id]
        wager = self._shared.ledger.get(external_id)
        if wager is not None and wager.wager_id is not None:
            self._shared.lookups[wager.wager_id] = "a print at our price"
