"""Hours of virtual time on a board of several sport events under every kind of fault: the referee finds no breach, and
the ledger equals the exchange to the cent."""

from __future__ import annotations

import os
from collections import Counter
from random import Random

import msgspec
import pytest

from mmbot.backtest.faults import Fate, Faults
from mmbot.backtest.link import Delays
from mmbot.backtest.memory import Memory
from mmbot.backtest.run import Run
from mmbot.config import Config
from mmbot.config.settings import ExchangeConfig, GuardsConfig, LimitsConfig, RuleConfig
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND, Instant
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings
from mmbot.simulator.judge.verdict import RefereeLimits
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.world import World, synthetic_world
from mmbot.strategy.interface import Strategy
from strategies.fair_value import FairValueMaker, FairValueParams

START = 1_800_000_000 * SECOND
SEEDS = range(int(os.environ.get("MMBOT_SOAK_SEEDS", "2")))
"""More of them: MMBOT_SOAK_SEEDS=50 pytest tests/backtest/test_soak.py"""

FAULTS = ((Fate.LOST, 0.01), (Fate.UNANSWERED, 0.01), (Fate.LIMITED, 0.01), (Fate.BROKEN, 0.01))

LIMITS = LimitsConfig(line=60, market=60, event=100, tournament=150, account=200, soft=0.4, hedge=0.7, daily_loss=5000)


def config(venue: VenueSettings) -> Config:
    return Config(
        environment="local",
        exchange=ExchangeConfig(
            base_url="http://127.0.0.1:9000/partner",
            funds="at_placement" if venue.funds == "at_placement" else "at_match",
        ),
        quoting=(RuleConfig(strategy="strategies.fair_value:FairValueMaker"),),
        limits=LIMITS,
        guards=GuardsConfig(hold_s=2.0, stop_before_start_s=60.0, matches_a_minute=1000),
    )


def strategies() -> tuple[Strategy, ...]:
    return (FairValueMaker(FairValueParams(margin=0.004, price_tolerance=0.003, size=80, inventory=60, levels=2)),)


def judged(late: bool) -> RefereeLimits:
    """The limits, with patience for a cancel_all that is lost twice. No limit could hold where placements are executed
    after they were proved absent."""
    patience = RefereeLimits(clear_within_ns=40 * SECOND, in_flight_ns=15 * SECOND)
    if late:
        return patience
    return msgspec.structs.replace(patience, line=6000, market=6000, sport_event=10000, tournament=15000, account=20000)


def board(seed: int, venue: VenueSettings, late: bool) -> World:
    settings = BoardSettings(
        sport_events=3, first_start_ns=8 * MINUTE, game_ns=2 * MINUTE, refresh_ns=4 * SECOND, taker_ns=5 * SECOND
    )
    return synthetic_world(venue, seed, START, board=settings, limits=judged(late))


def habits(rng: Random, late: bool) -> VenueSettings:
    """The behaviour of the exchange where it is unknown. A late placement may match our newer one; that is harmless on
    an exchange that rejects it."""
    return VenueSettings(
        activation_ns=rng.choice((50, 150, 2500)) * MILLISECOND,
        funds=rng.choice(("at_match", "at_match", "at_placement")),
        history_lag_ns=rng.choice((50, 50, 3000)) * MILLISECOND,
        opened_retry_ns=rng.choice((0, 300)) * MILLISECOND,
        self_match="reject" if late else rng.choice(("reject", "wipe")),
    )


