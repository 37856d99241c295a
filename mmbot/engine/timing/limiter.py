"""How fast requests may leave: the account's ceiling with a reserve for cancels, and one read a second of each path.

Integers only: the same asks at the same instants get the same answers. What to send is decided elsewhere.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from mmbot.domain.instant import MILLISECOND, SECOND, Duration, Instant

CEILING: Final = 50
"""Requests in any one second that the exchange allows an account (PROTOCOL 11)."""

BURST: Final = 4
"""Requests of each kind, cancels and others, that may leave back to back."""

CANCELS_PAUSE: Final = SECOND
"""The same for cancels: whatever a 429 says, a ``cancel_all`` is tried again within a second."""

LONGEST_PAUSE: Final = 60 * SECOND
"""A pause ends this long after the last request at the latest: a 429 with a nonsensical instant in it must not keep
cancels back for good."""

READ_SPACING: Final = SECOND + 50 * MILLISECOND
"""Between two reads of one path. Above a second, since requests bunch up a little on their way (PROTOCOL 11)."""


class TooSoon(Exception):
    """A request was taken before it was ready: our own mistake, refused so that no limit is passed by it."""


class Limiter:
    """Requests a second for the account.

    Two rules hold together. *Pace*: requests are spaced evenly (a generic cell rate), with a small burst; a bucket that
    fills up to its whole rate would let nearly twice the rate through in a second. *Count*: no closed window of one
    second holds more than ``rate`` requests, nor more than ``rate - reserve`` that are no cancels. A request that is no
    cancel needs room for the burst of cancels behind it, so it never makes the next cancel wait: while fewer than
    ``reserve`` cancels left in the last second, a cancel waits for earlier cancels only.

    The instants are those of sending. What bunches up in the network is covered by a ``rate`` below the ceiling.

    Raises:
        ValueError: on construction, unless 1 <= reserve < rate <= 50.
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
        # Where the evenly spaced series of requests has got to: of all, and of those that are no cancels.
        self._due: Instant = 0
        self._other_due: Instant = 0
        self._paused: Instant = 0
        self._cancels_paused: Instant = 0
        self._latest: Instant = 0
        self._cancel_from: Instant = 0
        self._other_from: Instant = 0

    def ready_at(self, now: Instant, cancel: bool) -> Instant:
        """The earliest instant, ``now`` or later, at which such a request may leave if none leaves before it."""
        earliest = self._cancel_from if cancel else self._other_from
        return now if now > earliest else earliest

    def take(self, now: Instant, cancel: bool) -> None:
        """Note that such a request leaves now.

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
        """Let nothing leave before ``until``: the exchange said 429. An earlier pause that lasts longer stays.

        ``until`` is cut to ``LONGEST_PAUSE`` after the last request, for cancels to ``CANCELS_PAUSE``.
        """
        self._paused = max(self._paused, min(until, self._latest + LONGEST_PAUSE))
        self._cancels_paused = max(self._cancels_paused, min(until, self._latest + CANCELS_PAUSE))
        self._plan()

    def _plan(self) -> None:
        """From when on a cancel, and any other request, may leave: what was noted so far alone decides."""
        every = self._all[0] + SECOND + 1 if len(self._all) == self.rate else 0
        self._cancel_from = max(self._cancels_paused, every, self._due - self._cancel_slack)
        others = self._other[0] + SECOND + 1 if len(self._other) == self.rate - self.reserve else 0
        paced = self._due - self._other_slack
        self._other_from = max(self._paused, every, others, paced, self._other_due - self._other_tolerance)


class Pacer:
    """BoardReader of one path, so many nanoseconds apart. The paths are few and stay."""

    __slots__ = ("_ready", "_spacing")

    def __init__(self, spacing: Duration = READ_SPACING) -> None:
        self._spacing: Final = spacing
        self._ready: Final[dict[str, Instant]] = {}

    def ready_at(self, path: str, now: Instant) -> Instant:
        """The earliest instant, ``now`` or later, at which this path may be read."""
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
