"""The state directory. Only one bot at a time can use it, and its lock file says where this bot can be reached.

The kernel holds the lock (``flock``) and releases it when the process ends in any way. The lock file is never removed,
because two bots could then lock two different files of the same name.
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
    """Raised if the state directory cannot be used. The message says why, in words for an operator."""


class StateDirLocked(StateDirError):
    """Raised if another process has locked the directory."""

    def __init__(self, directory: Path, holder: Holder) -> None:
        self.directory = directory
        self.holder = holder
        who = f"process {holder.pid}" if holder.pid else "another process"
        super().__init__(f"{directory} is in use by {who}: a state directory serves one daemon (see state_dir)")


class Holder(msgspec.Struct, frozen=True):
    """The process that holds the lock, as described in the lock file."""

    pid: int | None = None
    """Process id; None until the process has written it."""
    url: str | None = None
    """Address of the HTTP server of the process; None until the server listens."""


class StateDir:
    """A state directory that this process has locked. Use it as a context manager, or call ``close``."""

    def __init__(self, path: Path) -> None:
        """Create the directory if it does not exist, and lock it.

        Raises:
            StateDirLocked: if another process has locked it.
            StateDirError: if it cannot be created or written.
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
        """Write the address of the HTTP server into the lock file, for ``mmbot status`` and ``mmbot kill``."""
        self._write(Holder(pid=os.getpid(), url=url))

    def close(self) -> None:
        """Release the lock of the directory."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)  # so that no command signals a later process with the same pid
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
                time.sleep(_PROBE_S)  # another process that calls holder_of takes the lock for microseconds
        return fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _write(self, holder: Holder) -> None:
        text = msgspec.json.encode(holder)
        os.pwrite(self._fd, text, 0)
        os.ftruncate(self._fd, len(text))


def holder_of(path: Path) -> Holder | None:
    """Return the process that has locked the directory; None if there is none. No file is created."""
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
    except (OSError, msgspec.DecodeError):  # the holder has not written the file yet
        return Holder()
