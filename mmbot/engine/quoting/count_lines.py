"""Counts the lines that should be quoted and the lines that are quoted, for a person and for the metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.engine.books.catalogue import TRADEABLE
from mmbot.engine.quoting.quoted_line import QuotedLine, SportEventLines
from mmbot.engine.state.shared import Shared
from mmbot.engine.status import LineCounts

NO_RULE: Final = "no listed market matches a quoting rule"


def count_lines(
    shared: Shared,
    sport_events: Mapping[int, SportEventLines],
    why: Callable[[LineKey, QuotedLine], str | None],
    now: Instant,
) -> LineCounts:
    """Count the lines to which a quoting rule applies. The cost grows with the number of lines, so the lines are
    counted only when somebody reads the status or the metrics.

    Args:
        sport_events: the lines of each sport event.
        why: a function that returns the reason why a line is not quoted.
    """
    quotable = quoted = 0
    reasons: dict[str, int] = {}
    over: dict[str, int] = {}
    for sport_event_id, lines in sport_events.items():
        open_for_quotes = _is_open(shared, sport_event_id, now)
        for line in lines:
            if not open_for_quotes or not line.sound:
                reason = why(line.key, line) or "its sport event is about to start, or has started"
                over[reason] = over.get(reason, 0) + 1
                continue
            quotable += 1
            if any(not wager.foreign for wager in line.live.values()):
                quoted += 1
            else:
                reason = why(line.key, line) or "no open wager yet"
                reasons[reason] = reasons.get(reason, 0) + 1
    if not quotable:
        return LineCounts(0, 0, _most_frequent(over) or NO_RULE)
    return LineCounts(quotable, quoted, _most_frequent(reasons))


def _is_open(shared: Shared, sport_event_id: int, now: Instant) -> bool:
    """Return true if a sport event is listed, has not started, and is not near its start."""
    sport_event = shared.catalogue.sport_events.get(sport_event_id)
    if sport_event is None or sport_event.status not in TRADEABLE or sport_event.scheduled is None:
        return False
    return shared.on_clock(sport_event.scheduled) - shared.settings.stop_before_start > now


def _most_frequent(reasons: dict[str, int]) -> str | None:
    return max(reasons, key=lambda reason: reasons[reason], default=None)
