"""Stops quoting a sport event when the exchange wipes one of our wagers on it. The exchange ends wagers in this way
when a sport event goes live."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.domain.wager_states import State
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind


class Wiped:
    """Stops quoting with the guard ``wiped``, and requests a read of the sport event. This read can lift the guard."""

    def __init__(self, shared: Shared, board: BoardReader) -> None:
        self._shared: Final = shared
        self._board: Final = board

    def changed(self, change: Change, now: Instant) -> None:
        """If the exchange wiped one of our wagers, make the guard ``wiped`` hold, so that the sport event is not
        quoted."""
        wager = change.wager
        if change.kind is not Kind.ENDED or wager.state is not State.WIPED or wager.foreign:
            return
        sport_event = wager.sport_event
        if self._shared.hold("wiped", sport_event, "the exchange wiped a wager", now):
            self._board.sport_events(self._shared.catalogue.tournament_of(sport_event))
