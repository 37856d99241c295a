"""Turns signals of the operating system into events for the engine."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from structlog.types import FilteringBoundLogger

from mmbot.daemon.loop import Pump
from mmbot.engine.events import KillRequested, StopRequested


class Signals:
    """Turns signals of the operating system into events for the engine. A second stop signal sets ``hurry``, which
    shortens the stop. The daemon then no longer waits for the proof that no wager of ours is open."""

    def __init__(self, pump: Pump, log: FilteringBoundLogger, hurry: asyncio.Event) -> None:
        self._pump: Final = pump
        self._log: Final = log
        self._hurry: Final = hurry
        self._stops = 0

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Catch the signals inside the ``with`` block."""
        loop = asyncio.get_running_loop()
        handlers = {
            signal.SIGTERM: self._stop,
            signal.SIGINT: self._stop,
            signal.SIGHUP: self._stop,  # the terminal was closed: cancel the wagers too
            signal.SIGUSR1: self._kill,
        }
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler, number)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    def _stop(self, number: signal.Signals) -> None:
        self._stops += 1
        self._log.warning("stop.asked", signal=number.name, hurry=self._stops > 1)
        self._pump.deliver(StopRequested(hurry=self._stops > 1))
        if self._stops > 1:
            self._hurry.set()

    def _kill(self, number: signal.Signals) -> None:
        self._log.warning("kill.asked", signal=number.name)
        self._pump.deliver(KillRequested(number.name))  # the kill switch on disk may hold a better reason
