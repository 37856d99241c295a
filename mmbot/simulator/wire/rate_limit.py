"""The exchange's rate limit. It counts the requests of the past second (docs/protocol.md 11)."""

from __future__ import annotations

from collections import deque
from typing import Final

from mmbot.domain.instant import SECOND, Instant


class RateLimit:
    """A limit of ``ceiling`` requests in any one second. Rejected requests do not count."""

    def __init__(self, ceiling: int) -> None:
        if ceiling < 1:
            raise ValueError(f"a rate limit of {ceiling} requests per second would admit none")
        self._let_through: Final[deque[Instant]] = deque(maxlen=ceiling)
        self._ceiling: Final = ceiling

    def admit(self, now: Instant) -> Instant | None:
        """Count a request. Return None if the request is admitted. Otherwise return the time from which a request is
        admitted again."""
        if len(self._let_through) == self._ceiling:
            free_at = self._let_through[0] + SECOND
            if now < free_at:
                return free_at
        self._let_through.append(now)
        return None
