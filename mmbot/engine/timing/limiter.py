"""Limits the rate of requests. Two limits apply: the account's limit, with a reserve for cancels, and one read a second
on each REST path.

All arithmetic is on integers, so the same calls at the same instants give the same results. Other modules decide which
request to send.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from mmbot.domain.instant import MILLISECOND, SECOND, Duration, Instant
from mmbot.engine.timing.arrivals import Arrivals

CEILING: Final = 50
"""The greatest number of requests that the exchange allows an account within any one second (docs/protocol.md 11)."""

OUTSIDE: Final = 5
"""The part of ``CEILING`` (the exchange's limit of requests a second) that is kept for requests from outside of the
engine. Examples are the renewal of the session and the upkeep of connections. While the engine is silent, a watchdog
process may use the same part."""

BURST: Final = 4
"""The number of requests that may be sent directly after each other. Cancels and other requests are counted
separately."""

REQUESTS_PAUSE: Final = 60 * SECOND
"""The longest pause of requests other than cancels after an answer 429 (too many requests), even if the answer asks for
a longer pause. The time is counted from the newest request that was sent."""

CANCELS_PAUSE: Final = SECOND
"""The longest pause of cancels after an answer 429 (too many requests). The time is counted from the newest request
that was sent."""

READ_SPACING: Final = SECOND + 50 * MILLISECOND
"""The shortest time between two reads of the same path. This time is more than a second, because two requests may come
closer together on the network (docs/protocol.md 11)."""


class TooSoon(Exception):
    """Raised if a request is recorded before it may be sent. This is a bug in mmbot. The request is not sent."""


class Limiter:
    """Limits the requests of the account.

    Three rules apply at the same time:

    - *Pace*: requests are spaced evenly (the generic cell rate algorithm), with a small burst.
    - *Count*: no period of one second holds more than ``rate`` requests. Without the cancels, no such period holds more
      than ``rate - reserve`` requests.
    - *Arrivals*: at most ``CEILING - OUTSIDE`` requests have no answer yet or were answered within the past second.
      Without the cancels, there are at most ``CEILING - OUTSIDE - reserve`` such requests. So the exchange sees at most
      ``CEILING`` requests in any second, no matter how late they leave and arrive (arrivals.py).

    Requests other than cancels leave enough of the limits for a burst of cancels, so they never delay a cancel. A
    cancel waits only for earlier cancels, as long as fewer than ``reserve`` cancels were sent in the past second.

    Raises:
        ValueError: on construction, unless 1 <= reserve < rate <= 50.
    """

    # A token bucket with the tokens of a whole second would allow nearly twice the rate in one second.

    __slots__ = (
        "_all",
        "_all_arrivals",
        "_cancel_from",
        "_cancel_slack",
        "_cancels_paused",
        "_due",
        "_latest",
        "_other",
        "_other_arrivals",
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
        self._spacing: Final[Duration] = SECOND // rate  # rounded down; the count keeps the limit exact
        self._other_spacing: Final[Duration] = SECOND // (rate - reserve)
        self._other_slack: Final[Duration] = (burst - 1) * self._spacing
        self._other_tolerance: Final[Duration] = (burst - 1) * self._other_spacing
        self._cancel_slack: Final[Duration] = (burst + min(BURST, reserve) - 1) * self._spacing
        self._all: Final[deque[Instant]] = deque(maxlen=rate)
        self._other: Final[deque[Instant]] = deque(maxlen=rate - reserve)
        self._all_arrivals: Final = Arrivals(CEILING - OUTSIDE)
        self._other_arrivals: Final = Arrivals(max(1, CEILING - OUTSIDE - reserve))
        # When the next request is due at even spacing: of all requests, and of requests other than cancels.
        self._due: Instant = 0
        self._other_due: Instant = 0
        self._paused: Instant = 0
        self._cancels_paused: Instant = 0
        self._latest: Instant = 0
        self._cancel_from: Instant = 0
        self._other_from: Instant = 0

    def ready_at(self, now: Instant, cancel: bool) -> Instant:
        """Return the earliest instant, ``now`` or later, at which a request may be sent. If ``cancel`` is true, the
        request is a cancel. Otherwise it is any other request."""
        earliest = self._cancel_from if cancel else self._other_from
        return now if now > earliest else earliest

    def take(self, now: Instant, cancel: bool, request: int | None = None) -> None:
        """Record that a request is sent now. If ``cancel`` is true, the request is a cancel. Otherwise it is any other
        request. If the id of the request is given, the request counts as under way until it is answered.

        Raises:
            TooSoon: if ``ready_at`` is later than now. The request is then not recorded.
        """
        early = (self._cancel_from if cancel else self._other_from) - now
        if early > 0:
            raise TooSoon(f"the next {'cancel' if cancel else 'request'} may leave in {early} ns")
        self._latest = now
        if request is not None:
            self._all_arrivals.sent(request, now)
            if not cancel:
                self._other_arrivals.sent(request, now)
        self._all.append(now)
        self._due = (self._due if self._due > now else now) + self._spacing
        if not cancel:
            self._other.append(now)
            self._other_due = (self._other_due if self._other_due > now else now) + self._other_spacing
        self._plan(now)

    def answered(self, request: int, now: Instant) -> None:
        """Note that a request was answered or failed."""
        self._all_arrivals.answered(request, now)
        self._other_arrivals.answered(request, now)
        if self._all_arrivals.crowded or self._other_arrivals.crowded:
            self._plan(now)

    def pause(self, until: Instant) -> None:
        """Allow no request before ``until``, because the exchange answered with 429 (too many requests). If an earlier
        pause lasts longer, the earlier pause applies. The pause ends no later than ``REQUESTS_PAUSE`` after the newest
        request that was sent. For cancels, the pause ends no later than ``CANCELS_PAUSE`` after this request.
        """
        self._paused = max(self._paused, min(until, self._latest + REQUESTS_PAUSE))
        self._cancels_paused = max(self._cancels_paused, min(until, self._latest + CANCELS_PAUSE))
        self._plan(self._latest)

    def _plan(self, now: Instant) -> None:
        """Compute when the next cancel may be sent, and when the next request of any other kind may be sent."""
        every = self._all[0] + SECOND + 1 if len(self._all) == self.rate else 0
        if self._all_arrivals.crowded:
            every = max(every, self._all_arrivals.full_until(now))
        paused, other_paused = max(self._cancels_paused, every), max(self._paused, every)
        self._cancel_from = max(paused, self._due - self._cancel_slack)
        others = self._other[0] + SECOND + 1 if len(self._other) == self.rate - self.reserve else 0
        if self._other_arrivals.crowded:
            others = max(others, self._other_arrivals.full_until(now))
        paced = max(self._due - self._other_slack, self._other_due - self._other_tolerance)
        self._other_from = max(max(other_paused, others), paced)


class Pacer:
    """Makes sure that a shortest time lies between two reads of the same REST path."""

    __slots__ = ("_ready", "_spacing")

    def __init__(self, spacing: Duration = READ_SPACING) -> None:
        self._spacing: Final = spacing
        self._ready: Final[dict[str, Instant]] = {}

    def ready_at(self, path: str, now: Instant) -> Instant:
        """Return the earliest instant, ``now`` or later, at which this path may be read."""
        return max(now, self._ready.get(path, now))

    def take(self, path: str, now: Instant) -> None:
        """Record that this path is read now.

        Raises:
            TooSoon: if ``ready_at`` is later than now. The read is then not recorded.
        """
        ready = self.ready_at(path, now)
        if ready > now:
            raise TooSoon(f"{path} may be read again in {ready - now} ns")
        self._ready[path] = now + self._spacing
