"""The file that keeps a session across restarts. It contains the refresh token and the time of the newest log-in."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

import msgspec

from mmbot.config.files import read_file
from mmbot.domain.bounds import UNREADABLE
from mmbot.domain.instant import Instant

LARGEST: Final = 1 << 16
"""The greatest size of the file that keeps the tokens, in bytes."""


class Kept(msgspec.Struct, frozen=True):
    """The part of a session that is kept across restarts."""

    account: str
    """The hash of two values: the access key and the exchange's address. It shows whether the file with the tokens
    belongs to this account."""
    refresh_token: str | None = None
    logged_in_at: Instant | None = None
    """The wall-clock time of the newest log-in that may have opened a session. None if no such log-in is known."""
    hurried: bool = False
    """True if the newest log-in did not wait for the cool-down (the shortest time between log-ins), because a cancel
    needed it. The next log-in then has to wait."""

    def __repr__(self) -> str:
        return f"Kept(account={self.account!r}, logged_in_at={self.logged_in_at!r})"


class TokenStore:
    """The file of a session. Only the owner of the file can read it. The file is always replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, account: str) -> Kept:
        """Read the saved session of an account. The result is empty if the file is missing or unreadable, or if it
        belongs to another account."""
        try:
            kept = msgspec.json.decode(read_file(self._path, LARGEST), type=Kept)
        except (OSError, *UNREADABLE):
            return Kept(account)
        return kept if kept.account == account else Kept(account)

    def save(self, kept: Kept) -> None:
        """Replace the file, and wait until the new file is on the disk.

        Raises:
            OSError: if the file cannot be written.
        """
        scratch = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        file = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(file, "wb") as out:
                out.write(msgspec.json.encode(kept))
                out.flush()
                os.fsync(out.fileno())
            scratch.replace(self._path)
        except OSError:
            scratch.unlink(missing_ok=True)
            raise
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
