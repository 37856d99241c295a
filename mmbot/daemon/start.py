"""Starts the daemon with the real engine and the real exchange. It can also cancel everything without a daemon."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from mmbot.config import Config
from mmbot.daemon import run as life
from mmbot.daemon.clear_account import AccountClearer, Guarded, emergency_limit, ours_of
from mmbot.daemon.local_keys import local_keys
from mmbot.daemon.loop import Engine
from mmbot.daemon.operate import WAIT_S, Say
from mmbot.daemon.trouble import Troubles, address_of
from mmbot.daemon.wire import OpenWire, Surroundings, clock_for
from mmbot.domain.instant import DAY, SECOND, Instant, in_seconds, iso, seconds
from mmbot.domain.words import counted
from mmbot.engine.orders import NOT_CLEAR, NOT_STARTED, STOPPED, Seed
from mmbot.exchange.credentials import CredentialsError, check_keys, credentials_from
from mmbot.store.event_log_writer import EventLogPlace
from mmbot.store.heartbeat import read_heartbeat
from mmbot.store.journal import JournalError
from mmbot.store.state_dir import StateDir, StateDirError
from mmbot.strategy.interface import Strategy
from mmbot.telemetry.logs import LineWriter, Secrets, logger
from mmbot.telemetry.metrics import Metrics

GRACE_S: Final = 2.0
"""The time for which a ``kill`` continues after its time limit if a request is still without an answer, in seconds."""


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return a function that makes an event loop. The event loop is uvloop's if uvloop is installed, and asyncio's
    otherwise."""
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


def start(
    config: Config,
    strategies: Sequence[Strategy],
    directory: Path,
    watchdog: Path | None = None,
    event_log: EventLogPlace | None = None,
) -> int:
    """Run the daemon until it is stopped. Returns the exit code.

    Args:
        watchdog: the settings file for a watchdog process. None if no watchdog is started.
        event_log: the place where the calls of the engine are recorded. None if nothing is recorded.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(
            life.run(config, strategies, directory, open_wire(), _engine, watchdog=watchdog, event_log=event_log)
        )


def clear_unattended(config: Config, directory: Path, say: Say) -> None:
    """Cancel the wagers of a run that did not end in order, because the next run cannot start. Nothing is done if a
    daemon runs, or if the previous run left no open wagers."""
    heartbeat = read_heartbeat(directory)
    if heartbeat is None or not heartbeat.needs_clearing:
        return
    try:
        with StateDir(directory):
            say("the last run did not end in order: logging in and cancelling everything")
            kill_alone(config, directory, say, urgent=False)
    except StateDirError:
        return


def kill_alone(config: Config, directory: Path, say: Say, wait_s: float | None = None, urgent: bool = True) -> int:
    """Log in and cancel everything without a daemon. ``wait_s`` is the time limit in real seconds, as for
    ``clear_alone``.

    Returns 0 if the account is proved clear, and 3 if it is not. Returns 2 if the keys or the journal cannot be read.
    """
    clock = clock_for(config.exchange.clock)
    hidden = Secrets()
    lines = LineWriter(sys.stderr)
    telemetry = config.telemetry
    log = logger(lines, hidden, level=telemetry.log_level, style=telemetry.log_format, now=clock.now)
    try:
        credentials = credentials_from(os.environ, local_keys(config.environment))
        hidden.add(credentials.access_key)
        hidden.add(credentials.secret_key)
        ours = ours_of(config.exchange.account, directory)
        around = Surroundings(
            config, credentials, clock, directory, lambda _: None, lambda: 0, log, Metrics(), hidden, Troubles(), urgent
        )
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(clear_alone(around, open_wire(), ours, say, wait_s))
    except (CredentialsError, JournalError) as bad:
        say(f"NOTHING WAS CANCELLED: {bad}")
        return NOT_STARTED
    finally:
        lines.close()


async def clear_alone(
    surroundings: Surroundings,
    open_wire: OpenWire,
    ours: Callable[[str], bool] | None,
    say: Say,
    wait_s: float | None = None,
) -> int:
    """Log in, cancel everything and report the result. Returns 0 if the account is proved clear, and 3 if it is not.

    Args:
        surroundings: the settings, the clock, the directory and the keys, as for a daemon.
        open_wire: a function that opens the connection to the exchange.
        ours: for a shared account, a function that returns True if an ``external_id`` is one of ours. For an exclusive
            account, ``ours`` is None.
        say: a function that shows a line to the operator.
        wait_s: the time limit in real seconds, including the log-in. If a request is under way when the time is up, its
            answer is awaited for two more seconds. If ``wait_s`` is None, the limit is ``stop.deadline_s``, but at
            least 30 s. If the exchange does not answer at once, the wait between two log-ins is added to this limit.
    """
    config, clock = surroundings.config, surroundings.clock
    wire = await open_wire(surroundings)
    try:
        clearer = AccountClearer(Guarded(wire.client), clock, ours, say=say)
        real = clock.rate * SECOND
        if wait_s is None:
            limit = max(emergency_limit(config, clock), round(WAIT_S * real))
            clear = await clearer.run(limit, seconds(config.exchange.login_cooldown_s))
        else:
            limit = round(min(in_seconds(DAY), wait_s) * real)
            clear = await clearer.run(limit, patience=1, grace=round(GRACE_S * real))
    finally:
        await wire.close()
    if clear.proved:
        say(f"clear, proved after {in_seconds(clear.took):.1f} s and {counted(clear.cancels, 'cancel')}")
        return STOPPED
    trouble = clear.trouble or ""
    hint = f"; {check_keys(config.environment)}" if clear.keys_rejected else ""
    if clear.nothing:
        later = f"the next log-in is allowed at {iso(clear.retry_at)[11:19]}Z, " if clear.retry_at is not None else ""
        hint += f"; {later}another mmbot kill may log in at once"
    head = "NOTHING WAS CANCELLED" if clear.nothing else "NOT proved clear"
    at = f"{head} at {address_of(config)} in {in_seconds(clear.took):.1f} s"
    say(f"{at}; last problem: {trouble}{hint}")
    return NOT_CLEAR


def _engine(config: Config, seed: Seed, strategies: Sequence[Strategy], now: Instant) -> Engine:
    from mmbot.engine.engine import Engine as Core

    return Core(config, seed, strategies, now)


def open_wire() -> OpenWire:
    """Return the function that opens the connection to the exchange. The libraries of the connection are loaded only by
    this call."""
    from mmbot.daemon import wiring

    return wiring.open_wire
