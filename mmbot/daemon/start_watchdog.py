"""Starts ``mmbot watchdog`` with its lock, its keys, its session, and its log."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from structlog.types import FilteringBoundLogger

from mmbot import __version__
from mmbot.config import Config
from mmbot.daemon.local_keys import local_keys
from mmbot.daemon.start import loop_factory, open_wire
from mmbot.daemon.supervise import Parts
from mmbot.daemon.trouble import Troubles
from mmbot.daemon.watchdog.process import Watchdog, stopped_by_signals
from mmbot.daemon.wire import OpenWire, Surroundings, clock_for
from mmbot.engine.orders import NOT_STARTED, STOPPED
from mmbot.exchange.credentials import CredentialsError, credentials_from
from mmbot.store.state_dir import StateDirError
from mmbot.telemetry.logs import LineWriter, Secrets, logger
from mmbot.telemetry.metrics import Metrics

WATCHDOG_LOCK_FILE: Final = "watchdog.lock"
WATCHDOG_TOKEN_FILE: Final = "watchdog-session.json"
"""The name of the file in the state directory that keeps the watchdog's own refresh token."""


def watch(config: Config, directory: Path, with_daemon: bool) -> int:
    """Watch the daemon of a state directory until SIGTERM or SIGINT. Returns 0, or 2 if the watchdog could not start.

    Args:
        with_daemon: True if the watchdog also ends when no daemon runs and no daemon has left open wagers.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(run_watchdog(config, directory, open_wire(), with_daemon=with_daemon))


async def run_watchdog(
    config: Config,
    directory: Path,
    open_wire: OpenWire,
    *,
    with_daemon: bool = False,
    environ: Mapping[str, str] = os.environ,
    out: TextIO | None = None,
    started: Callable[[Watchdog], None] = lambda _: None,
) -> int:
    """Run the watchdog until it is stopped. Returns the exit code, as ``watch`` does. The function ``started`` is
    called with the watchdog when the watchdog runs."""
    lines = LineWriter(sys.stderr if out is None else out)
    hidden = Secrets()
    telemetry = config.telemetry
    clock = clock_for(config.exchange.clock)
    log = logger(lines, hidden, level=telemetry.log_level, style=telemetry.log_format, now=clock.now)
    try:
        with _lock(directory):
            credentials = credentials_from(environ, local_keys(config.environment))
            for secret in credentials:
                hidden.add(secret)
            around = Surroundings(
                config,
                credentials,
                clock,
                directory,
                lambda _: None,
                lambda: 0,
                log,
                Metrics(),
                hidden,
                Troubles(),
                token_file=WATCHDOG_TOKEN_FILE,
            )
            return await _watch(around, open_wire, with_daemon, started)
    except (StateDirError, CredentialsError) as bad:
        log.error("watchdog.not_started", why=str(bad))
        return NOT_STARTED
    finally:
        lines.close()


async def _watch(
    around: Surroundings, open_wire: OpenWire, with_daemon: bool, started: Callable[[Watchdog], None]
) -> int:
    config, log = around.config, around.log
    wire = await open_wire(around)
    parts = Parts(lambda name: log.error("watchdog.part_died", part=name), log)
    try:
        watchdog = Watchdog(
            around.directory,
            wire.client,
            around.clock,
            config.exchange.account,
            config.watchdog.silence_s,
            log,
            with_daemon=with_daemon,
        )
        for name, work in wire.parts().items():
            parts.start(name, work)
        _log_start(log, around)
        async with stopped_by_signals(watchdog):
            started(watchdog)
            ended = await watchdog.run()
        log.info("watchdog.stopped", why=ended.value)
        return STOPPED
    finally:
        await parts.close()
        await wire.close()


def _log_start(log: FilteringBoundLogger, around: Surroundings) -> None:
    log.info(
        "watchdog.started",
        version=__version__,
        environment=around.config.environment,
        exchange=around.config.exchange.base_url,
        state_dir=str(around.directory),
        silence_s=around.config.watchdog.silence_s,
        pid=os.getpid(),
    )


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Make sure that only one watchdog watches a state directory. A missing directory is created.

    Raises:
        StateDirError: if another watchdog watches the directory, or if the directory cannot be used.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(directory / WATCHDOG_LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as bad:
        raise StateDirError(f"the state directory {directory} cannot be used: {bad.strerror}") from bad
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as bad:
            raise StateDirError(f"another watchdog watches {directory} already") from bad
        except OSError as bad:
            raise StateDirError(f"the state directory {directory} cannot be locked: {bad.strerror}") from bad
        yield
    finally:
        os.close(fd)
