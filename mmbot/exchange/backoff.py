"""When to connect again: a table of how connections end, with a delay that grows, is capped, and is never twice the
same. Pure: instants are given, and the random source too."""

from __future__ import annotations

import random
from typing import Final

import msgspec

from mmbot.domain.instant import MILLISECOND, SECOND, Duration, Instant
from mmbot.exchange.pusher import Ending


class BackOffSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Durations in nanoseconds."""

    first: Duration = 500 * MILLISECOND
    """The longest first delay; it doubles with every further failure."""
    cap: Duration = 30 * SECOND
    settled: Duration = 30 * SECOND
    """A connection that was up for so long wipes out what went wrong before it."""


class BackOff:
    """What went wrong lately, and the instant before which nothing is tried."""

    __slots__ = ("_again", "_failures", "_rng", "_settings", "not_before")

    def __init__(self, settings: BackOffSettings, rng: random.Random) -> None:
        self.not_before: Instant = 0
        self._settings: Final = settings
        self._rng: Final = rng
        self._failures = 0
        self._again = False

    def ended(self, ending: Ending, up_for: Duration | None, now: Instant) -> None:
        """An attempt or connection ended.

        Args:
            up_for: how long it was up; None if it never was.
        """
        settled = up_for is not None and up_for >= self._settings.settled
        if settled:
            self._failures = 0
            self._again = False
        match ending:
            case Ending.ORDERED:
                return  # no failure: nothing to wait for beyond what there already was
            case Ending.AGAIN if not self._again:
                self._again = True
                self.not_before = now
            case Ending.LOST if settled:
                self.not_before = now
            case Ending.REFUSED:
                self.not_before = now + self._jittered(self._settings.cap)
            case _:
                self.not_before = now + self._jittered(self._delay())
                self._failures += 1

    def _delay(self) -> Duration:
        return min(self._settings.cap, self._settings.first << min(self._failures, 40))

    def _jittered(self, delay: Duration) -> Duration:
        """Between half of it and all of it, so that the clients of a server that comes back do not come at once."""
        return delay - round(delay / 2 * self._rng.random())
