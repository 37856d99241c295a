"""Collects the status of the engine: the figures of ``/status``, and the reason why a line is not quoted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mmbot.domain.book import Levels
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant, in_seconds
from mmbot.domain.money import Cents
from mmbot.engine.account.balance import Balance
from mmbot.engine.account.profit import Profit
from mmbot.engine.audit.audit import Audit
from mmbot.engine.followers.match_counts import MatchCounts
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.quoting.count_lines import count_lines
from mmbot.engine.quoting.quoted_line import QuotedLine
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.quoting.ticks_behind import ticks_behind
from mmbot.engine.quoting.view import NOTHING
from mmbot.engine.reading.unread_wagers import UnreadWagers
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.risk.scopes import LimitScope
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.hedging import Hedging
from mmbot.engine.sending.placing import Placing
from mmbot.engine.state.shared import Shared
from mmbot.engine.status import (
    Counts,
    EngineStatus,
    LevelStatus,
    LineStatus,
    OwnStatus,
    PositionStatus,
    Quoted,
    ScopeStatus,
    SportEventStatus,
)
from mmbot.engine.step import Step
from mmbot.engine.wagers.wager import LineWager

LEVELS_SHOWN: Final = 3
"""The number of levels of each side of a book that the status shows, beginning with the best level."""


class StatusWriter:
    """Collects the figures of ``EngineStatus`` from the parts of the engine."""

    def __init__(
        self,
        shared: Shared,
        life: OrderOfLife,
        quoting: Quoting,
        profit: Profit,
        balance: Balance,
        placing: Placing,
        cancelling: Cancelling,
        hedging: Hedging,
        counts: MatchCounts,
        unread: UnreadWagers,
        audit: Audit,
    ) -> None:
        self._audit = audit
        self._unread = unread
        self._shared = shared
        self._life = life
        self._quoting = quoting
        self._profit = profit
        self._balance = balance
        self._placing = placing
        self._cancelling = cancelling
        self._hedging = hedging
        self._counts = counts

    def status(self, now: Instant, sport_events: bool = True) -> EngineStatus:
        """Return the status. If ``sport_events`` is false, the status leaves out the sport events and their lines."""
        shared = self._shared
        ledger = shared.ledger
        counts = ledger.counts
        may_quote = self._life.step is Step.READY and not shared.guards.any(ACCOUNT)
        lines = count_lines(shared, self._quoting.sport_events, self._why, now)
        latched = next((reason for reason in shared.guards.account() if reason.startswith("latch: ")), None)
        return EngineStatus(
            now=now,
            phase=self._life.step.value,
            quoting=may_quote and lines.quoted > 0,
            latched=latched.removeprefix("latch: ") if latched is not None else None,
            feed_up=shared.coverage.up,
            feed_age_s=in_seconds(now - shared.coverage.heard_at) if shared.coverage.heard_at else None,
            balance=self._balance.latest,
            locked=ledger.totals.locked_in_all,
            equity=self._balance.equity(self._profit.marked),
            sport_events=tuple(
                sport_event
                for sport_event_id in (self._quoting.sport_events if sport_events else ())
                if (sport_event := self._sport_event(sport_event_id)) is not None
            ),
            positions=tuple(self._positions()) if sport_events else (),
            scopes=tuple(self._scope(scope) for scope in shared.exposure.fullest()),
            guards=shared.guards.status(),
            matches=tuple(self._counts.latest),
            counts=Counts(
                matches=self._counts.matches,
                matched_stake=self._counts.stake,
                placed=self._placing.sent,
                cancelled=self._cancelling.sent,
                requests=shared.sent_requests,
                open_wagers=counts.live,
                unknown_wagers=counts.unknown,
                hedges=self._hedging.sent,
                book_differences=sum(shared.books.differences.values()),
                unread_wagers=self._unread.count,
            ),
            profit=self._profit.status(),
            clear=self._life.clear,
            audit_age_s=self._audit.age_s(now),
            may_quote=may_quote,
            clock_behind_s=None if shared.clock.lead is None else round(in_seconds(shared.clock.lead), 3),
            lines=lines,
            unread=self._unread.named(),
            cause=self._life.cause,
            balance_age_s=None if self._balance.read_at is None else in_seconds(now - self._balance.read_at),
            latch_unstored=shared.latch_unstored,
        )

    def _sport_event(self, sport_event_id: int) -> SportEventStatus | None:
        coverage = self._shared.coverage
        sport_event = self._shared.catalogue.sport_events.get(sport_event_id)
        lines = self._quoting.sport_events[sport_event_id]
        if sport_event is None:
            return None
        cover = coverage.of(sport_event_id)
        return SportEventStatus(
            sport_event=sport_event_id,
            name=sport_event.name,
            tournament=sport_event.tournament_name,
            status=sport_event.status,
            start=sport_event.scheduled,
            lines=tuple(self._line(quoted) for quoted in lines),
            covered_since=cover.since if coverage.up and cover.generation else None,
        )

    def _line(self, quoted: QuotedLine) -> LineStatus:
        shared = self._shared
        key = quoted.line.key
        state = shared.books.get(key)
        live = list(shared.ledger.live(key))
        own: list[LineWager] = [wager for wager in live if not wager.foreign]
        sides: tuple[Levels, Levels] = shared.books.net(state, own).sides if state is not None else ((), ())
        position = shared.ledger.positions.get(key, NOTHING)
        names = [outcome.name for outcome in quoted.line.outcomes]
        return LineStatus(
            sport_event=key.sport_event,
            market=key.market,
            number=key.number,
            name=quoted.line.name or quoted.market.name,
            outcomes=(names[0] if names else "", names[1] if len(names) > 1 else ""),
            book=(_shown(sides[0]), _shown(sides[1])),
            fair=quoted.fair,
            own=tuple(
                OwnStatus(
                    external_id=wager.external_id,
                    side=wager.side,
                    odds=wager.odds,
                    stake=wager.stake,
                    remaining=wager.remaining,
                    state=wager.state.value,
                )
                for wager in live
            ),
            profit=(position.profit[0], position.profit[1]),
            locked=shared.ledger.totals.locked.get(key, 0),
            worst_case=position.worst_case(),
            limit=shared.exposure.limit(shared.exposure.scopes(key)[0]),
            matches=self._counts.by_line.get(key, 0),
            why=self._why(key, quoted),
            behind=(ticks_behind(0, own, sides, shared.ladder), ticks_behind(1, own, sides, shared.ladder)),
        )

    def _positions(self) -> Iterator[PositionStatus]:
        """Yield the positions on lines that are not listed, or to which no quoting rule applies. Also yield the wagers
        of which only the market is known. The whole stake of such a wager counts as risk."""
        ledger = self._shared.ledger
        for line, position in ledger.positions.items():
            if line not in self._quoting.lines and position != NOTHING:
                profit = (position.profit[0], position.profit[1])
                remaining = position.remaining[0] + position.remaining[1]
                yield self._position(line, LimitScope("line", line), profit, remaining, position.worst_case())
        for market, full in ledger.full_stakes.items():
            if full:
                remaining = full.worst_case() - full.matched
                yield self._position(market, LimitScope("market", market), None, remaining, full.worst_case())

    def _position(
        self,
        key: LineKey | MarketKey,
        scope: LimitScope,
        profit: tuple[Cents, Cents] | None,
        remaining: Cents,
        worst_case: Cents,
    ) -> PositionStatus:
        catalogue = self._shared.catalogue
        tournament = catalogue.tournament_of(key.sport_event)
        known = catalogue.tournaments.get(tournament)
        return PositionStatus(
            sport_event=key.sport_event,
            market=key.market,
            number=key.number if isinstance(key, LineKey) else None,
            name=self._name(scope),
            tournament=known.name if known is not None else str(tournament or ""),
            profit=profit,
            remaining=remaining,
            locked=self._shared.ledger.totals.locked.get(key, 0),
            worst_case=worst_case,
        )

    def quoted(self, key: LineKey) -> Quoted | None:
        """Return which outcomes of a line we quote, and the reason if we do not quote the line. The result is None if
        no quoting rule applies to the line."""
        quoted = self._quoting.lines.get(key)
        if quoted is None:
            return None
        sides = [wager.side for wager in self._shared.ledger.live(key)]
        return Quoted((0 in sides, 1 in sides), self._why(key, quoted))

    def _why(self, line: LineKey, quoted: QuotedLine) -> str | None:
        if quoted.comparison.targets and quoted.why is None and not quoted.comparison.place:
            return None
        return self._shared.guards.why(line) or (quoted.comparison.place and self._placing.held_back) or quoted.why

    def _scope(self, scope: LimitScope) -> ScopeStatus:
        exposure = self._shared.exposure
        soft, hedge, limit = exposure.thresholds(scope)
        return ScopeStatus(
            scope=scope.kind,
            name=self._name(scope),
            worst_case=exposure.worst_case(scope),
            matched=exposure.matched(scope),
            soft=soft,
            hedge=hedge,
            limit=limit,
        )

    def _name(self, scope: LimitScope) -> str:
        catalogue = self._shared.catalogue
        match scope.id:
            case LineKey() as line:
                market = catalogue.market(line)
                known = catalogue.lines.get(line)
                label = (known.name if known is not None else "") or (market.name if market is not None else "")
                return f"{self._sport_event_name(line.sport_event)} {label or f'{line.market}/{line.number / 4:g}'}"
            case (int() as sport_event, int() as number):
                market = catalogue.markets.get(sport_event, {}).get(MarketKey(sport_event, number))
                return f"{self._sport_event_name(sport_event)} {market.name if market is not None else number}"
            case int() as number if scope.kind == "sport_event":
                return self._sport_event_name(number)
            case int() as number if scope.kind == "tournament":
                tournament = catalogue.tournaments.get(number)
                return tournament.name if tournament else str(number)
            case _:
                return ""

    def _sport_event_name(self, sport_event: int) -> str:
        known = self._shared.catalogue.sport_events.get(sport_event)
        return known.name if known is not None else str(sport_event)


def _shown(levels: Levels) -> tuple[LevelStatus, ...]:
    return tuple(LevelStatus(level.odds, level.value) for level in levels[:LEVELS_SHOWN])
