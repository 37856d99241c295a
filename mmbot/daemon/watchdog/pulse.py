"""The daemon's side of the watchdog. It writes the heartbeat. It also checks before each request whether the daemon
stood still.

After a pause, the process continues where it was, with requests that it decided before the pause. So ``interrupted_at``
is called before each request is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from structlog.types import FilteringBoundLogger

from mmbot.domain.instant import MILLISECOND, Duration, seconds
from mmbot.engine.events import StoodStill
from mmbot.store.heartbeat import HeartbeatFile, since_boot

EVERY: Final[Duration] = 200 * MILLISECOND
"""The shortest time between two beats (writes to the heartbeat file) of the daemon."""


class Pulse:
    """Writes the beats (signs of life) of one run of the daemon, and counts how often the daemon stood still.

    Args:
        file: the heartbeat file. If it is None, the file cannot be used, but the daemon still notices that it stood
            still.
        limit: the longest pause that does not count as an interruption.
        note_trouble: a function that is called with the reason when a beat cannot be written. It is called with None
            when beats can be written again.
        clock: a function that returns the nanoseconds since the boot of the machine.
    """

    __slots__ = (
        "_beat_at",
        "_clock",
        "_file",
        "_gap",
        "_known",
        "_limit",
        "_note_trouble",
        "_troubled",
        "_write_at",
        "interruptions",
    )

    def __init__(
        self,
        file: HeartbeatFile | None,
        limit: Duration,
        note_trouble: Callable[[str | None], None],
        clock: Callable[[], int] = since_boot,
    ) -> None:
        self._file = file
        self._limit: Final = limit
        self._note_trouble: Final = note_trouble
        self._clock: Final = clock
        self._beat_at = clock()  # the beat that is judged: the one in the file, or the end of a pause
        self._write_at = 0  # when the next beat may be written
        self._known = 0 if file is None else file.fence()
        self._gap: Duration = 0
        self._troubled = False
        self.interruptions = 0
        """The number of times that the daemon stood still. A fence (the record that a watchdog has acted) also
        counts."""

    def begin(self, run_id: str) -> None:
        """Write the first beat (sign of life) of the run. Earlier actions of a watchdog do not count, because a start
        cancels everything in any case."""
        self._beat_at = self._clock()
        self._try(lambda file: file.begin(run_id, self._beat_at, time.time_ns(), self._known))

    def interrupted_at(self) -> int:
        """Return how often the daemon stood still so far. The number rises if the newest beat (sign of life) is older
        than the limit."""
        if self._clock() - self._beat_at > self._limit:
            self._note_gap()
        return self.interruptions

    def beat(self) -> None:
        """Write a beat (sign of life) if the previous beat is older than ``EVERY``."""
        now = self._clock()
        if now < self._write_at:
            return
        if now - self._beat_at > self._limit:
            self._note_gap()
        self._write_at = now + EVERY
        if self._file is None:
            self._beat_at = now
            return
        try:
            fence = self._file.fence()
            if fence != self._known:
                self._known = fence
                self.interruptions += 1
            self._file.beat(now, time.time_ns(), fence)
        except OSError as bad:
            self._note(bad.strerror or repr(bad))
            return  # the old beat counts, as it does for the watchdog
        self._beat_at = now
        self._note(None)

    def take(self) -> StoodStill:
        """Return the event that tells the engine that the daemon stood still. It contains the longest pause since the
        previous call of this method."""
        gap, self._gap = self._gap, 0
        return StoodStill(gap)

    def end(self) -> None:
        """Write that the run has ended and that no wager of ours is open. A watchdog then does not act."""
        self._try(HeartbeatFile.end)

    def _try(self, write: Callable[[HeartbeatFile], None]) -> None:
        if self._file is not None:
            try:
                write(self._file)
            except OSError as bad:
                self._note(bad.strerror or repr(bad))

    def _note_gap(self) -> None:
        now = self._clock()
        self._gap = max(self._gap, now - self._beat_at)
        self._beat_at = now
        self._write_at = 0  # the watchdog should see at once that the daemon goes on
        self.interruptions += 1

    def _note(self, trouble: str | None) -> None:
        if self._troubled is not (trouble is not None):
            self._troubled = trouble is not None
            self._note_trouble(trouble)


@contextmanager
def open_pulse(directory: Path, silence_s: float, log: FilteringBoundLogger) -> Iterator[Pulse]:
    """Open the heartbeat file of a state directory for one run. If the file cannot be opened, the daemon runs without
    it. A watchdog then sees no sign of life."""

    def note(trouble: str | None) -> None:
        if trouble is None:
            log.warning("heartbeat.well")
        else:
            log.error("heartbeat.not_written", directory=str(directory), why=trouble)

    file = None
    try:
        file = HeartbeatFile(directory)
    except OSError as bad:
        note(bad.strerror or repr(bad))
    try:
        yield Pulse(file, seconds(silence_s), note)
    finally:
        if file is not None:
            file.close()
