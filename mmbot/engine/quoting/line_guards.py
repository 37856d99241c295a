"""Judges the guards (reasons not to quote) of a line that depend on its status, its book and the user's own price."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.quoting.quoted_line import QuotedLine
from mmbot.engine.risk.guards import NOT_TWO
from mmbot.engine.state.shared import Shared

JUDGED: Final = ("inactive", "duplicate_id", "outcomes", "book_unread", "book_age", "reconciliation", "price_age")
"""The guards (reasons not to quote) that depend on a single line."""


class LineGuards:
    """Holds and lifts the guards (reasons not to quote) of lines."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared

    def judge(self, line: QuotedLine, aged: bool, now: Instant) -> tuple[bool, bool]:
        """Hold and lift the guards (reasons not to quote) of a line. ``aged`` is true if the user's own price is too
        old.

        Returns two values. The first value is true if any guard of the line holds. The second value is true if the line
        is hidden from the strategy. The guard ``off_fair`` alone does not hide the line, because only a new answer of
        the strategy can lift this guard.
        """
        shared, key = self._shared, line.key
        reasons = self._reasons(line, aged, now)
        for guard in JUDGED:
            shared.judge(guard, key, reasons.get(guard), now)
        guarded = shared.guards.any(key)
        return guarded, guarded and not shared.guards.only("off_fair", key)

    def _reasons(self, line: QuotedLine, aged: bool, now: Instant) -> dict[str, str]:
        """Return the guards (reasons not to quote) that have to hold on a line, each with its explanation."""
        state = line.book
        reasons: dict[str, str] = {}
        if line.line.status != "active" or line.market.status != "active":
            reasons["inactive"] = f"market {line.market.status}, line {line.line.status}"
        if not line.line.quotable:
            reasons["outcomes"] = NOT_TWO
        disputed = self._shared.catalogue.line_ids.disputed
        if disputed and line.key in disputed:
            reasons["duplicate_id"] = disputed[line.key]
        coverage, sport_event = self._shared.coverage, line.key.sport_event
        if not state.known or not coverage.is_current(sport_event, state.generation):
            covered = coverage.of(sport_event).generation > 0
            reasons["book_unread"] = "not read since the last connect" if covered else "no connection brings its books"
            return reasons
        if state.fresh_at + self._shared.settings.book_age <= now:
            reasons["book_age"] = "no message and no agreeing read"
        if state.doubtful:
            reasons["reconciliation"] = "two reads in a row differed from the book"
        if aged:
            reasons["price_age"] = "your own price is too old"
        return reasons
