"""One run of a scenario: the exchange, the bot with its restarts and crashes, the faults, and the judge."""

from __future__ import annotations

import heapq
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec
from judge.judge import Judge
from judge.records import Bounds, Breach

from mmbot.backtest.faults import Faults
from mmbot.backtest.run import Run
from mmbot.config import Config
from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant
from mmbot.engine import events as e
from mmbot.simulator.crowd.fixtures import PLAIN
from mmbot.simulator.crowd.synthetic_crowd import SyntheticCrowd
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.venue import Venue
from mmbot.simulator.world import USER, World

from . import records, strategies
from .journal import Journal
from .log import Log
from .scenario import Fault, Scenario
from .stand_ins import Leaving, Notes, Recorder, Shifted
from .watchdog import watch
from .wire import Wire

LOOK: Duration = 10 * SECOND
COMPARED: Duration = 20 * SECOND
KINDS_OF_SCOPES = {"sport_event": "sport_event", "account": "account"}
"""The bot's names of the scopes whose thresholds the judge checks, and the judge's names. A sport event whose
tournament is not known counts in every tournament, so a tournament may rightly seem to be too full."""

AGAIN: Duration = MINUTE
"""How long a fault waits that is impossible now, for example because no market has a result yet."""

QUIET: Duration = 5 * MINUTE
"""How long nothing moves at the end, before the figures are compared."""


@dataclass(frozen=True)
class Outcome:
    """The result of a run."""

    seed: int
    breach: Breach | None
    matches: int
    faults: Counter[str]
    length: Duration
    digest: str
    busiest: int
    requests: int


