"""Runs the daemon once, from the lock to the exit code (docs/design.md, *Order of life*).

The exit code is 0 if the daemon stopped and the account was proved clear (no wager of ours is open). It is 1 if the
account was proved clear but a part of the daemon had failed. It is 2 if the daemon could not start and therefore placed
nothing. It is 3 if the daemon stopped and the account was not proved clear.
"""

# long: the steps of a run stand in the order in which they happen, from the lock to the exit code.

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets as randomness
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final, TextIO

from structlog.types import FilteringBoundLogger

from mmbot import __version__
from mmbot.config import Config
from mmbot.daemon.clear_account import clear_after_fault, emergency_limit
from mmbot.daemon.event_log.recorder import Recording
from mmbot.daemon.failed_start import clear_after
from mmbot.daemon.http import Door
from mmbot.daemon.local_keys import local_keys
from mmbot.daemon.loop import Driven, Engine, Pump
from mmbot.daemon.orders import Orders
from mmbot.daemon.prices import watch
from mmbot.daemon.signals import Signals
from mmbot.daemon.supervise import Parts, every_second, watch_wall
from mmbot.daemon.trouble import LOOK, RESUME, Troubles, hint_at_end, with_trouble
from mmbot.daemon.watchdog.child import keep_watchdog
from mmbot.daemon.watchdog.pulse import Pulse, open_pulse
from mmbot.daemon.watchdog.slow_strategy import SlowStrategies
from mmbot.daemon.watchdog.vital import Interruptions
from mmbot.daemon.wire import OpenWire, Surroundings, Wire, clock_for
from mmbot.domain import COMPILED
from mmbot.domain.instant import DAY, Clock, Instant, in_seconds, iso
from mmbot.engine.exports import GUARDS
from mmbot.engine.orders import FAULT, NOT_CLEAR, NOT_STARTED, STOPPED, Exit, Seed
from mmbot.engine.status import EngineStatus
from mmbot.exchange.credentials import Credentials, CredentialsError, credentials_from
from mmbot.store import latch
from mmbot.store.event_log import EventLogError
from mmbot.store.event_log_writer import EventLogPlace
from mmbot.store.heartbeat import read_heartbeat, unclean_end
from mmbot.store.journal import Journal
from mmbot.store.state_dir import StateDir, StateDirError
from mmbot.strategy.interface import Strategy
from mmbot.telemetry.logs import Forwarding, LineWriter, Secrets, logger
from mmbot.telemetry.metrics import Metrics

_SALT: Final = 5  # random letters in a run id
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


MakeEngine = Callable[[Config, Seed, Sequence[Strategy], Instant], Engine]


async def run(
    config: Config,
    strategies: Sequence[Strategy],
    directory: Path,
    open_wire: OpenWire,
    make_engine: MakeEngine,
    *,
    environ: Mapping[str, str] = os.environ,
    out: TextIO | None = None,
    watchdog: Path | None = None,
    event_log: EventLogPlace | None = None,
) -> int:
    """Run the daemon until it is stopped.

    Args:
        config: the settings.
        strategies: the strategy of each quoting rule, in the order of the rules.
        directory: the state directory.
        open_wire: a function that opens the connection to the exchange, without sending anything.
        make_engine: a function that creates the engine.
        environ: the environment variables, which have the keys.
        out: the output of the log. By default it is standard error.
        watchdog: the settings file for a watchdog process that runs as long as the daemon. None if no watchdog is
            started.
        event_log: where the calls of the engine are recorded. None if nothing is recorded.

    Returns:
        the exit code, as listed at the top of this module.
    """
    clock = clock_for(config.exchange.clock)
    lines = LineWriter(sys.stderr if out is None else out)
    hidden = Secrets()
    telemetry = config.telemetry
    log = logger(lines, hidden, level=telemetry.log_level, style=telemetry.log_format, now=clock.now)
    forwarding = Forwarding(log)
    logging.getLogger().addHandler(forwarding)
    try:
        return await _Life(config, directory, clock, lines, hidden, log, watchdog).live(
            strategies, open_wire, make_engine, environ, event_log
        )
    except (StateDirError, CredentialsError, EventLogError) as bad:
        log.error("start.failed", why=str(bad))
        return NOT_STARTED
    finally:
        logging.getLogger().removeHandler(forwarding)
        lines.close()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the garbage collector until ``_resume_collector``. It would slow the load of a journal with tens of
    thousands of wagers."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _resume_collector() -> None:
    """Let the garbage collector work again. It no longer looks at the objects of the start, because they live until the
    end."""
    gc.collect()
    gc.freeze()
    gc.enable()


