"""Carries out the engine's orders to the daemon. For example, an order opens the feed, turns the kill switch on, or
writes to the journal or the log."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from structlog.types import FilteringBoundLogger

from mmbot.domain.instant import Instant
from mmbot.engine.events import BlockReserved, Control, JournalState, LatchWritten
from mmbot.engine.orders import (
    Alert,
    Connect,
    Exit,
    Order,
    ReleaseLatch,
    ReserveBlock,
    Save,
    Severity,
    WriteLatch,
)
from mmbot.store import latch
from mmbot.store.journal import Journal
from mmbot.telemetry.logs import fields
from mmbot.telemetry.metrics import Metrics

KILL_SIGNAL: Final = signal.SIGUSR1.name
"""The reason that is recorded if the operator kills by a signal. A signal carries no text of its own."""

_T = TypeVar("_T")


class Orders:
    """Carries out the engine's orders to the daemon. No call waits for the disk, because threads write to it.

    Args:
        directory: the state directory.
        connect: a function that opens the feed. Its argument is the reason.
        deliver: a function that passes events to the engine.
        died: a function that is called with the name of a part that failed.
    """

    def __init__(
        self,
        directory: Path,
        journal: Journal,
        connect: Callable[[str], None],
        deliver: Callable[[Control], None],
        died: Callable[[str], None],
        metrics: Metrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._directory: Final = directory
        self._journal: Final = journal
        self._connect: Final = connect
        self._deliver: Final = deliver
        self._died: Final = died
        self._metrics: Final = metrics
        self._log: Final = log
        self._loop: Final = asyncio.get_running_loop()
        self._disk: Final = ThreadPoolExecutor(1, "latch")  # one thread keeps writes and removals in order
        journal.start(lambda trouble: self._to_loop(self._journal_trouble, trouble))

    def carry_out(self, order: Order) -> None:
        """Carry out one order of the engine to the daemon. The order ``Exit`` is ignored here, because the main loop
        itself carries it out."""
        match order:
            case Save():
                self._journal.save(order)
            case Alert():
                self._alert(order)
            case Connect():
                self._connect(order.reason)
            case ReserveBlock():
                self._journal.reserve(order.end, lambda: self._to_loop(self._deliver, BlockReserved(order.end)))
            case WriteLatch():
                self.write_latch(order.reason, order.at)
            case ReleaseLatch():
                self._disk.submit(latch.release, self._directory).add_done_callback(
                    lambda done: self._to_loop(self._cleared, done)
                )
            case Exit():
                pass

    def write_latch(self, reason: str, at: Instant) -> Future[str]:
        """Write the kill switch to disk in a thread, and report the result to the engine."""
        writing = self._disk.submit(self._set_latch, latch.Latch(reason, at))
        writing.add_done_callback(lambda done: self._to_loop(self._written, done))
        return writing

    async def close(self, timeout_s: float = 5.0) -> None:
        """Finish the writes of the kill switch and of the journal. The kill switch and the journal may each take at
        most ``timeout_s`` seconds."""
        marker = asyncio.wrap_future(self._disk.submit(lambda: None))  # queued after every earlier write
        done, _ = await asyncio.wait({marker}, timeout=timeout_s)
        if not done:
            self._log.error("latch.slow", why="the disk was too slow")
        self._disk.shutdown(wait=False, cancel_futures=True)
        if not await asyncio.to_thread(self._journal.close, timeout_s):
            self._log.error("journal.incomplete", records=self._journal.backlog)

    def _set_latch(self, wanted: latch.Latch) -> str:
        """Write the kill switch to disk, and return the reason on disk. If ``mmbot kill`` wrote a reason before it sent
        the signal, this reason is kept. This method runs in the thread for the disk."""
        if wanted.reason == KILL_SIGNAL:
            standing = latch.read(self._directory)
            if standing is not None and standing.at:
                wanted = standing
        latch.write(self._directory, wanted)
        return wanted.reason

    def _alert(self, alert: Alert) -> None:
        self._metrics.alert(alert)
        said = fields(alert.fields)
        match alert.level:
            case Severity.INFO:
                self._log.info(alert.name, **said)
            case Severity.WARNING:
                self._log.warning(alert.name, **said)
            case Severity.ERROR:
                self._log.error(alert.name, **said)

    def _written(self, done: Future[str]) -> None:
        error = done.exception()
        if error is None:
            self._log.warning("latch.written", directory=str(self._directory), reason=done.result())
            self._deliver(LatchWritten(reason=done.result()))
        else:
            self._log.error("latch.not_written", directory=str(self._directory), why=str(error))
            self._deliver(LatchWritten(str(error) or repr(error)))

    def _cleared(self, done: Future[None]) -> None:
        error = done.exception()
        if error is None:
            self._log.warning("latch.released", directory=str(self._directory))
        else:  # the next run starts with the kill switch on: safe, but not as the engine ordered
            self._log.error("latch.not_released", directory=str(self._directory), why=str(error))

    def _journal_trouble(self, trouble: str | None) -> None:
        if self._journal.alive:
            self._deliver(JournalState(trouble))
        if trouble is None:
            self._log.warning("journal.well")
            return
        self._log.error("journal.trouble", why=trouble)
        if not self._journal.alive:
            self._died("journal")

    def _to_loop(self, call: Callable[[_T], None], value: _T) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, value)
