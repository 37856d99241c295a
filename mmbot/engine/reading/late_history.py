"""Warns if the exchange's history is far behind our clock. The proof that no wager is open then has to wait."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import MINUTE, Duration, Instant, in_seconds
from mmbot.engine.orders import Severity
from mmbot.engine.state.shared import Shared

LATE: Final = MINUTE
"""If the history is further behind our clock than this time, a warning is logged. At least the same time lies between
two warnings."""
# If the history seems to lag, the cause may also be that our clock is ahead.


class LateHistory:
    """Raises the alert ``history.behind``, at most once in ``LATE`` (a minute)."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._alerted_at: Instant = 0

    def note(self, behind: Duration, now: Instant) -> None:
        """Raise the alert if ``behind`` is longer than ``LATE``. ``behind`` is how far an incomplete page of the
        history was behind our clock."""
        if behind > LATE and now >= self._alerted_at + LATE:
            self._alerted_at = now
            self._shared.outbox.alert(Severity.WARNING, "history.behind", seconds=round(in_seconds(behind), 3))
