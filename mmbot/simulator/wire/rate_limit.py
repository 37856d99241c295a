"""The exchange's ceiling on requests: a count over the last second, whatever came before it (PROTOCOL 11)."""

from __future__ import annotations

from collections import deque
from typing import Final

from mmbot.domain.instant import SECOND, Instant


class RateLimit:
    """At most ``ceiling`` requests in any window of one second. What is turned away is not counted again."""

    def __init__(self, ceiling: int) -> None:
        if ceiling < 1:
            raise ValueError(f"a ceiling of {ceiling} requests a second lets nothing through")
        self._let_through: Final[deque[Instant]] = deque(maxlen=ceiling)
        self._ceiling: Final = ceiling

    def admit(self, now: Instant) -> Instant | None:
        """Let a request through (None), or say when the next one will be."""
        if len(self._let_through) == self._ceiling:
            free_at = self._let_through[0] + SECOND
            if now < free_at:
                return free_at
        self._let_through.append(now)
        return None