class Soak:
    """A run under random faults from a seed. After a crash another run continues."""

    def __init__(self, seed: int, *, late: bool = False) -> None:
        self.rng = Random(f"soak {seed}")
        self.late = late
        """True if a placement may be executed long after its request was given up."""
        self.venue = habits(self.rng, late)
        self.world = board(seed, self.venue, late)
        self.memory = Memory()
        self.faults = True
        self.met: Counter[str] = Counter()
        self.run = self._begin(START)
        self.hedges = 0

    def _begin(self, now: Instant) -> Run:
        delays = Delays(
            request=self.rng.choice((5, 30, 200)) * MILLISECOND,
            answer=self.rng.choice((5, 30, 200)) * MILLISECOND,
            feed=self.rng.choice((5, 30, 200)) * MILLISECOND,
        )
        settings = config(self.venue)
        faults = Faults(self._interfere)
        return Run(self.world, self.world.account, settings, strategies(), now, delays, self.memory, faults=faults)

    def _interfere(self, request: r.Request, now: Instant) -> Fate:
        if self.faults:
            chance = self.rng.random()
            if self.late and isinstance(request, r.PlaceMany) and self.rng.random() < 0.02:
                self.met["late"] += 1
                return Fate.LATE
            for fate, share in FAULTS:
                chance -= share
                if chance < 0:
                    self.met[fate.value] += 1
                    return fate
        return Fate.DONE

    def suffer(self) -> None:
        """Let one random fault happen to the daemon."""
        what = self.rng.choice(("drop", "silence", "swallow", "storm", *(() if self.late else ("kill", "crash"))))
        self.met[what] += 1
        run = self.run
        if what == "drop":
            run.drop_feed()
        elif what == "silence":
            run.faults.silent = True
            self.world.referee.note_feed_lost(run.now, 30 * SECOND)
            run.until(run.now + 31 * SECOND)
            run.faults.silent = False
        elif what == "swallow":
            run.faults.silent = True  # a few messages are lost without a sign
            run.until(run.now + 2 * SECOND)
            run.faults.silent = False
        elif what == "kill":
            self._settle()
            run.tell(e.KillRequested("soak"))
            run.until(run.now + 20 * SECOND)
            self.faults, before = False, self.faults
            run.until(run.now + MINUTE)
            self.faults = before
            run.tell(e.ResumeRequested())
        elif what == "crash":
            self._settle()
            self.memory.last = run.now
            self.hedges += run.engine.status(run.now).counts.hedges
            self.world.venue.drain()
            after = run.now + self.rng.randrange(1, 60) * SECOND
            self.world.referee.note_feed_lost(run.now, 60 * SECOND)  # no daemon is running to cancel for a while
            self.world.advance(after)
            self.world.venue.drain()
            self.run = self._begin(after)
        else:
            self.faults = False
            until = run.now + 3 * SECOND
            run.faults.interfere = lambda request, now: Fate.LIMITED if now < until else Fate.DONE
            run.until(until + SECOND)
            run.faults.interfere = self._interfere
            self.faults = True

    def _settle(self) -> None:
        """Continue until no placement is in flight: one that arrives after a kill would count as a breach."""
        run = self.run
        run.faults.interfere = lambda request, now: Fate.DONE
        sent: list[Instant] = [run.now]
        while run.now - sent[-1] < SECOND:
            run.until(run.now + 50 * MILLISECOND)
            sent += [at for at, request in run.requests[-40:] if isinstance(request, r.PlaceMany) and at > sent[-1]]
        run.faults.interfere = self._interfere

    def play(self, duration: int) -> None:
        end = self.run.now + duration
        while self.run.now < end:
            self.run.until(min(end, self.run.now + self.rng.randrange(20, 200) * SECOND))
            self.suffer()

    def finish(self) -> None:
        """Stop the faults and play every sport event to its end."""
        self.faults = False
        run = self.run
        run.until(run.now + 8 * HOUR, stop=lambda: self.world.crowds[0].finished)
        run.until(run.now + 20 * MINUTE)


@pytest.mark.parametrize("seed", SEEDS)
def test_hours_of_faults_break_no_rule_and_the_ledger_equals_the_exchange(seed: int) -> None:
    judge(Soak(seed), 30 * MINUTE)


@pytest.mark.parametrize("seed", SEEDS[: max(1, len(SEEDS) // 2)])
def test_placements_that_are_executed_late_are_found_and_cancelled(seed: int) -> None:
    soak = Soak(100 + seed, late=True)
    judge(soak, 20 * MINUTE)
    assert soak.met["late"] > 5


def judge(soak: Soak, duration: int) -> None:
    soak.play(duration)
    soak.finish()
    run = soak.run
    report = soak.world.referee.report(run.now)
    status = run.engine.status(run.now)

    assert report.ok, report.broken
    assert sum(figure.matches for figure in report.matched) > 20, "nothing much happened"
    assert (status.profit.realised, status.profit.commission) == (report.profit.gross, report.profit.commission)
    assert status.counts.unknown_wagers == 0
    assert status.counts.open_wagers == report.live_wagers
    assert all(line.profit == (0, 0) for sport_event in status.sport_events for line in sport_event.lines)
    ids = [wager.external_id for wager in soak.world.venue.wagers(soak.world.account)]
    assert len(ids) == len(set(ids))

    run.tell(e.StopRequested())
    run.until(run.now + MINUTE)
    assert run.exit == o.Exit(0, "stopped")
    assert soak.world.referee.report(run.now).ok
