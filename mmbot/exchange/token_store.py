"""What of a session outlives a restart: the refresh token, and when the last log-in was."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from mmbot.domain.instant import Instant


class Kept(msgspec.Struct, frozen=True):
    """What is kept of a session."""

    account: str
    """Which keys and which exchange it belongs to, as a digest."""
    refresh_token: str | None = None
    logged_in_at: Instant | None = None
    """The last log-in that may have opened a session, by the wall clock."""

    def __repr__(self) -> str:
        return f"Kept(account={self.account!r}, logged_in_at={self.logged_in_at!r})"


class TokenStore:
    """The file that outlives a restart. Readable by its owner alone; replaced as a whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, account: str) -> Kept:
        """What is kept for these keys: nothing where the file is missing, unreadable or another account's."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except (OSError, ValueError):
            return Kept(account)
        return kept if kept.account == account else Kept(account)

    def save(self, kept: Kept) -> None:
        """Replace the file, durably.

        Raises:
            OSError: if it cannot be written.
        """
        scratch = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        scratch.unlink(missing_ok=True)
        file = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
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
