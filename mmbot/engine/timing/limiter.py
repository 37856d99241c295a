"""The rate of requests: the account's limit with a reserve for cancels, and one read of each path a second.

All arithmetic is on integers, so the same calls at the same instants give the same results. Other modules decide which
request to send.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from mmbot.domain.instant import MILLISECOND, SECOND, Duration, Instant

CEILING: Final = 50
"""The most requests in any one second that the exchange allows an account (docs/protocol.md 11)."""

BURST: Final = 4
"""The number of requests that may leave without spacing, for cancels and for other requests each."""

LONGEST_PAUSE: Final = 60 * SECOND
"""The longest pause after a 429, from the last request on. A 429 may carry an absurd instant."""

CANCELS_PAUSE: Final = SECOND
"""The longest pause of cancels after a 429, from the last request on."""

READ_SPACING: Final = SECOND + 50 * MILLISECOND
"""Time between two reads of one path. It is more than a second because the network may bring two requests closer
together (docs/protocol.md 11)."""


class TooSoon(Exception):
    """A request was taken before its time: a mistake in our own code. Nothing is sent, so that no limit is broken."""


class Limiter:
    """Limits the requests of the account.

    Two rules hold together:

    - *Pace*: requests are spaced evenly (the generic cell rate algorithm), with a small burst. A token bucket with room
      for a whole second would let nearly twice the rate through in one second.
    - *Count*: no closed window of one second holds more than ``rate`` requests, nor more than ``rate - reserve``
    requests other than cancels.

    Other requests leave room for the burst of cancels that may follow, so they never delay a cancel. A cancel waits for
    earlier cancels only, as long as fewer than ``reserve`` cancels left in the last second.

    The instants are those of sending. The network may bring requests closer together: a ``rate`` below the limit of the
    exchange leaves room for that.

    Raises:
        ValueError: when it is made, unless 1 <= reserve < rate <= 50.
    """

    __slots__ = (
        "_all",
        "_cancel_from",
        "_cancel_slack",
        "_cancels_paused",
        "_due",
        "_latest",
        "_other",
        "_other_due",
        "_other_from",
        "_other_slack",
        "_other_spacing",
        "_other_tolerance",
        "_paused",
        "_spacing",
        "rate",
        "reserve",
    )

    def __init__(self, rate: int, reserve: int) -> None:
        if not 1 <= reserve < rate <= CEILING:
            raise ValueError(
                f"{rate} requests a second, {reserve} of them for cancels: expected 1 <= reserve < rate <= {CEILING}"
            )
        self.rate: Final = rate
        self.reserve: Final = reserve
        burst = min(BURST, rate - reserve)
        self._spacing: Final[Duration] = SECOND // rate  # rounded down: the count makes it exact
        self._other_spacing: Final[Duration] = SECOND // (rate - reserve)
        self._other_slack: Final[Duration] = (burst - 1) * self._spacing
        self._other_tolerance: Final[Duration] = (burst - 1) * self._other_spacing
        self._cancel_slack: Final[Duration] = (burst + min(BURST, reserve) - 1) * self._spacing
        self._all: Final[deque[Instant]] = deque(maxlen=rate)
        self._other: Final[deque[Instant]] = deque(maxlen=rate - reserve)
        # The next instant of the evenly spaced series: of all requests, and of requests other than cancels.
        self._due: Instant = 0
        self._other_due: Instant = 0
        self._paused: Instant = 0
        self._cancels_paused: Instant = 0
        self._latest: Instant = 0
        self._cancel_from: Instant = 0
        self._other_from: Instant = 0

    def ready_at(self, now: Instant, cancel: bool) -> Instant:
        """Return the earliest instant from ``now`` on at which a cancel, or another request, may leave."""
        earliest = self._cancel_from if cancel else self._other_from
        return now if now > earliest else earliest

    def take(self, now: Instant, cancel: bool) -> None:
        """Note that a cancel, or another request, leaves now.

        Raises:
            TooSoon: if ``ready_at`` is later than now. Nothing is noted.
        """
        early = (self._cancel_from if cancel else self._other_from) - now
        if early > 0:
            raise TooSoon(f"the next {'cancel' if cancel else 'request'} may leave in {early} ns")
        self._latest = now
        self._all.append(now)
        self._due = (self._due if self._due > now else now) + self._spacing
        if not cancel:
            self._other.append(now)
            self._other_due = (self._other_due if self._other_due > now else now) + self._other_spacing
        self._plan()

    def pause(self, until: Instant) -> None:
        """Send no request before ``until``, after a 429. A pause that lasts longer stays.

        The pause ends at the latest ``LONGEST_PAUSE`` after the last request; for cancels, ``CANCELS_PAUSE`` after it.
        """
        self._paused = max(self._paused, min(until, self._latest + LONGEST_PAUSE))
        self._cancels_paused = max(self._cancels_paused, min(until, self._latest + CANCELS_PAUSE))
        self._plan()

    def _plan(self) -> None:
        """Compute when the next cancel, and the next other request, may leave."""
        every = self._all[0] + SECOND + 1 if len(self._all) == self.rate else 0
        paused, other_paused = max(self._cancels_paused, every), max(self._paused, every)
        self._cancel_from = max(paused, self._due - self._cancel_slack)
        others = self._other[0] + SECOND + 1 if len(self._other) == self.rate - self.reserve else 0
        paced = max(self._due - self._other_slack, self._other_due - self._other_tolerance)
        self._other_from = max(max(other_paused, others), paced)


class Pacer:
    """Spaces the reads of each path. The number of paths is small and does not grow."""

    __slots__ = ("_ready", "_spacing")

    def __init__(self, spacing: Duration = READ_SPACING) -> None:
        self._spacing: Final = spacing
        self._ready: Final[dict[str, Instant]] = {}

    def ready_at(self, path: str, now: Instant) -> Instant:
        """Return the earliest instant from ``now`` on at which this path may be read."""
        return max(now, self._ready.get(path, now))

    def take(self, path: str, now: Instant) -> None:
        """Note that this path is read now.

        Raises:
            TooSoon: if ``ready_at`` is later than now. Nothing is noted.
        """
        ready = self.ready_at(path, now)
        if ready > now:
            raise TooSoon(f"{path} may be read again in {ready - now} ns")
        self._ready[path] = now + self._spacing
