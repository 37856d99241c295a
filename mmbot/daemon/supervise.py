"""Watches over the parts of the daemon. A part is a task that runs as long as the daemon. If a part ends by itself, its
end is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from structlog.types import FilteringBoundLogger

from mmbot.domain.instant import SECOND, Clock, Duration, in_seconds
from mmbot.engine.events import WallStepped

STEP: Final[Duration] = SECOND // 2
"""The smallest sudden change of the wall clock, against the monotonic clock, that counts as a step. The unit is real
nanoseconds."""

LOOK_S: Final = 1.0
"""The time between two runs of a periodic check of the daemon, in real seconds."""


class Parts:
    """Tasks that must not end before ``close``.

    Args:
        died: a function that is called with the name of a part that ended by itself. The end is logged before this
            call.
    """

    def __init__(self, died: Callable[[str], None], log: FilteringBoundLogger) -> None:
        self._died: Final = died
        self._log: Final = log
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._closing = False

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Start a part."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = name
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Cancel all parts and wait until they have ended."""
        self._closing = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _ended(self, task: asyncio.Task[None]) -> None:
        name = self._tasks.pop(task)
        error = None if task.cancelled() else task.exception()
        if error is not None or not self._closing:
            self._log.error("part.died", part=name, exc_info=error)
        if not self._closing:
            self._died(name)


async def watch_wall(clock: Clock, deliver: Callable[[WallStepped], None], log: FilteringBoundLogger) -> None:
    """Tell the engine about each step (sudden change) of the machine's wall clock, until this task is cancelled."""
    known: Duration = 0
    while True:
        offset = clock.wall() - clock.now()
        if abs(offset - known) > STEP * max(1.0, clock.rate):
            log.warning("clock.stepped", seconds=in_seconds(offset - known))
            known = offset
            deliver(WallStepped(offset))
        await asyncio.sleep(LOOK_S)


async def every_second(do: Callable[[], None]) -> None:
    """Call a function every real second, until this task is cancelled."""
    while True:
        do()
        await asyncio.sleep(LOOK_S)
