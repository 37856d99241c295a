"""The heartbeat file of the state directory. With this file, the daemon shows that it is alive, and the watchdog shows
that it has acted.

The daemon and the watchdog each write their own part of the file. The daemon's part is called a beat. It has the newest
time at which the event loop ran, and whether the run has ended without open wagers. The watchdog's part is called a
fence. It has the time at which the watchdog cancelled everything in place of the daemon. A part is written with one
call and is never longer than a disk block. So a reader hardly ever sees a part that is only half written.

The time of a beat is in nanoseconds since the machine booted, including time when the machine was suspended. Such a
time does not depend on the wall clock, and is the same in every process and container of the machine. It means nothing
after a reboot, so the file has an id of the boot.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

HEARTBEAT_FILE: Final = "heartbeat"

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_MAGIC: Final = b"mmbeat01"
_RUN: Final = struct.Struct("<8s16s16sQ")  # magic, boot, run id, state
_BEAT: Final = struct.Struct("<QQQ")  # since boot, wall clock, last fence that the daemon knows of
_FENCE: Final = struct.Struct("<QQQQ")  # number, beat that it is for, wall clock, 1 if the account was proved clear
_BEAT_AT: Final = _RUN.size
_FENCE_AT: Final = 128
_SIZE: Final = _FENCE_AT + _FENCE.size


class State(IntEnum):
    """The state of the run that wrote the file."""

    RUNNING = 1
    """The state of a run that may have open wagers."""
    ENDED = 2
    """The state of a run that has ended and left no open wager."""


class Heartbeat(NamedTuple):
    """The content of the heartbeat file."""

    boot: bytes
    """The id of the machine's boot (start) during which the daemon wrote the heartbeat file."""
    run_id: str
    """The id of the daemon's run. Each ``external_id`` of the run begins with this id."""
    state: int
    beat: int
    """The time of the newest beat (sign of life of the daemon), in nanoseconds since the boot."""
    at: int
    """The wall-clock time of the newest beat (sign of life of the daemon), for people to read."""
    known: int
    """The number of the newest fence (the watchdog's record that it has acted) that the daemon has seen."""
    fence: int
    """The number of the newest fence (the watchdog's record that it has acted). It is 0 if there was no fence."""
    fenced_beat: int
    """The time of the newest beat at the moment when the watchdog acted most recently. A beat is a sign of life of the
    daemon."""
    proved: bool
    """True if the watchdog proved, after it had acted, that no wager of ours is open."""

    @property
    def running(self) -> bool:
        """True if the run may have open wagers."""
        return self.state == State.RUNNING

    @property
    def needs_clearing(self) -> bool:
        """True if the run may have open wagers. False if a watchdog has proved since the daemon's newest sign of life
        that no wager of ours is open."""
        return self.running and not (self.proved and self.fenced_beat == self.beat)


def unclean_end(heartbeat: Heartbeat | None) -> str | None:
    """Describe how a run ended, if it may have left open wagers. None if the run ended in order, or if a watchdog
    proved that no wager of ours is open."""
    if heartbeat is None or not heartbeat.needs_clearing:
        return None
    at = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(heartbeat.at / 1e9))
    return (
        f"run {heartbeat.run_id} did not end in order (last sign of life at {at}): it was killed, the machine failed, "
        "or it could not prove the account clear (exit code 3)"
    )


def since_boot() -> int:
    """Return the nanoseconds since the machine booted. Time when the machine was suspended is included if the system
    counts it."""
    return time.clock_gettime_ns(_CLOCK)


_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def this_boot() -> bytes:
    """Return an id of the machine's present boot."""
    try:
        text = _BOOT_ID.read_bytes()
    except OSError:  # no Linux: the time of the boot, to the minute
        text = str((time.time_ns() - since_boot()) // 60_000_000_000).encode()
    return hashlib.blake2b(text, digest_size=16).digest()


class HeartbeatFile:
    """The heartbeat file, open for writing. Use it as a context manager, or call ``close``."""

    def __init__(self, directory: Path) -> None:
        """Open the file. A missing file is created.

        Raises:
            OSError: if this fails, for example because the disk is full.
        """
        self._fd = os.open(directory / HEARTBEAT_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            have = os.fstat(self._fd).st_size
            if have < _SIZE:
                os.pwrite(self._fd, bytes(_SIZE - have), have)  # so that a later beat needs no new disk space
        except OSError:
            os.close(self._fd)
            raise

    def begin(self, run_id: str, beat: int, wall: int, known: int) -> None:
        """Write the first beat (sign of life) of a run. The watchdog's part of the file does not change.

        Raises:
            OSError: if the file cannot be written.
        """
        run = _RUN.pack(_MAGIC, this_boot(), run_id.encode()[:16], State.RUNNING)
        os.pwrite(self._fd, run + _BEAT.pack(beat, wall, known), 0)

    def beat(self, beat: int, wall: int, known: int) -> None:
        """Write a beat (sign of life). It has the number of the newest fence (record that a watchdog has acted) that
        the daemon has seen. The method does not wait for the disk.

        Raises:
            OSError: if the file cannot be written.
        """
        os.pwrite(self._fd, _BEAT.pack(beat, wall, known), _BEAT_AT)

    def end(self) -> None:
        """Write that the run has ended and that no wager of ours is open.

        Raises:
            OSError: if the file cannot be written.
        """
        os.pwrite(self._fd, struct.pack("<Q", State.ENDED), _RUN.size - 8)

    def fence(self) -> int:
        """Return the number of the newest fence (the watchdog's record that it has acted). It is 0 if there was no
        fence.

        Raises:
            OSError: if the file cannot be read.
        """
        number: int = struct.unpack("<Q", os.pread(self._fd, 8, _FENCE_AT))[0]
        return number

    def set_fence(self, number: int, beat: int, wall: int, proved: bool) -> None:
        """Write a fence (the record that the watchdog has acted) to the file. ``proved`` is True if the watchdog has
        proved that no wager of ours is open. Call ``sync`` to be sure that the fence is on the disk.

        Raises:
            OSError: if the file cannot be written.
        """
        os.pwrite(self._fd, _FENCE.pack(number, beat, wall, proved), _FENCE_AT)

    def sync(self) -> None:
        """Wait until the file is on the disk.

        Raises:
            OSError: if this fails.
        """
        os.fsync(self._fd)

    def read(self) -> Heartbeat | None:
        """Return the content of the file. None if no daemon has written to the file.

        Raises:
            OSError: if the file cannot be read.
        """
        return _read(self._fd)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> HeartbeatFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_heartbeat(directory: Path) -> Heartbeat | None:
    """Return the heartbeat of a state directory. None if there is no heartbeat, or if it cannot be read."""
    try:
        fd = os.open(directory / HEARTBEAT_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return _read(fd)
    except OSError:
        return None
    finally:
        os.close(fd)


def _read(fd: int) -> Heartbeat | None:
    data = os.pread(fd, _SIZE, 0)
    if len(data) < _SIZE:
        return None
    magic, boot, run_id, state = _RUN.unpack_from(data)
    if magic != _MAGIC:
        return None
    beat, at, known = _BEAT.unpack_from(data, _BEAT_AT)
    fence, fenced_beat, _, proved = _FENCE.unpack_from(data, _FENCE_AT)
    name = run_id.rstrip(b"\0").decode("ascii", "replace")
    return Heartbeat(boot, name, state, beat, at, known, fence, fenced_beat, bool(proved))
