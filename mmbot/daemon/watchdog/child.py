"""Runs the watchdog as a child process of ``mmbot run --watchdog``. If the daemon is killed, the watchdog continues."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from structlog.types import FilteringBoundLogger

AGAIN_S: Final = 5.0
"""The wait before the daemon restarts a watchdog process that ended by itself, in seconds."""

END_S: Final = 5.0
"""The number of seconds that the daemon, during an orderly stop, waits for the watchdog process to end."""

_NOT_STARTED: Final = 2
_LOOK_S: Final = 0.2


async def keep_watchdog(config: Path, is_clear: Callable[[], bool], log: FilteringBoundLogger) -> None:
    """Run a watchdog for these settings until this task is cancelled. If the watchdog ends, it is started again.

    The watchdog gets a terminal session of its own, so that Ctrl-C in the terminal does not reach it. When this task is
    cancelled, ``is_clear`` is called. If it returns True, the watchdog is ended. Otherwise the watchdog continues
    without the daemon until it has proved that no wager of ours is open.
    """
    command = [sys.executable, "-m", "mmbot", "watchdog", "--with-daemon", "-c", str(config)]
    while True:
        # Not a subprocess of asyncio, which would kill it when the event loop is closed.
        child = _started(command)
        try:
            code = await _ended(child)
        except asyncio.CancelledError:
            if is_clear():
                child.terminate()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(_ended(child), END_S)
            raise
        if code == _NOT_STARTED:  # it said why: most likely another watchdog watches already
            log.warning("watchdog.not_needed", code=code)
            await asyncio.Event().wait()
        log.error("watchdog.ended", code=code, again_s=AGAIN_S)
        await asyncio.sleep(AGAIN_S)


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)


async def _ended(child: subprocess.Popen[bytes]) -> int:
    while (code := child.poll()) is None:  # noqa: ASYNC110 - a poll costs nothing, and needs no watcher of children
        await asyncio.sleep(_LOOK_S)
    return code
