"""Reads files whose paths a person has given, so that no path can stop the program or fill its memory.

A path that leads to a pipe, a device or a directory is rejected at once. A link to one of these is rejected too. A
regular file is read up to a limit.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import NamedTuple


class Opened(NamedTuple):
    """A regular file that is open for reading. The caller has to close the descriptor."""

    descriptor: int
    status: os.stat_result


def open_regular(path: Path) -> Opened:
    """Open a regular file for reading.

    Raises:
        OSError: if the path does not lead to a regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return Opened(descriptor, status)


def read_open(descriptor: int, largest: int) -> bytes:
    """Read an open file to its end.

    Raises:
        OSError: if the file cannot be read, or if it has more than ``largest`` bytes.
    """
    with open(descriptor, "rb", closefd=False) as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"it is larger than {largest:,} bytes")
    return content


def read_file(path: Path, largest: int) -> bytes:
    """Read a regular file.

    Raises:
        OSError: if the path does not lead to a regular file, or the file cannot be read. The error is also raised if
            the file has more than ``largest`` bytes.
    """
    descriptor = open_regular(path).descriptor
    try:
        return read_open(descriptor, largest)
    finally:
        os.close(descriptor)
