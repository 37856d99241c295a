"""The journal's files on the disk: who may read them, and their size."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path


def close_to_others(path: Path) -> None:
    """Create the journal's file if it does not exist. Let only its owner read the file, and also the files that SQLite
    adds.

    Raises:
        OSError: if the path leads to something that is not a regular file. The error is also raised if the file cannot
            be created.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError("it is not a regular file")
        os.fchmod(file, 0o600)
    finally:
        os.close(file)
    for added in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + added).chmod(0o600)


def size_of(path: Path) -> int:
    """Return the size of a file in bytes. The result is 0 if it cannot be read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
