"""If the odds of a match are not known, requests a read of all matches of the wager."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind


class MatchDetails:
    """Lists the wagers whose matches have to be read from the exchange."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared

    def changed(self, change: Change, now: Instant) -> None:
        """If the odds of one of a wager's matches are not known, list the wager."""
        if change.kind is Kind.DETAIL_WANTED and change.wager.wager_id is not None:
            self._shared.details[change.wager.wager_id] = None