class _Life:
    """One run of the daemon, with the parts that it needs."""

    def __init__(
        self,
        config: Config,
        directory: Path,
        clock: Clock,
        lines: LineWriter,
        hidden: Secrets,
        log: FilteringBoundLogger,
        watchdog: Path | None,
    ) -> None:
        self._watchdog: Final = watchdog
        self._config: Final = config
        self._directory: Final = directory
        self._clock: Final = clock
        self._lines: Final = lines
        self._hidden: Final = hidden
        self._log: Final = log
        self._metrics: Final = Metrics([guard.name for guard in GUARDS])
        self._troubles: Final = Troubles()
        self._run_id = ""
        self._hurry: Final = asyncio.Event()

    async def live(
        self,
        strategies: Sequence[Strategy],
        open_wire: OpenWire,
        make_engine: MakeEngine,
        environ: Mapping[str, str],
        event_log: EventLogPlace | None,
    ) -> int:
        """Take the lock, run the bot until it stops, and return the exit code."""
        async with AsyncExitStack() as stack:
            state = stack.enter_context(self._state_dir())
            # Signals are caught from here on. ``orders`` is created later, because it needs the journal and the feed.
            pump = Pump(
                self._clock, lambda order: orders.carry_out(order), self._metrics, self._log, self._troubles.answered
            )
            stack.enter_context(Signals(pump, self._log, self._hurry).installed())
            self._log_last_end()
            latched = latch.read(self._directory)
            credentials = credentials_from(environ, local_keys(self._config.environment))
            for secret in credentials:
                self._hidden.add(secret)
            recording = Recording(event_log, self._config.journal, self._hidden, self._log)
            stack.callback(recording.close)
            wire = await open_wire(self._surroundings(credentials, pump))
            stack.push_async_callback(wire.close)
            try:
                journal = Journal(self._directory, min_free=self._config.journal.min_free_mb << 20)
                stack.callback(journal.close)
                stack.enter_context(_collector_paused())
                seed = self._seed(journal, latched)
                orders = Orders(
                    self._directory, journal, wire.connect, pump.deliver, pump.part_died, self._metrics, self._log
                )
                stack.push_async_callback(orders.close)
                slow = self._slow_strategies(wire, seed)
                stack.callback(slow.close)
                started_at = self._clock.now()
                engine = make_engine(self._config, seed, slow.watched(strategies), started_at)
                driven = recording.of(engine, self._config, seed, started_at)
                del seed  # the engine has all of it, and it takes more memory than the engine does
                door = self._door(pump, engine, journal)
                url = await door.open(self._config.telemetry.host, self._config.telemetry.port)
            except Exception as bad:  # noqa: BLE001 - whatever it is, wagers of an earlier run may be open
                limit = emergency_limit(self._config, self._clock)
                await clear_after(bad, wire.client, self._clock, self._config, self._directory, limit, self._log)
                return NOT_STARTED
            stack.push_async_callback(door.close)
            stack.push_async_callback(door.last_scrape, self._config.telemetry.last_scrape_s, self._hurry)
            state.publish(url)
            self._log_start(url, latched)
            pulse = stack.enter_context(open_pulse(self._directory, self._config.watchdog.silence_s, self._log))
            pump.vital = Interruptions(pulse, slow)
            slow.start()
            parts = self._parts(pump, wire, journal, engine)
            stack.push_async_callback(parts.close)
            _resume_collector()
            code = await self._drive(pump, driven, engine, wire, orders, pulse)
            if code == STOPPED:
                self._metrics.stopped_clear()
            return code

    def _state_dir(self) -> StateDir:
        state = StateDir(self._directory)
        if state.exposed:
            self._log.warning("state_dir.exposed", state_dir=str(self._directory), hint="chmod 700 and chown it")
        return state

    def _surroundings(self, credentials: Credentials, pump: Pump) -> Surroundings:
        return Surroundings(
            self._config,
            credentials,
            self._clock,
            self._directory,
            pump.deliver,
            lambda: pump.waiting,
            self._log,
            self._metrics,
            self._hidden,
            self._troubles,
            interrupted_at=lambda: pump.vital.interrupted_at(),
        )

    def _slow_strategies(self, wire: Wire, seed: Seed) -> SlowStrategies:
        runs = frozenset((*seed.runs, seed.run_id))
        ours = None if self._config.exchange.account == "exclusive" else lambda own: own.partition("-")[0] in runs
        return SlowStrategies(self._config.watchdog.strategy_s, wire.another_client, self._clock, ours, self._log)

    def _door(self, pump: Pump, engine: Engine, journal: Journal) -> Door:
        """Create the HTTP server, and connect the metrics to their sources."""

        def head() -> EngineStatus:
            return engine.status(self._clock.now(), sport_events=False)

        self._metrics.observe(
            head,
            backlog=lambda: journal.backlog,
            dropped=lambda: self._lines.dropped,
            differences=lambda: engine.differences,
            taken_or_pulled=lambda: engine.taken_or_pulled,
            audited=lambda: engine.audited,
            journal_size=lambda: journal.size,
            tasks=lambda: len(asyncio.all_tasks()),
        )
        return Door(
            pump,
            lambda: with_trouble(engine.status(self._clock.now()), self._config, self._troubles),
            self._metrics,
            self._clock,
            self._config.prices.http,
            head,
            (self._config.telemetry.host, *self._config.telemetry.hosts),
            engine.price_doubt,
        )

    def _log_last_end(self) -> None:
        """If the previous run did not end in order, write this into the log."""
        if (unclean := unclean_end(read_heartbeat(self._directory))) is not None:
            self._log.warning("start.after_unclean_end", why=unclean, hint="its wagers are cancelled first")

    def _log_start(self, url: str, latched: latch.Latch | None) -> None:
        self._log.info(
            "daemon.started",
            version=__version__,
            compiled=COMPILED,
            environment=self._config.environment,
            exchange=self._config.exchange.base_url,
            state_dir=str(self._directory),
            http=url,
            pid=os.getpid(),
            run=self._run_id,
            latched=latched.reason if latched else None,
            now=iso(self._clock.now()),
            rate=self._clock.rate,
        )

    def _seed(self, journal: Journal, latched: latch.Latch | None) -> Seed:
        now = self._clock.now()
        kept = journal.load(now)
        runs = journal.run_ids()
        this_run = journal.begin(
            now,
            "".join(randomness.choice(_LETTERS) for _ in range(_SALT)),
            [rule.strategy for rule in self._config.quoting],
            self._config.journal.keep_days * DAY,
        )
        self._run_id = this_run.run_id
        return Seed(
            run_id=this_run.run_id,
            next_sequence=this_run.next_sequence,
            end_sequence=this_run.end_sequence,
            latched=None if latched is None else latched.reason,
            wagers=kept.wagers,
            day=kept.day,
            settlements=kept.settlements,
            since=kept.since,
            known_to=kept.known_to,
            compared_to=kept.compared_to,
            runs=runs,
        )

    def _parts(self, pump: Pump, wire: Wire, journal: Journal, engine: Engine) -> Parts:
        def died(name: str) -> None:
            self._metrics.part_died()
            pump.part_died(name)

        known = 0

        def remember() -> None:
            nonlocal known
            if pump.heard_at > known:
                known = pump.heard_at
                journal.touch(known, engine.ready)

        parts = Parts(died, self._log)
        for name, work in wire.parts().items():
            parts.start(name, work)
        parts.start("wall clock", watch_wall(self._clock, pump.deliver, self._log))
        parts.start("journal's instant", every_second(remember))
        if self._watchdog is not None:

            def is_clear() -> bool:
                return engine.status(self._clock.now(), sport_events=False).clear

            parts.start("watchdog", keep_watchdog(self._watchdog, is_clear, self._log))
        prices = self._config.prices
        if prices.file is not None:
            note = self._troubles.price_file
            parts.start("prices", watch(Path(prices.file), prices.poll_s, self._clock, pump.deliver, self._log, note))
        return parts

    async def _drive(self, pump: Pump, driven: Driven, engine: Engine, wire: Wire, orders: Orders, pulse: Pulse) -> int:
        """Run the engine until it ends. If the engine fails, cancel everything without the engine."""
        started = time.monotonic()
        pulse.begin(self._run_id)  # from here on, a watchdog acts if the pump stands still
        pumping = asyncio.get_running_loop().create_task(pump.run(driven, wire.client), name="pump")
        await asyncio.wait({pumping})
        error = pumping.exception()
        if error is not None:
            self._log.error("engine.raised", over=repr(pump.handling), exc_info=error)
            return await self._emergency(pump, wire, orders, pulse, f"the engine failed: {type(error).__name__}")
        end: Exit = pumping.result()
        if engine.status(self._clock.now(), sport_events=False).clear:
            pulse.end()
        given_up = await pump.finish(self._config.exchange.change_timeout_s + 1.0)
        code = FAULT if end.code == STOPPED and pump.fault else end.code
        say = self._log.info if code == STOPPED else self._log.error
        hint = hint_at_end(end.reason, code, self._config.environment, self._directory)
        last = engine.status(self._clock.now())
        say(
            "daemon.stopped",
            code=code,
            reason=end.reason,
            clear=last.clear,
            matches=last.counts.matches,
            matched_cents=last.counts.matched_stake,
            gross_cents=last.profit.realised,
            commission_cents=last.profit.commission,
            marked_cents=last.profit.marked,
            fault=pump.fault,
            unanswered=[type(request).__name__ for request in given_up],
            lived_s=round(time.monotonic() - started, 3),
            **hint,
        )
        return code

    async def _emergency(self, pump: Pump, wire: Wire, orders: Orders, pulse: Pulse, reason: str) -> int:
        """Turn the kill switch on, so that a restart does not quote. Then cancel everything without the engine."""
        orders.write_latch(reason, self._clock.now())
        clear = await clear_after_fault(
            wire.client,
            self._clock,
            self._config,
            self._run_id,
            lambda: pump.finish(self._config.exchange.change_timeout_s + 1.0),
        )
        if clear.proved:
            pulse.end()
        self._log.error(
            "daemon.stopped",
            code=NOT_CLEAR,
            reason=reason,
            clear=clear.proved,
            open_wagers=clear.open_wagers,
            trouble=clear.trouble,
            hint=RESUME if clear.proved else LOOK,
            seconds=in_seconds(clear.took),
        )
        return NOT_CLEAR
