"""The latch of the kill switch (its state on disk). While the file of the latch exists, the kill switch is on and no
run quotes.

The file is replaced as a whole, and survives a power failure. If the file cannot be read, the kill switch counts as on.
The file is written under a new, random name, and renamed afterwards. A link is never followed. So nobody can make mmbot
write to another file.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from mmbot.config.files import read_file
from mmbot.domain.bounds import LATEST, UNREADABLE
from mmbot.domain.instant import Instant

LATCH_FILE: Final = "latch.json"

_LARGEST: Final = 1 << 16  # bytes of the file


class Latch(msgspec.Struct, frozen=True):
    """The reason why the latch (the stored kill switch) was set, and the time at which it was set."""

    reason: str
    at: Annotated[Instant, Meta(ge=0, le=LATEST)]


def read(directory: Path) -> Latch | None:
    """Return the latch (the stored kill switch) of this state directory. None if the latch is not set."""
    file = directory / LATCH_FILE
    try:
        text = read_file(file, _LARGEST)
    except FileNotFoundError:
        return None
    except OSError as bad:
        return Latch(reason=f"{file} cannot be read: {bad.strerror}", at=0)
    try:
        return msgspec.json.decode(text, type=Latch)
    except UNREADABLE as bad:
        return Latch(reason=f"{file} is malformed: {bad}", at=0)


def write(directory: Path, latch: Latch) -> None:
    """Set the latch (the stored kill switch) on disk. An existing latch is replaced.

    Raises:
        OSError: if the file could not be written. An earlier latch then stays set.
    """
    draft = directory / f".{LATCH_FILE}.{secrets.token_hex(8)}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            text = msgspec.json.encode(latch)
            while text:
                text = text[os.write(fd, text) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        draft.replace(directory / LATCH_FILE)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync(directory)


def release(directory: Path) -> None:
    """Release the kill switch: remove the latch from disk, if it is set.

    Raises:
        OSError: if the file could not be removed. The latch then stays set.
    """
    (directory / LATCH_FILE).unlink(missing_ok=True)
    _sync(directory)


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
