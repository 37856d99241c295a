"""Joins the two kinds of interruptions of the event loop. They are pauses of the process, and strategies that took too
long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mmbot.daemon.watchdog.pulse import Pulse
from mmbot.daemon.watchdog.slow_strategy import SlowStrategies
from mmbot.engine.events import Event


class Interruptions:
    """Counts how often the event loop was interrupted (stood still). The main loop reads the number before each request
    is sent."""

    __slots__ = ("_pulse", "_slow", "_taken", "beat")

    def __init__(self, pulse: Pulse, slow: SlowStrategies) -> None:
        self._pulse: Final = pulse
        self._slow: Final = slow
        self._taken = 0  # pauses of the process that were taken
        self.beat: Final = pulse.beat

    def interrupted_at(self) -> int:
        """Return how often the event loop was interrupted (stood still) so far."""
        return self._pulse.interrupted_at() + self._slow.overruns

    def take(self) -> Sequence[Event]:
        """Return what interrupted the event loop since the previous call, as events for the engine. A pause of the
        process comes last, because it makes the engine cancel everything."""
        events: list[Event] = [*self._slow.take()]
        if self._taken != self._pulse.interrupted_at():
            self._taken = self._pulse.interruptions
            events.append(self._pulse.take())
        return events
