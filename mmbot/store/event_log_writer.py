"""Writes the files of an event log in a thread. The caller never waits for the disk.

If writing fails, the log ends with a mark that contains the reason. The log does not continue after a gap, because a
replay needs every event from the beginning of the run.
"""

from __future__ import annotations

import errno
import os
import queue
import shutil
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from mmbot.store.event_log import END, HEAD, HEADER, LARGEST_BLOCK, MAGIC, RECORDS, EventLogError, Part, runs_in

MEBIBYTE: Final = 1 << 20

LARGEST_PART: Final = 64 * MEBIBYTE
"""The largest number of bytes in one file of the event log. If the limit for the whole log is small, a file has at most
an eighth of that limit."""

MOST_WAITING: Final = 64 * MEBIBYTE
"""The largest number of bytes that may wait to be written to disk."""

LEAST_FREE: Final = 256 * MEBIBYTE
"""The free space of the disk below which the event log ends, in bytes. The journal needs this space. The caller can
give another limit."""

_LEVEL: Final = 3  # of compression: twice as fast as the default, and some tenth larger
_FOR_THE_MARK: Final = 1024  # bytes that are kept for the reason of the end
_PRIVATE: Final = 0o600
_PRIVATE_DIRECTORY: Final = 0o700


class _Block(NamedTuple):
    kind: bytes
    data: bytes
    early: bool = False  # for END: the log ends before the daemon


class EventLogPlace(NamedTuple):
    """The directory of an event log, and the limit of its size."""

    directory: Path
    largest: int
    """The largest total size of all files in the directory of event logs, in bytes."""


def free_space(directory: Path) -> int:
    """Return the free space, in bytes, of the disk that contains a directory."""
    return shutil.disk_usage(directory).free


class EventLogWriter:
    """Writes one run to an event log.

    When the directory would become too large, the oldest of the earlier runs are removed. The present run stays
    complete, because a run without its beginning cannot be replayed. If the present run alone becomes too large, the
    log ends.
    """

    def __init__(
        self,
        place: EventLogPlace,
        ended: Callable[[str], None],
        mask: Callable[[bytes], bytes] = bytes,
        *,
        least_free: int = LEAST_FREE,
        free: Callable[[Path], int] = free_space,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Create the directory if it does not exist.

        Args:
            place: the directory, and the limit of its size.
            ended: a function that the thread calls with the reason, if the log ends before ``close``.
            mask: a function that replaces the secrets in a block, and keeps the length of the block.
            least_free: the free space of the disk below which the log ends, in bytes.
            free: a function that returns the free space of the disk, in bytes.
            most_waiting: the largest number of bytes that may wait to be written to disk.

        Raises:
            EventLogError: if the directory cannot be used.
        """
        directory = place.directory
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_DIRECTORY)
        except OSError as bad:
            raise EventLogError(f"the event log {directory} cannot be written: {bad.strerror}") from bad
        if not os.access(directory, os.W_OK | os.X_OK):
            raise EventLogError(f"the event log {directory} cannot be written: {os.strerror(errno.EACCES)}")
        earlier = runs_in(directory)
        self._earlier: Final[list[Part]] = [part for parts in earlier.values() for part in parts]
        self._others = sum(part.size for part in self._earlier)
        self._place: Final = place
        self._largest_part: Final = min(LARGEST_PART, place.largest // 8)
        self._tell: Final = ended
        self._mask: Final = mask
        self._least_free: Final = least_free
        self._free: Final = free
        self._most_waiting: Final = most_waiting
        self._blocks: Final[queue.SimpleQueue[_Block]] = queue.SimpleQueue()
        self._given = 0  # the caller's thread writes it
        self._taken = 0  # the thread writes it
        self._name = ""
        self._part = 0
        self._file = -1
        self._written = 0  # bytes in the present file
        self._total = 0  # bytes in all files of this run
        self._thread = threading.Thread(target=self._run, name="event log", daemon=True)
        self.open = False
        """True while the event log accepts records."""

    def begin(self, name: str, header: bytes) -> None:
        """Start the thread, and begin the files of a run with its header.

        Args:
            name: the name of the run, made of its start and its run id.
            header: the encoded ``Header``.
        """
        self._name = name
        self.open = True
        self._thread.start()
        self._put(HEADER, header)

    def write(self, records: bytes) -> None:
        """Put a block of records into the queue for writing. If too many bytes wait, the log ends."""
        if not self.open:
            return
        if self._given - self._taken + len(records) > self._most_waiting:
            self.end("the disk is too slow for the events")
        else:
            self._put(RECORDS, records)

    def end(self, why: str) -> None:
        """End the log with a mark after the queued records. Later records are not written."""
        if self.open:
            self.open = False
            self._blocks.put(_Block(END, why.encode(errors="replace"), early=True))

    def close(self, why: str = "the daemon ended", timeout_s: float = 5.0) -> None:
        """Write the queued records and the mark at the end of the log. This takes at most ``timeout_s`` seconds."""
        if self.open:
            self.open = False
            self._blocks.put(_Block(END, why.encode(errors="replace")))
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _put(self, kind: bytes, data: bytes) -> None:
        self._given += len(data)
        self._blocks.put(_Block(kind, data))

    # --- in the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        why = None
        while why is None:
            block = self._blocks.get()
            if block.kind == END:
                self._mark(block.data)
                why = block.data.decode() if block.early else ""
            else:
                why = self._write(block)
                self._taken += len(block.data)
                if why is not None:
                    self._mark(why.encode())
        self.open = False
        if self._file >= 0:
            os.close(self._file)
        if why:
            self._tell(why)

    def _write(self, block: _Block) -> str | None:
        """Write a block. If the log has to end, return the reason. Otherwise return None."""
        if len(block.data) > LARGEST_BLOCK:
            return f"a block of {len(block.data):,} bytes is too large"
        packed = _packed(block.kind, self._mask(block.data))
        room = len(MAGIC) + len(packed) + _FOR_THE_MARK
        try:
            if self._free(self._place.directory) < self._least_free + room:
                return f"the disk has less than {self._least_free // MEBIBYTE} MiB left"
            while self._others + self._total + room > self._place.largest:
                if not self._earlier:
                    return f"it has reached its bound of {self._place.largest / MEBIBYTE:g} MiB"
                oldest = self._earlier.pop(0)
                oldest.path.unlink(missing_ok=True)
                self._others -= oldest.size
            if self._file < 0 or self._written + len(packed) > self._largest_part:
                self._next_file()
            self._append(packed)
        except OSError as bad:
            return f"it cannot be written: {bad.strerror}"
        return None

    def _next_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._part += 1
        path = self._place.directory / f"{self._name}.{self._part:04}.events"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(path, flags, _PRIVATE)
        self._written = 0
        self._append(MAGIC)

    def _append(self, data: bytes) -> None:
        """Write all bytes to the file, or none of them."""
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            os.ftruncate(self._file, self._written)
            raise
        self._written += len(data)
        self._total += len(data)

    def _mark(self, why: bytes) -> None:
        """Write a mark with the reason why the log ends. If the disk has no room for the mark, the log ends without
        it."""
        if self._file >= 0:
            with suppress(OSError):
                self._append(_packed(END, why))


def _packed(kind: bytes, data: bytes) -> bytes:
    packed = zlib.compress(data, _LEVEL)
    return HEAD.pack(kind, len(packed), len(data), zlib.crc32(packed)) + packed
