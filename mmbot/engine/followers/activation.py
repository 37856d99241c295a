"""Watches each accepted wager until it is active, because the private message about the activation may be lost."""

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
        """If a report shows that a wager is inactive, watch the wager."""
        wager = self._shared.ledger.get(external_id)
        if wager is not None and wager.state is State.INACTIVE:
            self._shared.timers.set(Due.ACTIVATION, wager.external_id, now + self._shared.settings.activation)

    def overdue(self, external_id: str, now: Instant) -> None:
        """If a wager is still inactive, request a read of the wager and go on watching it."""
        shared = self._shared
        wager = shared.ledger.get(external_id)
        if wager is None or wager.state is not State.INACTIVE or wager.wager_id is None:
            return
        shared.lookups[wager.wager_id] = "not activated"
        shared.timers.set(Due.ACTIVATION, external_id, now + shared.settings.activation)
