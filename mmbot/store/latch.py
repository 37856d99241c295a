"""The kill latch on disk: while its file is there, no run quotes.

Written whole or not at all, and forced to the disk, so that it survives a loss of power right after. A file that cannot
be read counts as latched: nobody meant to quote over it.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from mmbot.domain.instant import Instant

LATCH_FILE = "latch.json"


class Latch(msgspec.Struct, frozen=True):
    """Why and when it was latched."""

    reason: str
    at: Instant


def read(directory: Path) -> Latch | None:
    """The latch of this state directory, or None when it is not set."""
    file = directory / LATCH_FILE
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as bad:
        return Latch(reason=f"{file} cannot be read: {bad.strerror}", at=0)
    try:
        return msgspec.json.decode(text, type=Latch)
    except msgspec.DecodeError as bad:
        return Latch(reason=f"{file} cannot be understood: {bad}", at=0)


def write(directory: Path, latch: Latch) -> None:
    """Set the latch durably, replacing one that stands.

    Raises:
        OSError: if it could not be written; one that stood before still stands.
    """
    draft = directory / f".{LATCH_FILE}.{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        text = msgspec.json.encode(latch)
        while text:
            text = text[os.write(fd, text) :]
        os.fsync(fd)
    finally:
        os.close(fd)
    draft.replace(directory / LATCH_FILE)
    _sync(directory)


def clear(directory: Path) -> None:
    """Remove the latch durably; without one nothing happens.

    Raises:
        OSError: if it could not be removed; it then still stands.
    """
    (directory / LATCH_FILE).unlink(missing_ok=True)
    _sync(directory)


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
