"""Alerts when a proof waits because the history is far behind our clock."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import MINUTE, Duration, Instant, in_seconds
from mmbot.engine.orders import Severity
from mmbot.engine.state.shared import Shared

LATE: Final = MINUTE
"""How far behind our clock the history has to be for a warning, and the least interval between two warnings. The
history lags, or our clock is ahead."""


class LateHistory:
    """Raises the alert ``history.behind``, at most once in ``LATE``."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._alerted_at: Instant = 0

    def note(self, behind: Duration, now: Instant) -> None:
        """Note how far an incomplete page was behind our clock."""
        if behind > LATE and now >= self._alerted_at + LATE:
            self._alerted_at = now
            self._shared.outbox.alert(Severity.WARNING, "history.behind", seconds=round(in_seconds(behind), 3))
