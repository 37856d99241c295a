"""Decides how much of the wager history is read after the account was proved clear (without open wagers) and before the
look-ups of wagers.

A start with a journal reads the wagers that changed after the journal surely held all wagers. So the cost of a start
does not grow with the number of matched wagers. A start reads the history of a week if there is no journal, or if the
journal is so old that the exchange no longer lists all changes since. After a lost feed, only the wagers that changed
meanwhile are read. The wagers that a start did not read are compared later, in the background
(mmbot/engine/audit/sweep.py, docs/decisions/start.md).
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.reading.history import HistoryPager, Query


class CatchUp:
    """Adds queries to the reads of the wager history in the order of life (the steps from start to quoting).

    Args:
        since: the latest instant at which an earlier run is known to have been alive, or 0 without an earlier run.
        known_to: the instant up to which the journal knows all wagers (``Seed.known_to``), or 0 if no such instant is
            known.
    """

    def __init__(self, history: HistoryPager, since: Instant, known_to: Instant) -> None:
        self._history: Final = history
        self._since = since
        self._known_to = known_to
        self._done = False
        """True once this run has read the history of earlier runs."""

    def begin(self, now: Instant) -> None:
        """Ask for the part of the wager history that may be missing, because the account was proved clear (without open
        wagers)."""
        if self._done:
            self.read_changes()
        elif self._known_to and self._history.reaches_change(self._known_to, now):
            self._history.ask(Query(changed_since=min(self._since, self._known_to)))
        else:
            self.read_all()

    def takes_too_long(self, now: Instant) -> bool:
        """Return true if the start has waited so long that the exchange no longer lists all changes which the journal
        lacks."""
        return self._known_to > 0 and not self._done and not self._history.reaches_change(self._known_to, now)

    def read_all(self) -> None:
        """Read the history of a week, and the wagers that changed since an earlier run was alive."""
        self._known_to = 0
        self._history.ask(Query())
        self.read_changes()

    def read_changes(self) -> None:
        """Read the wagers that changed after the instant up to which all changes are known."""
        if self._since:
            self._history.ask(Query(changed_since=self._since))

    def done(self, proved_at: Instant) -> None:
        """Note that the reads which ``begin`` asked for are complete. All changes up to the proof at ``proved_at`` are
        now known."""
        self._done = True
        self._since = proved_at

    def heard(self, at: Instant) -> None:
        """Note that all changes up to the instant ``at`` are known from the feed."""
        self._since = max(self._since, at)
