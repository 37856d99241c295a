"""The referee. It uses only the exchange's books to decide whether the bot kept the rules.

The referee shares no code with the bot's engine. It computes positions, worst cases and profit from the exchange's
wagers. These figures are updated whenever a wager changes.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.instant import SECOND, Duration, Instant
from mmbot.domain.money import Cents, show
from mmbot.domain.odds import Odds, Side, could_match
from mmbot.domain.wager import Status, Winning
from mmbot.simulator.judge.verdict import (
    Breach,
    Clearing,
    OutcomeFigure,
    Profit,
    RefereeLimits,
    RefereeReport,
    ScopeFigure,
)
from mmbot.simulator.venue.records import RepeatedId, VenueWager
from mmbot.simulator.venue.settlement.payouts import commission_on
from mmbot.simulator.venue.venue import Venue

_KEPT_BREACHES: Final = 200
_WON: Final = frozenset({Winning.WON, Winning.MANUALLY_WON})
_LOST: Final = frozenset({Winning.LOST, Winning.MANUALLY_LOST})
_SCOPES: Final = ("line", "market", "sport_event", "tournament", "account")


class _Line:
    """The bot's position and open wagers on one line."""

    __slots__ = ("live", "matched_worst", "profit", "remaining", "worst")

    def __init__(self) -> None:
        self.profit = [0, 0]
        self.remaining = [0, 0]
        self.live: tuple[dict[str, Odds], dict[str, Odds]] = ({}, {})
        self.worst: Cents = 0
        self.matched_worst: Cents = 0


class _Scope:
    __slots__ = ("above", "greatest", "limit", "matched_greatest", "matched_now", "now")

    def __init__(self, limit: Cents | None) -> None:
        self.limit = limit
        self.now: Cents = 0
        self.greatest: Cents = 0
        self.matched_now: Cents = 0
        self.matched_greatest: Cents = 0
        self.above = False


class _ClearDuty:
    """The bot's duty to end certain wagers by a deadline. Such a duty follows a lost feed, a kill or a stop."""

    __slots__ = ("at", "broken", "cause", "deadline", "took", "wagers")

    def __init__(self, cause: str, at: Instant, deadline: Instant, wagers: dict[str, None]) -> None:
        self.cause = cause
        self.at = at
        self.deadline = deadline
        self.wagers = wagers
        self.took: Duration | None = None
        self.broken = False


def worst_case(profit: list[Cents], remaining: list[Cents]) -> Cents:
    """Return the worst case of one line in cents. The worst case is the largest loss over the results "A wins", "B
    wins" and "push". It is at least 0. If an open wager would lose, its unmatched part counts as lost too
    (docs/design.md, *Worst case*).

    Args:
        profit: the profit of the matched wagers if outcome 0 wins, and their profit if outcome 1 wins.
        remaining: the unmatched stake of the wagers that back outcome 0, and that of the wagers that back outcome 1.
    """
    return max(0, remaining[1] - profit[0], remaining[0] - profit[1])


