"""Finds the quoting rule for a market. If several rules match, the rule that stands first in the settings applies. A
market without a matching rule is not quoted."""

from __future__ import annotations

from collections.abc import Sequence

from mmbot.config import MatchConfig, RuleConfig
from mmbot.domain.catalogue import Market, SportEvent
from mmbot.domain.instant import HOUR, Instant


def matching_rule(quoting: Sequence[RuleConfig], sport_event: SportEvent, market: Market, now: Instant) -> int | None:
    """Return the index in ``quoting`` of the rule that applies to a market. The result is None if no rule matches.
    ``now`` is a time of the wall clock, like the scheduled start."""
    for place, rule in enumerate(quoting):
        if matches(rule.match, sport_event, market, now):
            return place
    return None


def matches(match: MatchConfig, sport_event: SportEvent, market: Market, now: Instant) -> bool:
    """Return whether a market meets every condition of a rule. An empty list sets no condition. Text must be exactly as
    the exchange writes it."""
    return (
        (not match.tournament or sport_event.tournament_id in match.tournament)
        and (not match.event or sport_event.sport_event_id in match.event)
        and (not match.type or market.type in match.type)
        and (not match.sub_type or market.sub_type in match.sub_type)
        and (not match.category_name or market.category_name in match.category_name)
        and (match.hours_to_start is None or _within(match.hours_to_start, sport_event, now))
    )


def _within(window: tuple[float, float], sport_event: SportEvent, now: Instant) -> bool:
    if sport_event.scheduled is None:
        return False
    ahead = sport_event.scheduled - now
    return round(window[0] * HOUR) <= ahead <= round(window[1] * HOUR)
