"""Finds the quoting rule that applies to each line of a sport event."""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import LineKey, SportEvent
from mmbot.domain.instant import HOUR, Instant
from mmbot.engine.quoting.given_prices import GivenPrices
from mmbot.engine.quoting.memo import Comparison
from mmbot.engine.quoting.quoted_line import QuotedLine, SportEventLines
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.strategy.rules import matching_rule


class LinesByRule:
    """Groups the lines of sport events by the quoting rule that applies to them."""

    def __init__(self, shared: Shared, given: GivenPrices) -> None:
        self._shared: Final = shared
        self._given: Final = given

    def sort(
        self, sport_event: SportEvent, old: SportEventLines | None, now: Instant
    ) -> tuple[SportEventLines, list[QuotedLine]]:
        """Return the lines of a sport event grouped by rule. Also return the lines of ``old`` (the earlier grouping)
        that no rule matches any more.

        If a rule still matches a line of ``old``, the line keeps its targets (the wagers that should be open). A rule
        keeps the state of its strategy.
        """
        shared = self._shared
        lines = SportEventLines()
        known: dict[LineKey, QuotedLine] = {line.key: line for line in old} if old is not None else {}
        states = {rule: of_rule.state for rule, of_rule in old.by_rule.items()} if old is not None else {}
        schedule = shared.clock.by_exchange(now)
        tournament = shared.catalogue.tournament_of(sport_event.sport_event_id)
        disputed = shared.catalogue.line_ids.disputed
        for market in shared.catalogue.markets.get(sport_event.sport_event_id, {}).values():
            rule = matching_rule(shared.config.quoting, sport_event, market, schedule)
            if rule is None:
                continue
            for listed in market.lines:
                found = shared.catalogue.lines.get(listed.key, listed)
                key = found.key
                shared.exposure.register(key, tournament, shared.config.quoting[rule].limits)
                line = QuotedLine(
                    found,
                    market,
                    rule,
                    shared.exposure.stake_limit(key),
                    shared.depths[rule],
                    shared.books.of(key),
                    shared.ledger.live_wagers.line(key),
                    key in disputed,
                )
                self._given.came_on_board(found, now)
                former = known.pop(key, None)
                if former is not None:
                    line.comparison = Comparison(former.comparison.targets, 0, former.comparison.place)
                lines.add(line, states.get(rule))
        return lines, list(known.values())

    def wake_for_windows(self, sport_event: SportEvent, now: Instant) -> None:
        """Set a timer for the earliest instant at which the quotes change with the clock. At this instant, a rule with
        ``hours_to_start`` begins or ceases to apply, or quoting has to end because the start is near."""
        shared = self._shared
        if sport_event.scheduled is None:
            return
        start = shared.on_clock(sport_event.scheduled)
        edges = [start - shared.settings.stop_before_start]
        for rule in shared.config.quoting:
            if rule.match.hours_to_start is not None:
                edges += [start - round(hours * HOUR) + 1 for hours in rule.match.hours_to_start]
        later = [edge for edge in edges if edge > now]
        if later:
            shared.timers.set(Due.SPORT_EVENT, sport_event.sport_event_id, min(later))
