"""Records the calls that may change the engine, in an event log.

Recording does not delay the engine's requests. The main loop sends the requests first, and the records are encoded
afterwards. A thread compresses and writes the records.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from structlog.types import FilteringBoundLogger

from mmbot import __version__
from mmbot.config import Config, JournalConfig
from mmbot.daemon.loop import Driven
from mmbot.domain import COMPILED
from mmbot.domain.instant import SECOND, Instant
from mmbot.engine.events import Event
from mmbot.engine.orders import Order, Seed
from mmbot.engine.requests import Request
from mmbot.store.event_log import LENGTH, header_of
from mmbot.store.event_log_writer import LEAST_FREE, MEBIBYTE, EventLogPlace, EventLogWriter
from mmbot.telemetry.logs import Secrets

BLOCK: Final = 1 << 16
"""The size at which a block of records is given to the writing thread, in bytes."""

LONGEST_S: Final = 1.0
"""The longest time that a record waits until it is given to the writing thread, in seconds. If the daemon is killed,
the waiting records are lost."""

_CANNOT_ENCODE: Final = (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError)

_LONGEST_ERROR: Final = 1000  # characters


class Recording:
    """The event log of one run of the daemon. If the run is not recorded, this object does nothing."""

    def __init__(
        self, place: EventLogPlace | None, journal: JournalConfig, hidden: Secrets, log: FilteringBoundLogger
    ) -> None:
        """Prepare the directory.

        Args:
            place: where the event log is written. If it is None, nothing is recorded.
            journal: the settings of the journal. They say how much free disk space the bot needs to quote. The event
                log stops when less than twice this space is free.
            hidden: the secrets, which are masked in the files.
            log: the log of the daemon, which gets a line if the event log ends before the daemon.

        Raises:
            EventLogError: if the directory cannot be used.
        """

        def ended(why: str) -> None:
            log.warning("event_log.ended", why=why, hint="the daemon goes on; this run can be replayed up to here")

        self._place: Final = place
        self._log: Final = log
        self._writer: Final = _writer(place, journal, hidden, ended)
        self._recorded: RecordedEngine | None = None

    def of(self, engine: Driven, config: Config, seed: Seed, start: Instant) -> Driven:
        """Return the object that the main loop calls in place of the engine. If the run is not recorded, this is the
        engine itself. ``config``, ``seed`` and ``start`` are the values from which the engine was made."""
        if self._writer is None or self._place is None:
            return engine
        started = datetime.fromtimestamp(start // SECOND, UTC)
        name = f"{started:%Y%m%dT%H%M%SZ}-{seed.run_id}"
        try:
            header = msgspec.msgpack.encode(header_of(__version__, COMPILED, start, config, seed))
        except _CANNOT_ENCODE as bad:
            self._log.warning("event_log.ended", why=f"its header cannot be encoded: {bad}", hint="nothing is recorded")
            return engine
        self._writer.begin(name, header)
        self._log.info("event_log.started", directory=str(self._place.directory), run=name)
        self._recorded = RecordedEngine(engine, self._writer)
        return self._recorded

    def close(self) -> None:
        """Write all records that are not written yet, and end the log."""
        if self._recorded is not None and self._writer is not None:
            self._recorded.flush()
            self._writer.close()


def _writer(
    place: EventLogPlace | None, journal: JournalConfig, hidden: Secrets, ended: Callable[[str], None]
) -> EventLogWriter | None:
    if place is None:
        return None
    least_free = max(LEAST_FREE, 2 * journal.min_free_mb * MEBIBYTE)
    return EventLogWriter(place, ended, hidden.mask, least_free=least_free)


class RecordedEngine:
    """An engine whose calls are recorded. It behaves like the engine itself, and raises the same errors."""

    def __init__(self, engine: Driven, writer: EventLogWriter) -> None:
        self._engine: Final = engine
        self._writer: Final = writer
        self._encode: Final = msgspec.msgpack.Encoder().encode
        self._turn: list[tuple[str, Instant, Any] | tuple[str, Instant]] = []
        self._block = bytearray()
        self._flushed_at = time.monotonic()

    def handle(self, event: Event, now: Instant) -> None:
        """Give one event to the engine."""
        self._turn.append(("h", now, event))
        try:
            self._engine.handle(event, now)
        except BaseException as error:
            self._raised(now, error)
            raise

    def next_request(self, now: Instant) -> Request | None:
        """Return the most urgent request that is due. None if no request is due."""
        try:
            request = self._engine.next_request(now)
        except BaseException as error:
            self._turn.append(("n", now, None))
            self._raised(now, error)
            raise
        self._turn.append(("n", now, request))
        return request

    def deadline(self, now: Instant) -> Instant | None:
        """Return the time of the engine's next task. None if the engine has no task planned."""
        self._turn.append(("d", now))
        try:
            at = self._engine.deadline(now)
        except BaseException as error:
            self._raised(now, error)
            raise
        self._end_turn()
        return at

    def orders(self) -> list[Order]:
        """Return the engine's new orders to the daemon, for example the order to connect the feed."""
        return self._engine.orders()

    def flush(self) -> None:
        """Give all records to the thread that writes them."""
        self._encode_turn()
        self._hand_over()

    def _raised(self, now: Instant, error: BaseException) -> None:
        self._turn.append(("x", now, f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]))
        self.flush()

    def _end_turn(self) -> None:
        self._encode_turn()
        if len(self._block) >= BLOCK or time.monotonic() - self._flushed_at >= LONGEST_S:
            self._hand_over()

    def _encode_turn(self) -> None:
        turn, self._turn = self._turn, []
        if not turn or not self._writer.open:
            return
        try:
            encoded = self._encode(turn)
        except _CANNOT_ENCODE as bad:
            self._hand_over()
            self._writer.end(f"a record cannot be encoded: {bad}")
        else:
            self._block += LENGTH.pack(len(encoded)) + encoded

    def _hand_over(self) -> None:
        self._flushed_at = time.monotonic()
        if self._block:
            self._writer.write(bytes(self._block))
            self._block.clear()