class Referee:
    """Watches and judges one account of an exchange."""

    def __init__(self, venue: Venue, account: str, limits: RefereeLimits | None = None) -> None:
        self._venue = venue
        self._account = account
        self._limits = limits or RefereeLimits()
        self._commission = Decimal(venue.settings.commission)
        self._rounding = venue.settings.commission_rounding
        self._wagers: dict[str, VenueWager] = {}
        self._lines: dict[LineKey, _Line] = {}
        self._changed_lines: dict[LineKey, None] = {}
        self._scopes: dict[tuple[str, str], _Scope] = {}
        self._live = 0
        self._statuses: dict[Status, int] = {}
        self._matched: dict[tuple[LineKey, Side], list[int]] = {}
        self._gross: dict[MarketKey, Cents] = {}
        self._broken: list[Breach] = []
        self._broken_count = 0
        self._unbalanced = False
        self._requests: dict[str, int] = {}
        self._second: deque[Instant] = deque()
        self._busiest = 0
        self._duties: list[_ClearDuty] = []
        self._clearings: list[Clearing] = []
        self._stopped_at: Instant | None = None
        self._feed_lost_at: Instant | None = None
        self._process_killed = False
        venue.watch(account, self)
        for wager in venue.wagers(account):
            self.changed(wager, None, None, wager.updated_at)

    # --- calls by the exchange ----------------------------------------------------------------------------------------

    def changed(self, wager: VenueWager, match_stake: Cents | None, match_odds: Odds | None, now: Instant) -> None:
        """Record that a wager was accepted or changed. The exchange calls this method."""
        before = self._wagers.get(wager.wager_id)
        line = self._lines.get(wager.line)
        if line is None:
            line = self._lines[wager.line] = _Line()
        if before is None:
            self._judge_new(wager, line, now)
        else:
            self._include(before, line, -1)
        self._include(wager, line, 1)
        self._wagers[wager.wager_id] = wager
        self._changed_lines[wager.line] = None
        if match_stake is not None:
            figure = self._matched.setdefault((wager.line, wager.side), [0, 0, 0])
            figure[0] += 1
            figure[1] += match_stake
            figure[2] += wager.match_win - (before.match_win if before else 0)
        if not wager.live:
            for duty in self._duties:
                duty.wagers.pop(wager.wager_id, None)

    def repeated(self, repeat: RepeatedId, now: Instant) -> None:
        """Record that the bot used an ``external_id`` twice. The exchange calls this method."""
        what = "the same" if repeat.same_content else "different"
        self._report_breach(4, now, f"external_id {repeat.external_id} was sent twice, with {what} content")

    def operation_complete(self, now: Instant) -> None:
        """Judge the present state. The exchange calls this method after each complete operation."""
        if self._changed_lines:
            for key in self._changed_lines:
                self._update_worst_case(key, now)
            self._changed_lines.clear()
            self._judge_money(now)
        if self._duties:
            self._judge_duties(now)

    # --- calls by the server and by backtests ------------------------------------------------------------------------

    def observe(self, now: Instant) -> None:
        """Judge the present state, including deadlines that have passed by ``now``."""
        self.operation_complete(now)

    def note_request(self, now: Instant, kind: str) -> None:
        """Count a request of the account. If more than ``RefereeLimits.requests_per_second`` requests arrive within one
        second, the referee reports a broken rule."""
        self._requests[kind] = self._requests.get(kind, 0) + 1
        second = self._second
        second.append(now)
        while second[0] <= now - SECOND:
            second.popleft()
        if len(second) > self._busiest:
            self._busiest = len(second)
            if self._busiest > self._limits.requests_per_second:
                self._report_breach(5, now, f"{self._busiest} requests within one second")

    def note_latched(self, now: Instant, cause: str = "kill") -> None:
        """Record a kill or a stop. From now on the bot must not place any wager, and its open wagers have to end."""
        if self._stopped_at is None:
            self._stopped_at = now
        self._must_clear(cause, now, 0)

    def note_resumed(self, now: Instant) -> None:
        """Record that a person released the kill switch."""
        self._stopped_at = None

    def note_feed_lost(self, now: Instant, notice_ns: Duration = 0) -> None:
        """Record that the feed was lost. ``notice_ns`` is the time in nanoseconds that the bot has to notice the loss.
        If the feed falls silent, this time is 30 seconds."""
        if self._process_killed:
            return
        if self._feed_lost_at is None:
            self._feed_lost_at = now + notice_ns
        self._must_clear("feed", now, notice_ns)

    def note_feed_up(self, now: Instant) -> None:
        """Record that the bot is subscribed to the feed again."""
        self._feed_lost_at = None
        self._process_killed = False

    def note_process_killed(self) -> None:
        """Record that the bot's process is about to be killed. Until the bot runs again, nobody can cancel its open
        wagers. So the referee does not demand that these wagers end in time. After a restart, everything that the bot
        does is judged as usual."""
        self._process_killed = True

    # --- judging --------------------------------------------------------------------------------------------------

    def _judge_new(self, wager: VenueWager, line: _Line, now: Instant) -> None:
        if self._stopped_at is not None:
            self._report_breach(4, now, f"wager {wager.external_id} placed after the kill or stop")
        lost = self._feed_lost_at
        if lost is not None and now > lost + self._limits.in_flight_ns:
            self._report_breach(2, now, f"wager {wager.external_id} placed while the feed was lost")
        if not wager.live:
            return
        if lost is not None or self._stopped_at is not None:
            self._add_to_clear_duty(wager, now)
        for other, odds in line.live[1 - wager.side].items():
            if could_match(odds, wager.odds):
                against = self._wagers[other].external_id
                self._report_breach(4, now, f"own wagers {wager.external_id} and {against} could match each other")

    def _add_to_clear_duty(self, wager: VenueWager, now: Instant) -> None:
        """Add a wager to the wagers that have to end. The wager arrived after the feed was lost, or after a kill or
        stop. It has to end even if all older wagers have already ended."""
        if not self._duties:
            notice = max(0, self._feed_lost_at - now) if self._feed_lost_at is not None else 0
            cause = "feed" if self._stopped_at is None else "stop"
            self._duties.append(_ClearDuty(cause, now, now + notice + self._limits.clear_within_ns, {}))
        for duty in self._duties:
            duty.wagers[wager.wager_id] = None

    def _include(self, wager: VenueWager, line: _Line, sign: int) -> None:
        side = wager.side
        self._statuses[wager.status] = self._statuses.get(wager.status, 0) + sign
        if wager.live:
            line.remaining[side] += sign * wager.unmatched
            self._live += sign
            if sign > 0:
                line.live[side][wager.wager_id] = wager.odds
            else:
                line.live[side].pop(wager.wager_id, None)
        if not wager.matched:
            return
        if wager.winning is Winning.TBD:
            line.profit[side] += sign * wager.match_win
            line.profit[1 - side] -= sign * wager.matched
        else:
            market = market_of(wager.line)
            self._gross[market] = self._gross.get(market, 0) + sign * _result(wager)

    def _update_worst_case(self, key: LineKey, now: Instant) -> None:
        line = self._lines[key]
        worst = worst_case(line.profit, line.remaining)
        matched = worst_case(line.profit, [0, 0])
        rise, matched_rise = worst - line.worst, matched - line.matched_worst
        line.worst, line.matched_worst = worst, matched
        if not rise and not matched_rise:
            return
        for kind, name in self._scopes_of(key):
            scope = self._scopes.get((kind, name))
            if scope is None:
                scope = self._scopes[(kind, name)] = _Scope(getattr(self._limits, kind))
            scope.now += rise
            scope.matched_now += matched_rise
            scope.greatest = max(scope.greatest, scope.now)
            scope.matched_greatest = max(scope.matched_greatest, scope.matched_now)
            above = scope.limit is not None and scope.now > scope.limit
            if above and not scope.above:
                where = f"{kind.replace('_', ' ')} {name}"
                self._report_breach(
                    1, now, f"worst case of {where} is {show(scope.now)}, limit {show(scope.limit or 0)}"
                )
            scope.above = above

    def _scopes_of(self, key: LineKey) -> tuple[tuple[str, str], ...]:
        tournament = self._venue.sport_event(key.sport_event).tournament_id
        names = (
            f"{key.sport_event}/{key.market}/{key.number}",
            f"{key.sport_event}/{key.market}",
            str(key.sport_event),
            str(tournament),
            "",
        )
        return tuple(zip(_SCOPES, names, strict=True))

    def _judge_money(self, now: Instant) -> None:
        unbalanced = self._venue.unbalanced()
        if unbalanced and not self._unbalanced:
            self._report_breach(0, now, f"the exchange's wallets hold {unbalanced} cents more than was deposited")
        self._unbalanced = bool(unbalanced)

    def _must_clear(self, cause: str, now: Instant, notice: Duration) -> None:
        wagers = {wager_id: None for line in self._lines.values() for side in line.live for wager_id in side}
        self._duties.append(_ClearDuty(cause, now, now + notice + self._limits.clear_within_ns, wagers))
        self._judge_duties(now)

    def _judge_duties(self, now: Instant) -> None:
        for duty in self._duties:
            if not duty.wagers:
                duty.took = now - duty.at
                self._clearings.append(Clearing(duty.cause, duty.at, duty.took))
            elif now > duty.deadline and not duty.broken:
                duty.broken = True
                self._report_breach(
                    2, now, f"{len(duty.wagers)} wagers still open after {duty.cause} beyond the time limit"
                )
        self._duties = [duty for duty in self._duties if duty.took is None]

    def _report_breach(self, invariant: int, now: Instant, detail: str) -> None:
        self._broken_count += 1
        if len(self._broken) < _KEPT_BREACHES:
            self._broken.append(Breach(invariant, now, detail))

    # --- the report -----------------------------------------------------------------------------------------------

    def report(self, now: Instant) -> RefereeReport:
        """Return the referee's judgement so far."""
        self.observe(now)
        self._judge_money(now)
        gross = sum(self._gross.values())
        commission = sum(commission_on(gain, self._commission, self._rounding) for gain in self._gross.values())
        wallet = self._venue.wallet(self._account)
        gained = wallet.balance + wallet.held + wallet.staked - wallet.deposited
        unpaid = self._statuses.get(Status.SETTLED, 0)
        broken = tuple(self._broken)
        count = self._broken_count
        if not unpaid and gained != gross - commission:
            late = Breach(0, now, f"the wallet gained {gained} cents, but the results amount to {gross - commission}")
            broken, count = (*broken, late), count + 1
        open_wagers = sum(
            self._wagers[wager_id].status is Status.OPEN
            for line in self._lines.values()
            for side in line.live
            for wager_id in side
        )
        return RefereeReport(
            ok=count == 0,
            at=now,
            broken=broken,
            broken_count=count,
            worst_case=tuple(
                ScopeFigure(kind, name, s.now, s.greatest, s.matched_now, s.matched_greatest, s.limit)
                for (kind, name), s in sorted(
                    self._scopes.items(), key=lambda item: (_SCOPES.index(item[0][0]), item[0])
                )
            ),
            matched=tuple(
                OutcomeFigure(line, side, self._venue.line(line).outcomes[side].line_id, *figure)
                for (line, side), figure in sorted(self._matched.items())
            ),
            profit=Profit(gross, commission, gross - commission, gained),
            live_wagers=self._live,
            open_wagers=open_wagers,
            placed=len(self._wagers),
            ended={status.value: n for status, n in self._statuses.items() if n},
            requests=dict(self._requests),
            busiest_second=self._busiest,
            clearings=(*self._clearings, *(Clearing(d.cause, d.at, None) for d in self._duties)),
        )


def _result(wager: VenueWager) -> Cents:
    if wager.winning in _WON:
        return wager.match_win
    return -wager.matched if wager.winning in _LOST else 0
