"""Counts the matches of this run for the status page."""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.engine.books.catalogue import Catalogue
from mmbot.engine.status import MatchStatus
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import LineWager, Wager

LATEST: Final = 20
"""The number of the latest matches that the status page shows."""


class MatchCounts:
    """Counts the matches of the wagers that this run placed. Wagers of earlier runs do not count."""

    def __init__(self, catalogue: Catalogue, since: Instant) -> None:
        """Start with no matches. ``since`` is the instant at which this run started."""
        self._catalogue: Final = catalogue
        self._since: Final = since
        self.latest: Final[deque[MatchStatus]] = deque(maxlen=LATEST)
        self.matches = 0
        self.stake: Cents = 0
        """The sum of the matched stakes, in cents."""
        self.by_line: Final[dict[LineKey, int]] = {}

    def changed(self, change: Change, now: Instant) -> None:
        """If the change is a match, count it."""
        wager = change.wager
        if change.kind is not Kind.MATCHED or wager.sent_at < self._since:
            return
        self.matches += 1
        self.stake += change.stake
        if isinstance(wager, LineWager):
            self.by_line[wager.line] = self.by_line.get(wager.line, 0) + 1
        self.latest.append(
            MatchStatus(
                at=now,
                sport_event=wager.sport_event,
                outcome=outcome_of(wager, self._catalogue),
                odds=wager.odds,
                stake=change.stake,
                hedge=wager.hedge,
            )
        )

    def forget(self, sport_events: Container[int]) -> None:
        """Drop the counts of lines whose sport event is over."""
        for line in [line for line in self.by_line if line.sport_event in sport_events]:
            del self.by_line[line]


def outcome_of(wager: Wager, catalogue: Catalogue) -> str:
    """Return the name of the outcome that a wager backs. If no name is known, return the number or the id of the
    outcome."""
    if isinstance(wager, LineWager):
        return catalogue.outcome_name(wager.line, wager.side)
    return catalogue.outcome_by_id(wager.line_id)
