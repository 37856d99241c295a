"""The state directory. Only one bot at a time can use a state directory. Its lock file says where this bot can be
reached.

The kernel holds the lock (``flock``), and releases it when the process ends in any way. The lock file is never removed.
Otherwise two bots could lock two different files of the same name.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from pathlib import Path
from types import TracebackType
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from mmbot.config.files import read_file
from mmbot.domain.bounds import UNREADABLE

LOCK_FILE: Final = "lock"

LARGEST_PID: Final = 1 << 22
"""The largest process id of the system. A process id is never 0 or negative, because a signal to such an id would reach
other processes."""

_LARGEST: Final = 1 << 16  # bytes of the lock file
_OURS: Final = 0o700
_PROBES: Final = 5
_PROBE_S: Final = 0.01


class StateDirError(Exception):
    """Raised if the state directory cannot be used. The message gives the reason in words for an operator."""


class StateDirLocked(StateDirError):
    """Raised if another process has locked the directory."""

    def __init__(self, directory: Path, holder: Holder) -> None:
        self.directory = directory
        self.holder = holder
        who = f"process {holder.pid}" if holder.pid else "another process"
        super().__init__(f"{directory} is in use by {who}: a state directory serves one daemon (see state_dir)")


class Holder(msgspec.Struct, frozen=True):
    """The process that holds the lock, as the lock file describes it."""

    pid: Annotated[int, Meta(ge=1, le=LARGEST_PID)] | None = None
    """The id of the process that uses the state directory. None until the process has written its id to the lock
    file."""
    url: str | None = None
    """The address of the HTTP server of the process. None until the HTTP server listens."""


class StateDir:
    """A state directory that this process has locked. Use it as a context manager, or call ``close``."""

    def __init__(self, path: Path) -> None:
        """Create the directory if it does not exist, lock it, and make it inaccessible to other users of the machine.

        Raises:
            StateDirLocked: if another process has locked the directory.
            StateDirError: if the directory cannot be created or written.
        """
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=_OURS)
            self._fd = os.open(
                path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
        except OSError as bad:
            raise StateDirError(f"the state directory {path} cannot be used: {bad.strerror}") from bad
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            os.close(self._fd)
            raise StateDirError(f"the state directory {path} cannot be used: {LOCK_FILE} in it is not a regular file")
        try:
            self._lock()
        except OSError as bad:
            os.close(self._fd)
            if isinstance(bad, BlockingIOError):
                raise StateDirLocked(path, _read(path)) from bad
            raise StateDirError(f"the state directory {path} cannot be locked: {bad.strerror}") from bad
        self._write(Holder(pid=os.getpid()))
        self.exposed = not _close_to_others(path)
        """True if other users of the machine can read the state directory, and this could not be changed. The directory
        then belongs to another user or is shared."""

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
    """Return the process that has locked the directory. None if the directory is not locked. No file is created."""
    try:
        fd = os.open(path / LOCK_FILE, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
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


def _close_to_others(path: Path) -> bool:
    """Make a directory inaccessible to other users. Return False if this is not possible. The directory then belongs to
    another user or is shared, such as ``/tmp``."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_ISVTX:
        return False
    try:
        if mode & 0o077:
            path.chmod(_OURS)
    except OSError:
        return False
    return True


def _read(path: Path) -> Holder:
    try:
        return msgspec.json.decode(read_file(path / LOCK_FILE, _LARGEST), type=Holder)
    except (OSError, *UNREADABLE):  # the holder has not written the file yet
        return Holder()
