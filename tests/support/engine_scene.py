"""A small exchange with an engine in virtual time, and short commands for tests.

The tests are the crowd: they place and withdraw the orders of a house, and send takers. Every scene ends with
``close``, which checks the referee's findings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mmbot.backtest.faults import Fate, Faults, Interfere
from mmbot.backtest.link import Delays
from mmbot.backtest.memory import Memory
from mmbot.backtest.run import Run
from mmbot.config import Config
from mmbot.config.settings import ExchangeConfig, GuardsConfig, LimitsConfig, MatchConfig, RuleConfig
from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent, Tournament
from mmbot.domain.instant import DAY, HOUR, MILLISECOND, SECOND, Duration, Instant
from mmbot.domain.wager import Status
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.engine.engine import Breakers
from mmbot.engine.status import EngineStatus, GuardStatus, LineStatus
from mmbot.simulator.judge.referee import Referee
from mmbot.simulator.judge.verdict import RefereeLimits, RefereeReport
from mmbot.simulator.venue.accounts.order import Order
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.venue.venue import Venue
from mmbot.simulator.world import World
from mmbot.strategy.interface import Decision, EventView, NoQuote, Quote, Result, Strategy
from strategies.fair_value import FairValueMaker, FairValueParams

START = 1_800_000_000 * SECOND

EVENING = START // DAY * DAY + 22 * HOUR
"""Two hours before midnight."""
NBA = 132
GAME = 1
MONEYLINE = 219
LINE = LineKey(GAME, MONEYLINE, 0)
OTHER = LineKey(GAME, 223, -14)
MARKET = MarketKey(GAME, MONEYLINE)


class Fixed:
    """Requests the same quotes on every line: (side, odds, payout). ``wants`` may be changed between events."""

    def __init__(self, *wants: tuple[int, int, int], size_tolerance: float = 0.1, price_tolerance: float = 0.0) -> None:
        self.wants: dict[LineKey | None, tuple[tuple[int, int, int], ...]] = {None: wants}
        self.size_tolerance = size_tolerance
        self.price_tolerance = price_tolerance
        self.priority: dict[LineKey, int] = {}
        self.raises: dict[int, str] = {}
        self.calls = 0
        self.seen: dict[LineKey, Any] = {}

    def quote(self, view: EventView, state: Any) -> Result:
        self.calls += 1
        if view.sport_event.sport_event_id in self.raises:
            raise RuntimeError(self.raises[view.sport_event.sport_event_id])
        decisions: dict[LineKey, Decision] = {}
        for line in view.lines:
            key = line.line.key
            self.seen[key] = line
            wants = self.wants.get(key, self.wants[None])
            decisions[key] = tuple(
                Quote(side, payout, odds, None, self.priority.get(key, 0), self.price_tolerance, self.size_tolerance)
                for side, odds, payout in wants
            ) or NoQuote("told so")
        return Result(decisions, state)


def settings(
    *,
    limits: LimitsConfig | None = None,
    guards: GuardsConfig | None = None,
    account: str = "exclusive",
    rate: int = 40,
    rules: Sequence[RuleConfig] | None = None,
    funds: str = "at_match",
    deadline_s: float = 30.0,
) -> Config:
    """Settings for a local exchange; every market falls under the first rule."""
    config = Config(
        environment="local",
        exchange=ExchangeConfig(
            base_url="http://127.0.0.1:9000/partner",
            requests_per_second=rate,
            account="shared" if account == "shared" else "exclusive",
            funds="at_placement" if funds == "at_placement" else "at_match",
        ),
        quoting=tuple(rules) if rules is not None else (RuleConfig(match=MatchConfig(), strategy="tests:Fixed"),),
        limits=limits or LimitsConfig(),
        guards=guards or GuardsConfig(hold_s=1.0),
    )
    return msgspec.structs.replace(config, stop=msgspec.structs.replace(config.stop, deadline_s=deadline_s))


def maker(**params: Any) -> FairValueMaker:
    """The shipped strategy."""
    return FairValueMaker(FairValueParams(**params))


class Scene:
    """The exchange, the engine, and the virtual time."""

    def __init__(
        self,
        strategy: Strategy | Sequence[Strategy] | None = None,
        config: Config | None = None,
        *,
        lines: Sequence[LineKey] = (LINE,),
        balance: int = 1_000_000,
        venue: VenueSettings | None = None,
        delays: Delays | None = None,
        memory: Memory | None = None,
        interfere: Interfere | None = None,
        starts: Duration = 6 * HOUR,
        judged: RefereeLimits | None = None,
        house: bool = True,
        breakers: Breakers = (),
        start: Instant = START,
    ) -> None:
        self._start = start
        self.config = config or settings()
        self.strategies: tuple[Strategy, ...] = (
            tuple(strategy) if isinstance(strategy, Sequence) else (strategy or Fixed((0, 105, 5000), (1, 105, 5000)),)
        )
        self.delays = delays
        self.interfere = interfere
        self.breakers = breakers
        self.venue = Venue(venue or VenueSettings(), 1)
        self.venue.advance(start)
        self.venue.add_tournament(Tournament(NBA, "NBA", "Basketball"), start)
        self.starts = start + starts
        for sport_event in dict.fromkeys(line.sport_event for line in lines):
            self.add_sport_event(sport_event, start)
        markets: dict[MarketKey, list[LineKey]] = {}
        for line in lines:
            markets.setdefault(MarketKey(line.sport_event, line.market), []).append(line)
        for market, keys in markets.items():
            self.add_market(market, keys, start)
        self.account = self.venue.open_account("mmbot", balance)
        self.crowd = self.venue.open_account("crowd", 0, unlimited=True)
        limits = self.config.limits
        self.referee = Referee(
            self.venue,
            self.account,
            judged
            or RefereeLimits(
                line=round(limits.line * 100),
                market=round(limits.market * 100),
                sport_event=round(limits.event * 100),
                tournament=round(limits.tournament * 100),
                account=round(limits.account * 100),
            ),
        )
        self.world = World(self.venue, (), self.account, self.referee)
        self.memory = memory or Memory()
        self.lines = tuple(lines)
        self.house: dict[LineKey, list[Order | None]] = {}
        if house:
            for line in lines:
                self.around(line)
        self.run = self._begin(start)

    def _begin(self, now: Instant) -> Run:
        return Run(
            self.world,
            self.account,
            self.config,
            self.strategies,
            now,
            self.delays,
            self.memory,
            faults=Faults(self.interfere),
            breakers=self.breakers,
        )

    def add_sport_event(self, sport_event: int, now: Instant) -> None:
        self.venue.add_sport_event(
            SportEvent(
                sport_event,
                NBA,
                f"Away {sport_event} @ Home {sport_event}",
                "not_started",
                self.starts,
                "Basketball",
                "NBA",
            ),
            now,
        )

    def add_market(self, market: MarketKey, keys: Sequence[LineKey], now: Instant, outcomes: int = 2) -> None:
        kind = {219: "moneyline", 223: "spread", 225: "total"}.get(market.market, "moneyline")
        lines = tuple(
            Line(key, tuple(Outcome(4 + side, "", f"outcome {side}") for side in range(outcomes)), "") for key in keys
        )
        self.venue.add_market(Market(market, kind.title(), kind, kind, "Game Lines", "active", lines), now)

    # --- the crowd ------------------------------------------------------------------------------------------------

    def around(self, line: LineKey = LINE, odds: tuple[int, int] = (110, 110), stake: int = 100_000) -> None:
        """Replace the house's orders of a line: one behind each outcome. At +110 each, fair is even."""
        now = self.now
        for order in self.house.get(line, []):
            if order is not None:
                self.venue.crowd.withdraw(order, now)
        self.house[line] = [self.venue.crowd.enter(self.crowd, line, side, odds[side], stake, now) for side in (0, 1)]

    def take(self, side: int, stake: int, line: LineKey = LINE, odds: int = -150) -> None:
        """Let a taker back ``side``; the exchange decides whom that matches."""
        self.venue.crowd.enter(self.crowd, line, side, odds, stake, self.now, rest=False)

    # --- time -----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        return self.run.now if hasattr(self, "run") else self._start

    def go(self, duration: Duration = SECOND) -> None:
        """Let time pass."""
        self.run.until(self.run.now + duration)

    def until(self, condition: Callable[[], bool], within: Duration = 60 * SECOND) -> None:
        """Let time pass until a condition holds; fail if that takes longer than ``within``."""
        end = self.run.now + within
        self.run.until(end, stop=condition)
        assert condition(), f"not within {within / SECOND} s: {self.status().phase}, {self.status().guards}"

    def quoted(self) -> Scene:
        """Start, and wait until both outcomes of every line are quoted at the exchange."""
        self.until(lambda: all(self.sides(line) == {0, 1} for line in self.lines))
        return self

    def requoted(self, within: Duration = 60 * SECOND) -> Scene:
        """Wait until the engine is ready again and both outcomes of every line are quoted again."""
        assert self.status().phase != "ready"
        self.until(lambda: self.status().phase == "ready", within)
        return self.quoted()

    def restart(self, after: Duration = SECOND, *, keep: Callable[[o.SaveWager], bool] | None = None) -> None:
        """Crash the daemon and start another one later; ``keep`` selects the surviving part of the journal."""
        if keep is not None:
            self.memory.wagers = {key: saved for key, saved in self.memory.wagers.items() if keep(saved)}
            self.memory.known = 0  # what a journal was told before it was known is never lost
        now = self.run.now + after
        self.memory.last = self.run.now
        self.world.advance(now)
        self.venue.drain()
        self.run = self._begin(now)

    # --- observations ---------------------------------------------------------------------------------------------

    def status(self) -> EngineStatus:
        return self.run.engine.status(self.run.now)

    def line(self, line: LineKey = LINE) -> LineStatus:
        for sport_event in self.status().sport_events:
            for each in sport_event.lines:
                if (each.sport_event, each.market, each.number) == line:
                    return each
        raise AssertionError(f"{line} is not under a rule")

    def guard(self, name: str) -> GuardStatus | None:
        return next((held for held in self.status().guards if held.guard == name), None)

    def wagers(self, line: LineKey | None = None) -> list[VenueWager]:
        """Our wagers that could match, by the books of the exchange."""
        return [
            wager for wager in self.venue.wagers(self.account) if wager.live and (line is None or wager.line == line)
        ]

    def resting(self, line: LineKey = LINE) -> list[tuple[int, int, int]]:
        """(side, odds, unmatched stake) of our open wagers."""
        return sorted(
            (wager.side, wager.odds, wager.unmatched) for wager in self.wagers(line) if wager.status is Status.OPEN
        )

    def sides(self, line: LineKey = LINE) -> set[int]:
        return {side for side, _, _ in self.resting(line)}

    def sent(self, kind: type, since: Instant = 0) -> list[Any]:
        """The sent requests of one kind."""
        return [request for at, request in self.run.requests if isinstance(request, kind) and at >= since]

    def kinds(self, since: Instant = 0) -> list[str]:
        return [type(request).__name__ for at, request in self.run.requests if at >= since]

    def placements(self, since: Instant = 0) -> list[r.Placement]:
        return [item for request in self.sent(r.PlaceMany, since) for item in request.items]

    def alerts(self, name: str, since: Instant = 0) -> list[dict[str, Any]]:
        return [alert.fields for at, alert in self.run.alerts if alert.name == name and at >= since]

    def mute(self, line: LineKey = LINE) -> Callable[[], None]:
        """Drop every book message of a line without a sign; return a function that ends this."""

        def drop(message: e.FeedMessage) -> e.FeedMessage | None:
            return None if isinstance(message, e.BookMessage) and message.line == line else message

        def end() -> None:
            run.on_message = None

        run = self.run
        run.on_message = drop
        return end

    def amend(self, change: Callable[[e.Answer, Instant], e.Answer]) -> Callable[[], None]:
        """Change the answers of the exchange in flight, after earlier changes; return a function that ends this."""

        def amended(answer: e.Answer, now: Instant) -> e.Answer:
            return change(answer if before is None else before(answer, now), now)

        def end() -> None:
            run.on_answer = before

        run = self.run
        before = run.on_answer
        run.on_answer = amended
        return end

    # --- the end --------------------------------------------------------------------------------------------------

    def agree(self) -> RefereeReport:
        """Check that our wagers, positions and profit equal those of the exchange. For quiet moments."""
        report = self.referee.report(self.run.now)
        status = self.status()
        mine = {
            own.external_id: own.remaining
            for sport_event in status.sport_events
            for line in sport_event.lines
            for own in line.own
        }
        theirs = {wager.external_id: wager.unmatched for wager in self.wagers() if wager.line in self._shown(status)}
        assert mine == theirs
        assert status.counts.open_wagers == len(self.wagers())
        assert status.locked == self.venue.wallet(self.account).staked
        assert sum(line.locked for sport_event in status.sport_events for line in sport_event.lines) <= status.locked
        assert status.profit.realised == report.profit.gross
        assert status.profit.commission == report.profit.commission
        for line in self._shown(status):
            assert self.line(line).profit == self.position(line), line
        return report

    def _shown(self, status: EngineStatus) -> dict[LineKey, None]:
        return {
            LineKey(line.sport_event, line.market, line.number): None
            for sport_event in status.sport_events
            for line in sport_event.lines
        }

    def position(self, line: LineKey = LINE) -> tuple[int, int]:
        """The unsettled matched profit if outcome 0 or 1 wins, by the books of the exchange."""
        profit = [0, 0]
        for wager in self.venue.wagers(self.account):
            if wager.line == line and wager.winning.value == "tbd" and wager.status is not Status.VOID:
                profit[wager.side] += wager.match_win
                profit[1 - wager.side] -= wager.matched
        return profit[0], profit[1]

    def close(self) -> RefereeReport:
        """Check that the referee found no breach."""
        report = self.referee.report(self.run.now)
        assert report.ok, report.broken
        return report


def lose(kind: type, times: int = 1, fate: Fate = Fate.UNANSWERED) -> Callable[[r.Request, Instant], Fate]:
    """Return an interference that gives the first ``times`` requests of a kind the ``fate``."""
    left = [times]

    def interfere(request: r.Request, now: Instant) -> Fate:
        if isinstance(request, kind) and left[0] > 0:
            left[0] -= 1
            return fate
        return Fate.DONE

    return interfere


def health(connection: int) -> e.Beat:
    return e.Beat(connection)


TICK = 10 * MILLISECOND


def order_of(scene: Scene, since: int = 0) -> list[str]:
    """The kinds of requests in the order in which each was first sent."""
    return list(dict.fromkeys(scene.kinds(since)))
