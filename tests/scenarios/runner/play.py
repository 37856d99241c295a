"""Plays a scenario: one exchange, the daemons that its plan starts, and the judgement at the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from driver import records

from mmbot.domain.instant import SECOND, Instant, seconds
from mmbot.domain.money import cents
from mmbot.engine.events import KillRequested, ResumeRequested, StopRequested
from mmbot.simulator.venue.records import ShownBook
from mmbot.simulator.wire.apply_faults import apply_fault, lift
from mmbot.simulator.wire.faults import Fault
from mmbot.simulator.wire.local_exchange import LocalExchange
from mmbot.simulator.wire.one_off_faults import Deposit, OneOffFault
from mmbot.simulator.wire.server import Server

from . import acts
from .bot_side import BotSide, settings
from .exchange_side import ExchangeSide
from .schema import (
    BreakEngine,
    Condition,
    Crash,
    FullDisk,
    Kill,
    Lift,
    OldBooks,
    OldJournal,
    Resume,
    Scenario,
    Start,
    Step,
    StepClock,
    Stop,
    Threads,
)
from .virtual_loop import LoopClock, VirtualLoop

START: Instant = 1_800_000_000 * SECOND
LOOKS = 400
"""How often a condition is looked at before its time is up, unless this would be more often than each 50 ms."""
STOP_S = 60.0
"""Virtual seconds within which a stop has to end."""
QUIET_S = 45.0
"""Virtual seconds without any trade after which the figures have to be equal."""


class Failed(AssertionError):
    """The bot did not do what the scenario expects of it."""


def play(scenario: Scenario, folder: Path) -> None:
    """Play a scenario in a folder that it may write to.

    Raises:
        Failed: a condition does not hold, or a rule of the judge is broken.
    """
    with acts.disk(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(_play(scenario, folder))


async def _play(scenario: Scenario, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    exchanges = LoopClock(loop, START)
    bots = LoopClock(loop, START + seconds(scenario.clock.ahead_s), scenario.clock.drift)
    exchange = ExchangeSide(scenario, exchanges, _config(scenario))
    async with Server(exchange.local) as server:
        bot = BotSide(exchange, bots, folder, server.base_url, scenario.config)
        try:
            await _Play(scenario, exchange, bot).run()
        finally:
            await bot.close()


def _config(scenario: Scenario) -> Any:
    import yaml

    from mmbot.config.reading import loads

    return loads(yaml.safe_dump(settings("http://127.0.0.1:1/partner", scenario.config)))


class _Play:
    def __init__(self, scenario: Scenario, exchange: ExchangeSide, bot: BotSide) -> None:
        self._scenario = scenario
        self._exchange = exchange
        self._bot = bot
        self._loop = asyncio.get_running_loop()
        self._since = exchange.now
        self._requests: Counter[str] = Counter()
        self._ended = False
        """The judge was told that the daemon ended."""
        self._books: list[ShownBook] = []
        """The books at the step before."""
        self._expected_exit = False
        self._checks: dict[str, Callable[[Any], bool]] = {
            "quoting": self._quotes,
            "guard": lambda name: name in self._guards(),
            "no_guard": lambda name: name not in self._guards(),
            "logged": self._logged,
            "not_logged": lambda event: not self._logged(event),
            "why": lambda text: text in bot.why(),
            "phase": lambda phase: self._has("phase", phase),
            "matches": self._matches,
            "requests": self._requested,
            "realised": self._realised,
        }

    @property
    def _local(self) -> LocalExchange:
        return self._exchange.local

    # --- the plan ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        plan = self._scenario.plan
        lives = [step.does for step in plan if isinstance(step.does, Start | Stop | Crash | BreakEngine)]
        if not lives or not isinstance(lives[0], Start):
            self._start({})
        for step in plan:
            await self._until(step.at)
            before = acts.books(self._exchange)
            await self._do(step)
            self._check_judge()
            self._books = before
        await self._finish()

    async def _until(self, at: float) -> None:
        left = at - self._loop.time()
        if left > 0:
            await asyncio.sleep(left)

    async def _do(self, step: Step) -> None:
        if step.expect is not None:
            await self._expect(step.expect, step.within, f"at {step.at:g} s")
        elif step.keep is not None:
            await self._keep(step.keep, step.lasts, f"at {step.at:g} s")
        elif step.when is not None:
            done = asyncio.Event()
            self._exchange.watch.waiting.append((step.when, lambda: self._act_now(step.does, done)))
            try:
                await asyncio.wait_for(done.wait(), STOP_S)
            except TimeoutError:
                raise self._failed(f"no request to {step.when} came within {STOP_S:g} s of {step.at:g} s") from None
        else:
            await self._act(step.does)

    def _mark(self) -> None:
        self._since = self._exchange.now
        self._requests = Counter(self._exchange.watch.requests)

    def _act_now(self, does: object, done: asyncio.Event) -> None:
        """Carry out an act while a request arrives, before the exchange processes it."""
        self._mark()
        self._at_once(does)
        done.set()

    async def _act(self, does: object) -> None:
        if not isinstance(does, Threads):
            self._mark()
        match does:
            case Start(config=changes):
                self._start(changes)
            case Crash():
                self._exchange.judge.died(self._exchange.now)
                await self._bot.crash()
            case _ if isinstance(does, Fault | OneOffFault):
                await apply_fault(self._local, does)
                if isinstance(does, Deposit):
                    self._exchange.deposited += cents(does.amount)
            case _:
                self._at_once(does)
        self._local.wake()

    def _start(self, changes: dict[str, Any]) -> None:
        config = self._bot.start(changes)
        self._ended = False
        self._exchange.judge.started(self._exchange.now, records.limits(config.limits))

    def _at_once(self, does: object) -> None:
        exchange, bot = self._exchange, self._bot
        match does:
            case Stop():
                exchange.watch.note_latched(exchange.now, "stop")
                bot.deliver(StopRequested())
            case Kill():
                exchange.watch.note_latched(exchange.now, "kill")
                bot.deliver(KillRequested("the scenario"))
            case Resume():
                exchange.watch.note_resumed(exchange.now)
                bot.deliver(ResumeRequested())
            case BreakEngine():
                exchange.watch.note_latched(exchange.now, "a fault of the engine")
                bot.deliver(object())  # type: ignore[arg-type]
            case Lift():
                self._check_faults()
                lift(self._local)
            case OldBooks():
                acts.old_books(exchange, self._books)
            case _ if type(does) in acts.ON_EXCHANGE:
                acts.ON_EXCHANGE[type(does)](exchange, does)
            case StepClock():
                bot.clock.step_wall(round(does.seconds * SECOND))
            case FullDisk():
                acts.full_disk(does.on)
            case OldJournal():
                acts.old_journal(bot)
            case Threads():
                acts.threads(does)
            case _:
                raise TypeError(f"{type(does).__name__} cannot happen as a request arrives")

    # --- conditions -------------------------------------------------------------------------------------------------

    async def _expect(self, condition: Condition, within: float, where: str) -> None:
        until, pause = self._loop.time() + within, max(0.05, within / LOOKS)
        while (missing := self._missing(condition)) is not None:
            if self._loop.time() >= until:
                raise self._failed(f"{where}: not within {within:g} s: {self._shown(condition, missing)}")
            await asyncio.sleep(pause)

    async def _keep(self, condition: Condition, lasts: float, where: str) -> None:
        until, pause = self._loop.time() + lasts, max(0.05, lasts / LOOKS)
        while self._loop.time() < until:
            missing = self._missing(condition)
            if missing is not None:
                shown = self._shown(condition, missing)
                raise self._failed(f"{where}: {shown}, at {self._loop.time():.2f} s")
            await asyncio.sleep(pause)

    def _missing(self, condition: Condition) -> str | None:
        """Return the name of a field that does not hold, or None. The judge and the exit of the daemon are looked at,
        too."""
        self._note_end()
        self._check_judge()
        if condition.exit is not None:
            self._expected_exit = True
            if self._bot.exit != condition.exit:
                return "exit"
        elif not self._bot.running and not self._expected_exit:
            return "running"
        for name, holds in self._checks.items():
            wanted = getattr(condition, name)
            if wanted is not None and not holds(wanted):
                return name
        return None

    def _shown(self, condition: Condition, missing: str) -> str:
        """Describe a field that does not hold."""
        if missing in ("exit", "running"):
            return f"the daemon ended with {self._bot.exit}, not with {condition.exit}"
        status = self._bot.status()
        there = {
            "guard": lambda: self._guards(),
            "no_guard": lambda: self._guards(),
            "requests": lambda: dict(self._exchange.watch.requests - self._requests),
            "realised": lambda: status and status.profit,
            "matches": lambda: status and status.counts,
            "phase": lambda: status and status.phase,
            "logged": self._events,
            "not_logged": self._events,
        }.get(missing, self._bot.why)()
        return f"{missing}: {getattr(condition, missing)}; there is {there}"

    def _guards(self) -> list[str]:
        status = self._bot.status()
        return [] if status is None else [guard.guard for guard in status.guards]

    def _has(self, name: str, value: object) -> bool:
        status = self._bot.status()
        return status is not None and getattr(status, name) == value

    def _matches(self, least: int) -> bool:
        status = self._bot.status()
        return status is not None and status.counts.matches >= least

    def _quotes(self, wanted: bool | str) -> bool:
        live = self._exchange.live()
        if wanted is False or not live:
            return wanted is False and not live
        status = self._bot.status()
        if status is None or not status.quoting or wanted == "some":
            return status is not None and status.quoting
        there = {(wager.place.line, wager.side) for wager in live}
        lines = [line for event in status.sport_events for line in event.lines]
        return all(
            (f"{line.sport_event}/{line.market}/{line.number}", side) in there for line in lines for side in (0, 1)
        )

    def _logged(self, event: str | dict[str, Any]) -> bool:
        fields = {"event": event} if isinstance(event, str) else event
        return any(fields.items() <= line.items() for line in self._bot.said(self._since))

    def _events(self) -> list[str]:
        return list(dict.fromkeys(str(line["event"]) for line in self._bot.said(self._since)))

    def _requested(self, least: dict[str, int]) -> bool:
        came = self._exchange.watch.requests - self._requests
        return all(came[endpoint] >= count for endpoint, count in least.items())

    def _realised(self, dollars: float) -> bool:
        status = self._bot.status()
        return status is not None and status.profit.realised == round(dollars * 100)

    # --- the judgement ----------------------------------------------------------------------------------------------

    def _note_end(self) -> None:
        """Tell the judge that the daemon ended."""
        if not self._bot.running and self._bot.exit is not None and not self._ended:
            self._ended = True
            if self._bot.exit == 0:
                self._exchange.judge.claimed_clear(self._exchange.now)
            self._exchange.judge.died(self._exchange.now)

    def _check_judge(self) -> None:
        judge = self._exchange.judge
        judge.look(self._exchange.now)
        if judge.breaches:
            at, rule, detail = judge.breaches[0]
            raise self._failed(f"the rule {rule!r} was broken at {(at - START) / SECOND:.2f} s: {detail}")

    def _check_faults(self) -> None:
        """A fault for a number of requests or messages that never came has shown nothing."""
        for fault in self._exchange.faults():
            if getattr(fault, "times", None) is not None:
                raise self._failed(f"the fault was not met as often as planned: {fault}")

    async def _finish(self) -> None:
        """End the faults, let things come to rest, compare the figures, stop the daemon, and look for leftovers."""
        exchange, judge = self._exchange, self._exchange.judge
        self._check_faults()
        if not self._expected_exit or self._bot.running:
            lift(self._local)
            acts.full_disk(False)
            if self._scenario.compare:
                exchange.crowd.gone = True
                await self._expect(Condition(phase="ready"), STOP_S, "at the end")
                await asyncio.sleep(QUIET_S)
                status = self._bot.status()
                assert status is not None
                judge.compare(exchange.now, records.claim(status, exchange.venue.home))
                entries = [records.entry(each) for each in exchange.venue.transactions(exchange.account)]
                wallet = exchange.venue.wallet(exchange.account)
                judge.audit(exchange.now, entries, exchange.deposited, wallet.balance)
                self._check_judge()
            await self._act(Stop())
            await self._expect(Condition(exit=self._scenario.ends), STOP_S, "at the end")
        self._note_end()
        self._check_judge()
        if self._bot.exit != self._scenario.ends:
            raise self._failed(f"the daemon ended with {self._bot.exit}, not with {self._scenario.ends}")
        if exchange.live():
            raise self._failed(f"open after the end: {[wager.external_id for wager in exchange.live()]}")
        for line in self._bot.said(START):
            if "exception" in line and not self._scenario.raises:
                raise self._failed(f"the log has an exception: {line}")

    def _failed(self, why: str) -> Failed:
        lines = [str(line) for line in self._bot.said(0) if line["event"] not in ("wager.opened", "wager.repriced")]
        return Failed(f"{self._scenario.name}: {why}\n" + "\n".join(lines[-40:]))
