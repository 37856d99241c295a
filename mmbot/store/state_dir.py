"""The state directory: one daemon at a time, and where to reach the one that lives.

The lock is the kernel's (``flock``), so it ends with the process, however that ends. The file itself is never removed:
removing it would let two daemons lock two files of the same name.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

LOCK_FILE: Final = "lock"

_PROBES: Final = 5
_PROBE_S: Final = 0.01


class StateDirError(Exception):
    """The state directory cannot be used; the message says why, in words for an operator."""


class StateDirLocked(StateDirError):
    """Another process holds the directory."""

    def __init__(self, directory: Path, holder: Holder) -> None:
        self.directory = directory
        self.holder = holder
        who = f"process {holder.pid}" if holder.pid else "another process"
        super().__init__(f"{directory} is in use by {who}: one daemon to a state directory (see state_dir)")


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lock, as it wrote into the lock's file."""

    pid: int | None = None
    """None while the holder has not written it yet."""
    url: str | None = None
    """Where its HTTP door is, once that is open."""


class StateDir:
    """A state directory that this process has locked. Use as a context manager or ``close`` it."""

    def __init__(self, path: Path) -> None:
        """Create the directory if need be, and lock it.

        Raises:
            StateDirLocked: if another process has it.
            StateDirError: if it cannot be made or written to.
        """
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._fd = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as bad:
            raise StateDirError(f"the state directory {path} cannot be used: {bad.strerror}") from bad
        try:
            self._lock()
        except OSError as bad:
            os.close(self._fd)
            if isinstance(bad, BlockingIOError):
                raise StateDirLocked(path, _read(path)) from bad
            raise StateDirError(f"the state directory {path} cannot be locked: {bad.strerror}") from bad
        self._write(Holder(pid=os.getpid()))

    def publish(self, url: str) -> None:
        """Say where the HTTP door is, for ``mmbot status`` and ``mmbot kill``."""
        self._write(Holder(pid=os.getpid(), url=url))

    def close(self) -> None:
        """Let go of the directory."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)  # nobody may signal a process that later gets our number
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> StateDir:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self) -> None:
        for _ in range(_PROBES):
            try:
                return fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_PROBE_S)  # holder_of, asked by another process, takes the lock for microseconds
        return fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _write(self, holder: Holder) -> None:
        text = msgspec.json.encode(holder)
        os.pwrite(self._fd, text, 0)
        os.ftruncate(self._fd, len(text))


def holder_of(path: Path) -> Holder | None:
    """Who holds the directory, or None if no living process does. Never creates anything."""
    try:
        fd = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as bad:
        raise StateDirError(f"the state directory {path} cannot be read: {bad.strerror}") from bad
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    finally:
        os.close(fd)
    return None


def _read(path: Path) -> Holder:
    try:
        return msgspec.json.decode((path / LOCK_FILE).read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):  # read between the holder's lock and its writing
        return Holder()