class Play:
    """A run. The functions of the module ``apply`` let its faults happen."""

    def __init__(self, scenario: Scenario, faults: tuple[Fault, ...] | None = None, *, keep_log: bool = False) -> None:
        self.scenario = scenario
        self.faults = scenario.faults if faults is None else faults
        self.met: Counter[str] = Counter()
        self.log = Log(scenario.start, keep=keep_log)
        self.venue = Venue(scenario.venue, scenario.seed)
        self.venue.advance(scenario.start)
        self.account = self.venue.open_account(USER, scenario.balance)
        self.deposited = scenario.balance
        self.crowd = Leaving(SyntheticCrowd(self.venue, scenario.board, scenario.seed, scenario.start))
        for fixture, starts in zip(scenario.fixtures, scenario.starts, strict=True):
            self.crowd.crowd.add(PLAIN[fixture], scenario.start + starts, scenario.start)
        self.judge = Judge(records.limits(scenario.config.limits), bounds(scenario))
        self.recorder = Recorder(self.venue, self.judge, self.log)
        self.venue.watch(self.account, self.recorder)
        self.world = World(self.venue, (self.crowd,), self.account, Notes(self.judge))  # type: ignore[arg-type]
        self.wire = Wire(self.venue, self.judge, self.log, self.recorder, ids_twice=scenario.ids_twice)
        self.journal = Journal()
        self.config = scenario.config
        self.noisy_until = scenario.start
        self.takers = self.venue.open_account("the simulation's takers", 0, unlimited=True)
        self.requests = 0
        self._plans: list[tuple[Instant, int, Callable[[], None]]] = []
        self._planned = 0
        self._look_at = self._compare_at = scenario.start
        self._heard = 0
        self._caught_up = False
        """True while the bot may quote. Before, it reads page by page what happened while nobody told it."""
        self.run = self._begin(scenario.start)

    # --- the bot --------------------------------------------------------------------------------------------------

    def _begin(self, now: Instant) -> Run:
        scenario = self.scenario
        self.journal.last = max(0, self.journal.last - scenario.behind) if self.journal.runs else 0
        self.journal.known = max(0, self.journal.known - scenario.behind) if self.journal.known else 0
        run = Run(
            self.world,
            self.account,
            self.config,
            (strategies.make(scenario.strategy, scenario.params),),
            now - scenario.behind,
            scenario.delays,
            self.journal,
            faults=Faults(),
        )
        run.now = now
        if scenario.behind:
            run.engine = Shifted(run.engine, scenario.behind)  # type: ignore[misc, assignment]
        self._heard = 0
        self._caught_up = False
        self.wire.attach(run)
        self.judge.started(now, records.limits(self.config.limits))
        if self.journal.latch is not None:
            self.judge.stopped(now, "a latch")
        self.log.add(now, "the bot starts")
        return run

    def restart(self, now: Instant, config: Config | None = None) -> None:
        """Start the bot again."""
        self.requests += len(self.run.requests)
        self.config = config or self.config
        self.run = self._begin(now)

    def crash(self, down: Duration, share: float) -> None:
        """Let the process die now, and start it again ``down`` later. ``share`` of the journal's last half second is
        durable."""
        lost = self.journal.crash(self.now, share)
        self.log.add(self.now, f"the bot crashes; its journal lacks {lost} records")
        self.judge.died(self.now)
        self.run.die(self.now + down)
        self.noisy(TOLD_AFTER_RESTART if self.scenario.venue.results_dated else SWEPT_AFTER_RESTART)
        self.restart(self.run.now)

    def stop(self, down: Duration, config: Config | None = None) -> None:
        """Stop the daemon in order, and start it again ``down`` later."""
        run = self.run
        run.tell(e.StopRequested())
        run.until(run.now + MINUTE, self.broken)
        self.ended()
        run.die(run.now + down)
        self.noisy(TOLD_AFTER_RESTART if self.scenario.venue.results_dated else SWEPT_AFTER_RESTART)
        self.restart(run.now, config)

    def stand_still(self, lasts: Duration, sport_event: int) -> None:
        """Let the strategy of a sport event take so long. A thread of the daemon cancels the wagers of the sport event.
        If it takes longer than the watchdog waits, the watchdog cancels everything."""
        run, began, settings = self.run, self.now, self.config.watchdog
        end = began + lasts
        self.log.add(began, f"the daemon stands still for {lasts / SECOND:.1f} s")
        run.stand_still(began + round(settings.strategy_s * SECOND))
        with suppress(VenueError):
            self.venue.cancel_sport_event(self.account, sport_event, self.now)
        silence = round(settings.silence_s * SECOND)
        overran = e.StrategyOverran(sport_event, lasts)
        if lasts <= silence:
            run.stand_still(end)
            run.tell(overran)
        else:
            self.judge.hung(began, silence)
            run.stand_still(began + silence)
            exclusive = self.config.exchange.account == "exclusive"
            if watch(run, exclusive, self.journal.runs, end, self.scenario.behind):
                self.judge.watchdog_said_clear(self.now)
            run.stand_still(end)
            self.judge.feed_lost(self.now)
            run.tell(e.StoodStill(lasts))
            run.tell(overran)
        self.noisy(2 * MINUTE)

    def ended(self) -> None:
        """Judge the end of the daemon, after a stop."""
        run = self.run
        self.log.add(run.now, f"the bot ends: {run.exit}")
        if run.exit is None:
            self.breach("a stop ends", f"the daemon is in {run.engine.status(run.now).phase} a minute after the stop")
        elif run.exit.code == 0:
            self.judge.claimed_clear(run.now)
        self.journal.close(run.now)
        self.judge.died(self.now)

    # --- time -----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        """The present, by the exchange's clock."""
        return self.run.now

    def later(self, after: Duration, what: Callable[[], None]) -> None:
        """Do something later, whatever becomes of the bot until then."""
        self._planned += 1
        heapq.heappush(self._plans, (self.now + after, self._planned, what))

    def noisy(self, duration: Duration) -> None:
        """The bot's figures need not be compared for so long."""
        self.noisy_until = max(self.noisy_until, self.now + duration)

    def broken(self) -> bool:
        """True once a rule was broken."""
        return bool(self.judge.breaches)

    def breach(self, rule: str, detail: str) -> None:
        """Note a broken rule that the driver itself sees."""
        self.judge.breaches.append(Breach(self.now, rule, detail))

    def until(self, end: Instant) -> None:
        """Let time pass, or stop at the first broken rule."""
        while self.now < end and not self.broken():
            due = self._plans[0][0] if self._plans else end
            self.run.until(max(self.now, min(end, due, self._look_at)), self.broken)
            if self.run.exit is not None and not self.broken():
                self._exited()
            while self._plans and self._plans[0][0] <= self.now and not self.broken():
                heapq.heappop(self._plans)[2]()
            if self.now >= self._look_at:
                self._look()

    def _exited(self) -> None:
        exit_order = self.run.exit
        assert exit_order is not None
        self.breach("the daemon stays up", f"it ended by itself with {exit_order.code}: {exit_order.reason}")

    def _look(self) -> None:
        self._look_at = self.now + LOOK
        self.judge.look(self.now)
        self._hear_alerts()
        if self.now >= self._compare_at:
            self._compare_at = self.now + COMPARED
            self.compare()

    def _hear_alerts(self) -> None:
        """Tell the judge what the bot said of itself since the last look."""
        alerts = self.run.alerts
        while self._heard < len(alerts):
            at, alert = alerts[self._heard]
            self._heard += 1
            fields = alert.fields
            if alert.name in ("life.ready", "life.clearing"):
                self._caught_up = alert.name == "life.ready"
            elif alert.name == "guard.held" and fields["guard"] == "daily_loss":
                self.judge.day_lost(at)
            elif alert.name == "risk.threshold" and fields["threshold"] is not None and self._caught_up:
                kind = str(fields["scope"])
                if kind in KINDS_OF_SCOPES:
                    name = "" if kind == "account" else str(fields["id"])
                    self.judge.threshold(at, KINDS_OF_SCOPES[kind], name, int(str(fields["matched_cents"])))

    def compare(self) -> None:
        """Compare the bot's figures with the exchange's."""
        status = self.run.engine.status(self.now)
        if status.phase == "ready":
            self.judge.compare(self.now, records.claim(status, self.wire.home), self.noisy_until)

    # --- the whole ------------------------------------------------------------------------------------------------

    def play(self) -> Outcome:
        """Play the scenario to its end, or to the first broken rule."""
        try:
            self._play()
        except Exception as bad:  # noqa: BLE001 - whatever the bot raises ends the daemon, so it breaks a rule
            where = traceback.extract_tb(bad.__traceback__)[-1]
            self.breach(
                "the engine raises nothing",
                f"{type(bad).__name__}: {bad} ({where.name} in {Path(where.filename).name}:{where.lineno})",
            )
        first = self.judge.breaches[0] if self.judge.breaches else None
        return Outcome(
            self.scenario.seed,
            first,
            self.judge.matches,
            self.met,
            self.now - self.scenario.start,
            self.log.digest(),
            self.judge.busiest,
            self.requests + len(self.run.requests),
        )

    def _play(self) -> None:
        from .apply import APPLY

        waiting = [(fault.at, number, fault) for number, fault in enumerate(self.faults)]
        while waiting and not self.broken():
            at, number, fault = heapq.heappop(waiting)
            self.until(self.scenario.start + at)
            if self.broken():
                break
            rng = Random(f"{self.scenario.seed}/{fault.number}/{fault.kind}")
            if APPLY[fault.kind](self, rng):
                self.met[fault.kind] += 1
                self.log.add(self.now, f"fault {fault.kind}")
            elif at + AGAIN < self.scenario.length:
                heapq.heappush(waiting, (at + AGAIN, number, fault))
        self.until(self.scenario.start + self.scenario.length)
        self._finish()

    def _finish(self) -> None:
        """End the faults, send the crowd home, let the bot come to rest, compare everything, and stop."""
        if self.broken():
            return
        self.wire.calm()
        plans, self._plans = sorted(self._plans, key=lambda plan: plan[:2]), []
        for _, _, what in plans:
            what()
        self.crowd.gone = True
        self.until(self.now + QUIET)
        self.compare()
        entries = [records.entry(each) for each in self.venue.transactions(self.account)]
        wallet = self.venue.wallet(self.account)
        if not self.broken():
            self.judge.audit(self.now, entries, self.deposited, wallet.balance)
        if self.broken():
            return
        if self.run.engine.status(self.now).phase != "ready" and self.journal.latch is None and self._clock_is_right:
            phase = self.run.engine.status(self.now).phase
            self.breach(
                "the bot comes back", f"nothing disturbed it for {QUIET // MINUTE} minutes, and it is in {phase}"
            )
            return
        self.run.tell(e.StopRequested())
        self.run.until(self.now + MINUTE, self.broken)
        self.ended()
        if self.run.exit is not None and self.run.exit.code != 0 and self._clock_is_right:
            self.breach("a stop is clear", f"the undisturbed stop ended with {self.run.exit}")

    @property
    def _clock_is_right(self) -> bool:
        """A bot whose clock is far ahead never sees the history reach its own time."""
        return self.scenario.behind > -10 * SECOND


