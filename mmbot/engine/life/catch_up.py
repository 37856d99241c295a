"""Decides how much of the wager history the order of life reads, between the proof that the account is clear and the
first look-up.

A run that has a journal reads what changed since the journal knew all wagers. So the cost of a start does not grow with
the number of matched wagers. A first run, and a run after a longer time than the exchange lists changes for, reads the
history of a week. After a lost feed, only what changed since is read. What the start did not read is compared in the
background (mmbot/engine/audit/sweep.py, docs/decisions/start.md).
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.reading.history import HistoryPager, Query


class CatchUp:
    """Adds queries to the history pager of the order of life.

    Args:
        since: the instant at which the last run is known to have been alive.
        known_to: the instant up to which the journal knows all wagers (``Seed.known_to``). Both are 0 if there is none.
    """

    def __init__(self, history: HistoryPager, since: Instant, known_to: Instant) -> None:
        self._history: Final = history
        self._since = since
        self._known_to = known_to
        self._done = False
        """True once this run has read the history of earlier runs."""

    def begin(self, now: Instant) -> None:
        """Read what is missing, because the account was proved clear."""
        if self._done:
            self.read_changes()
        elif self._known_to and self._history.reaches_change(self._known_to, now):
            self._history.ask(Query(changed_since=min(self._since, self._known_to)))
        else:
            self.read_all()

    def takes_too_long(self, now: Instant) -> bool:
        """Return true if a start has waited so long for the changes since the journal that the exchange no longer lists
        all of them."""
        return self._known_to > 0 and not self._done and not self._history.reaches_change(self._known_to, now)

    def read_all(self) -> None:
        """Read the history of a week, and what changed since the last run was alive."""
        self._known_to = 0
        self._history.ask(Query())
        self.read_changes()

    def read_changes(self) -> None:
        """Read what changed since the changes were read before."""
        if self._since:
            self._history.ask(Query(changed_since=self._since))

    def done(self, proved_at: Instant) -> None:
        """Note that everything was read that ``begin`` asked for after a proof at ``proved_at``."""
        self._done = True
        self._since = proved_at

    def heard(self, at: Instant) -> None:
        """Note that the feed reported all changes up to an instant, after the daemon had quoted."""
        self._since = max(self._since, at)
