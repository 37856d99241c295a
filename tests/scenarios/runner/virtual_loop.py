"""An event loop in virtual time with real sockets, and the clocks that follow it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any, TypeVar

from mmbot.domain.instant import SECOND, Duration, Instant

T = TypeVar("T")

STUCK_S = 10.0
"""Real seconds after which a loop that waits for nothing is given up."""


class _Selector(selectors.DefaultSelector):
    """Lets time pass by a jump instead of a wait if no socket has anything to say."""

    passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # What is written to a loopback socket can be read at once, so that an empty answer means that nothing is
        # under way.
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            ready = super().select(STUCK_S)
            if not ready:
                raise RuntimeError("nothing is scheduled, and nothing arrives: the run would never end")
            return ready
        self.passed_s += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still while there is anything to do, and jumps otherwise.

    Work that asyncio would give to a thread is done at once, because time must not pass meanwhile.
    """

    def __init__(self) -> None:
        self._waits = _Selector()
        super().__init__(self._waits)

    def time(self) -> float:
        """Return the virtual time in seconds since the loop was made."""
        return self._waits.passed_s

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Call the function at once, and return its result or error as a future."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as bad:  # noqa: BLE001 - it belongs to whoever awaits the future
            future.set_exception(bad)
        return future


class LoopClock:
    """A clock that follows a virtual loop. It may be ahead of another clock, and run faster or slower.

    Args:
        start: the time that the clock shows when the loop is made.
        drift: seconds that the clock gains in one second; negative if it is slow.
    """

    rate = 1.0

    def __init__(self, loop: asyncio.AbstractEventLoop, start: Instant, drift: float = 0.0) -> None:
        self._loop = loop
        self._start = start
        self._drift = drift
        self._step: Duration = 0

    def now(self) -> Instant:
        """Return the present time. It never goes back."""
        return self._start + round(self._loop.time() * (1.0 + self._drift) * SECOND)

    def wall(self) -> Instant:
        """Return the present time by the wall clock, which may have been stepped."""
        return self.now() + self._step

    def step_wall(self, duration: Duration) -> None:
        """Move the wall clock alone."""
        self._step += duration

    def real_seconds(self, duration: Duration) -> float:
        """Convert a duration of this clock to seconds of the loop."""
        return duration / SECOND
