"""Plays a recorded market against the engine, from its first change to its settlement, and returns the results."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mmbot.backtest.link import Delays
from mmbot.backtest.measure import Presence, Quality, quality, tight_times
from mmbot.backtest.not_quoted import NotQuoted, Watcher
from mmbot.backtest.run import Run
from mmbot.config import Config
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import HOUR, MINUTE, Instant
from mmbot.domain.money import Cents, cents, show
from mmbot.domain.words import counted
from mmbot.engine.status import EngineStatus
from mmbot.simulator.crowd.tape import Tape
from mmbot.simulator.crowd.tape_crowd import MARKET, SPORT_EVENT
from mmbot.simulator.judge.verdict import RefereeLimits, RefereeReport
from mmbot.simulator.world import BALANCE, tape_world
from mmbot.strategy.interface import Strategy

WIDEST = 0.10
"""The widest recorded bid-ask spread at which quotes are wanted, in probability."""

AFTER = 2 * MINUTE
"""The virtual time from the final change of the recorded market to the end of the run. Results are paid and reported in
this time."""


class TapeResult(msgspec.Struct, frozen=True):
    """The results of one recorded market."""

    quality: Quality
    status: EngineStatus
    referee: RefereeReport
    thresholds: dict[str, int]
    """The number of times that a scope (such as a line or a market) crossed the soft or the hedge threshold. Each key
    has the form ``soft.entered``."""
    outcomes: tuple[str, str]
    """The names of the two outcomes of the market."""
    requests: int
    events: int
    not_quoted: NotQuoted

    @property
    def profit(self) -> Cents:
        """The profit after commission, as the bot calculated it."""
        return self.status.profit.realised - self.status.profit.commission

    def lines(self) -> list[str]:
        """Return the results as lines for a person."""
        referee = self.referee
        lines = [
            f"both outcomes quoted {self.quality.covered:.1%} of {self.quality.wanted / HOUR:.2f} h before the start",
            f"own width {_points(self.quality.width)} points (time-weighted median)",
        ]
        matched = {outcome.side: (outcome.matches, outcome.stake) for outcome in referee.matched}
        for side in (0, 1):
            matches, stake = matched.get(side, (0, 0))
            lines.append(f"{self.outcomes[side]}: {counted(matches, 'match', 'matches')}, {show(stake)}")
        lines += [
            counted(self.status.counts.hedges, "hedge"),
            f"profit: ours {show(self.profit)}, the exchange's {show(referee.profit.net)} "
            f"(commission {show(referee.profit.commission)})",
            f"thresholds: {_passed(self.thresholds)}",
        ]
        lines += [
            f"worst case of {_scope(figure.kind)}: at most {show(figure.greatest)}"
            + (f" of {show(figure.limit)}" if figure.limit is not None else "")
            for figure in referee.worst_case
        ]
        lines += [
            f"{counted(self.events, 'event')}, {counted(self.requests, 'request')}, "
            f"{counted(referee.placed, 'wager')} placed",
            "referee: no invariant broken" if referee.ok else f"referee: {referee.broken_count} broken",
        ]
        lines += [f"  {breach.invariant} at {breach.at}: {breach.detail}" for breach in referee.broken[:10]]
        return lines + self.not_quoted.lines()


def _scope(kind: str) -> str:
    return "the account" if kind == "account" else f"a {kind.replace('_', ' ')}"


def _points(width: float | None) -> str:
    return "–" if width is None else f"{width * 100:.2f}"


def _passed(thresholds: dict[str, int]) -> str:
    """Return a text such as ``soft entered 3 times, soft left 2 times``."""
    told = [f"{name.replace('.', ' ')} {counted(times, 'time')}" for name, times in sorted(thresholds.items())]
    return ", ".join(told) or "none passed"


def referee_limits(config: Config) -> RefereeLimits:
    """Return the limits of the settings for the referee (the part of the local exchange that checks the bot)."""
    limits = config.limits
    return RefereeLimits(
        line=cents(limits.line),
        market=cents(limits.market),
        sport_event=cents(limits.event),
        tournament=cents(limits.tournament),
        account=cents(limits.account),
    )


def play(
    tape: Tape,
    config: Config,
    strategies: Sequence[Strategy],
    start: Instant | None = None,
    balance: Cents = BALANCE,
    delays: Delays | None = None,
) -> TapeResult:
    """Play a recorded market in virtual time. The first change of the market happens at ``start``. If ``start`` is
    None, the first change happens at the recorded time."""
    start = tape.start if start is None else start
    world = tape_world(tape, start, balance, limits=referee_limits(config))
    run = Run(world, world.account, config, strategies, start, delays)
    line = LineKey(SPORT_EVENT, MARKET, 0)
    presence = Presence(line, start)
    world.venue.watch(world.account, presence)
    shift = start - tape.start
    live = next((change.at for change in tape.changes if change.in_play), tape.changes[-1].at)
    watcher = Watcher(run, line, live + shift)
    run.on_pass = watcher.passes
    run.until(tape.changes[-1].at + shift + AFTER, watcher.look)
    presence.close(run.now)
    wanted = [(first + shift, last + shift) for first, last in tight_times(tape, WIDEST)]
    return TapeResult(
        quality=quality(presence.spans, wanted),
        status=run.engine.status(run.now),
        referee=world.referee.report(run.now),
        thresholds=_thresholds(run),
        outcomes=tape.outcomes,
        requests=len(run.requests),
        events=run.events,
        not_quoted=watcher.result(),
    )


def _thresholds(run: Run) -> dict[str, int]:
    passed: dict[str, int] = {}
    at: dict[str, str | None] = {}
    for _, alert in run.alerts:
        if alert.name != "risk.threshold":
            continue
        scope = f"{alert.fields['scope']} {alert.fields['id']}"
        new = alert.fields["threshold"]
        reached = ("soft", "hedge") if new == "hedge" else ("soft",) if new == "soft" else ()
        before = at.get(scope)
        had = ("soft", "hedge") if before == "hedge" else ("soft",) if before == "soft" else ()
        for name in ("soft", "hedge"):
            if (name in reached) != (name in had):
                key = f"{name}.{'entered' if name in reached else 'left'}"
                passed[key] = passed.get(key, 0) + 1
        at[scope] = str(new) if new is not None else None
    return passed
