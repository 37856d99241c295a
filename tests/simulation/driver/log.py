"""The event log of a run: always a digest, and the lines themselves if they are wanted."""

from __future__ import annotations

import hashlib

from mmbot.domain.instant import SECOND, Instant


class Log:
    """Counts, hashes and, if ``keep`` is true, keeps what happened."""

    def __init__(self, start: Instant, *, keep: bool = False) -> None:
        self._start = start
        self._hash = hashlib.sha256()
        self.keep = keep
        self.lines: list[str] = []

    def add(self, now: Instant, text: str) -> None:
        """Add one line, at a time that is shown in seconds from the start of the run."""
        line = f"{(now - self._start) / SECOND:14.6f} {text}\n"
        self._hash.update(line.encode())
        if self.keep:
            self.lines.append(line)

    def detail(self, now: Instant, text: str) -> None:
        """Add one line that is not part of the digest. Call it only if ``keep`` is true."""
        self.lines.append(f"{(now - self._start) / SECOND:14.6f}   {text}\n")

    def digest(self) -> str:
        """The hash of everything so far."""
        return self._hash.hexdigest()
