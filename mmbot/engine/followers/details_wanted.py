"""Requests a read of a wager's matches if the odds of a match are not known."""

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
        """List the wager if the odds of one of its matches are not known."""
        if change.kind is Kind.DETAIL_WANTED and change.wager.wager_id is not None:
            self._shared.details[change.wager.wager_id] = None