TOLD_AFTER_RESTART: Duration = MINUTE

SWEPT_AFTER_RESTART: Duration = 3 * MINUTE
"""How long the bot needs after a restart if a result does not count as a change of its wager. Then only the first sweep
of all open wagers shows the results that came while the bot was down. A sweep reads a page each 75 seconds."""


def bounds(scenario: Scenario) -> Bounds:
    """Return the bounds of a scenario that the judge needs."""
    venue, delays = scenario.venue, scenario.delays
    slow = venue.activation_ns + venue.history_lag_ns + 4 * (delays.request + delays.answer)
    exclusive = scenario.config.exchange.account == "exclusive"
    # On a shared account the history shows what is left of a run that crashed, once it reaches the bot's own time.
    ahead = 0 if exclusive else max(0, -scenario.behind)
    return Bounds(
        clear_within=15 * SECOND + 2 * slow + ahead,
        agree_within=30 * SECOND + 2 * slow,
        unseen=round(3 * scenario.config.guards.reconcile_s * SECOND) + MINUTE,
        commission_rounding=venue.commission_rounding,
        win_shown=venue.match_profit,
        at_placement=venue.funds == "at_placement",
        exclusive=exclusive,
    )


def lowered(config: Config, share: float) -> Config:
    """The same configuration with lower limits."""
    limits = config.limits
    return msgspec.structs.replace(
        config,
        limits=msgspec.structs.replace(
            limits,
            line=limits.line * share,
            market=limits.market * share,
            event=limits.event * share,
            tournament=limits.tournament * share,
            account=limits.account * share,
        ),
    )
