"""The back-off of a websocket (the wait before it connects again after a connection has ended).

The delay depends on how the connection ended. The delay grows with each failure up to a limit, and is partly random.
The caller gives the times and the random numbers.
"""

from __future__ import annotations

import random
from typing import Final

import msgspec

from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND, Duration, Instant
from mmbot.net.pusher import Ending


class BackOffSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the back-off (the wait before the next attempt to connect). Durations are in nanoseconds."""

    first: Duration = 500 * MILLISECOND
    """The longest delay after one failure. The delay doubles with every further failure."""
    cap: Duration = 30 * SECOND
    forbidden: Duration = 30 * SECOND
    """The longest delay after the first connection that ends with a code that forbids a new connection. The delay
    doubles with each further connection that ends with such a code. mmbot still tries again, because the reason (such
    as an exhausted quota) may end by itself."""
    forbidden_cap: Duration = 5 * MINUTE
    settled: Duration = 30 * SECOND
    """The time for which a connection has to be up before its earlier failures are forgotten."""


class BackOff:
    """Counts recent failures and computes the earliest time of the next attempt."""

    __slots__ = ("_again", "_failures", "_forbidden", "_rng", "_settings", "not_before")

    def __init__(self, settings: BackOffSettings, rng: random.Random) -> None:
        self.not_before: Instant = 0
        self._settings: Final = settings
        self._rng: Final = rng
        self._failures = 0
        self._forbidden = 0
        self._again = False

    def ended(self, ending: Ending, up_for: Duration | None, now: Instant) -> None:
        """Record that an attempt or a connection has ended.

        Args:
            up_for: how long the connection was up. None if the connection never came up.
        """
        settled = up_for is not None and up_for >= self._settings.settled
        if settled:
            self._failures = 0
            self._forbidden = 0
            self._again = False
        match ending:
            case Ending.ORDERED:
                return  # we ended it, which is no failure
            case Ending.AGAIN if not self._again:
                self._again = True
                self.not_before = now
            case Ending.LOST if settled:
                self.not_before = now
            case Ending.REJECTED:
                delay = min(self._settings.forbidden_cap, self._settings.forbidden << min(self._forbidden, 40))
                self.not_before = now + self._jittered(delay)
                self._forbidden += 1
            case _:
                self.not_before = now + self._jittered(self._delay())
                self._failures += 1

    def _delay(self) -> Duration:
        return min(self._settings.cap, self._settings.first << min(self._failures, 40))

    def _jittered(self, delay: Duration) -> Duration:
        """Return a random delay, from half of ``delay`` to all of it. So the clients of a restarted server do not all
        reconnect at the same moment."""
        return delay - round(delay / 2 * self._rng.random())
