"""Watches accepted wagers until they are active, because the private message of the activation may be lost."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.domain.wager_states import State
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due


class Activation:
    """Reads a wager from the exchange if it stays inactive for too long."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared

    def reported(self, external_id: str, now: Instant) -> None:
        """Watch a wager if a report shows that it is inactive."""
        wager = self._shared.ledger.get(external_id)
        if wager is not None and wager.state is State.INACTIVE:
            self._shared.timers.set(Due.ACTIVATION, wager.external_id, now + self._shared.settings.activation)

    def overdue(self, external_id: str, now: Instant) -> None:
        """Request a read of a wager if it is still inactive, and go on watching the wager."""
        shared = self._shared
        wager = shared.ledger.get(external_id)
        if wager is None or wager.state is not State.INACTIVE or wager.wager_id is None:
            return
        shared.lookups[wager.wager_id] = "not activated"
        shared.timers.set(Due.ACTIVATION, external_id, now + shared.settings.activation)
