"""The exchange's rate limit: a count of requests over the last second (docs/protocol.md 11)."""

from __future__ import annotations

from collections import deque
from typing import Final

from mmbot.domain.instant import SECOND, Instant


class RateLimit:
    """At most ``ceiling`` requests in any window of one second. Rejected requests are not counted."""

    def __init__(self, ceiling: int) -> None:
        if ceiling < 1:
            raise ValueError(f"a rate limit of {ceiling} requests per second would admit none")
        self._let_through: Final[deque[Instant]] = deque(maxlen=ceiling)
        self._ceiling: Final = ceiling

    def admit(self, now: Instant) -> Instant | None:
        """Admit a request and return None, or return the time at which the next one will be admitted."""
        if len(self._let_through) == self._ceiling:
            free_at = self._let_through[0] + SECOND
            if now < free_at:
                return free_at
        self._let_through.append(now)
        return None
