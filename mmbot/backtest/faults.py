"""Simulates failures between the daemon and the exchange. Requests are lost, delayed or rejected. The feed is disturbed
or silent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, NamedTuple

from mmbot.backtest.link import Delays
from mmbot.domain.instant import MILLISECOND, SECOND, Duration, Instant
from mmbot.engine import events as e
from mmbot.engine import requests as r

DETOUR: Final = 150 * MILLISECOND


class Fate(Enum):
    """The ways in which a request or its answer can be disturbed."""

    DONE = "done"
    LOST = "lost"
    """The fate of a request that never reaches the exchange. The daemon's request times out."""
    UNANSWERED = "unanswered"
    """The fate of a request that the exchange carries out, but whose answer is lost. The daemon's request times out."""
    LATE = "late"
    """The fate of a request that the exchange carries out only after the daemon's request timed out."""
    SLOW = "slow"
    """The fate of a request that takes ``DETOUR`` (a fixed delay) longer to reach the exchange. Other requests overtake
    it on the way."""
    LIMITED = "limited"
    """The fate of a request that the exchange answers with the HTTP status 429 (too many requests)."""
    BROKEN = "broken"
    """The fate of a request that changes nothing and is answered with an HTTP status 5xx (an error of the server)."""


Interfere = Callable[[r.Request, Instant], Fate]

Carry = Callable[[e.FeedMessage], Sequence[Duration]]
"""The type of a function that disturbs a message on its way to the daemon. It returns one extra delay for each time
that the message arrives. If it returns no delay, the message is lost."""


class Passage(NamedTuple):
    """How one request reaches the exchange, and how its answer comes back."""

    late: Duration | None = 0
    """The extra delay of the request on its way to the exchange. None if the request never arrives."""
    answered: bool = True
    failed_at: Instant = 0
    failed: e.Failed | None = None
    """The failure that the daemon sees instead of the exchange's answer. None if the daemon sees the answer."""


UNDISTURBED: Final = Passage()


class Faults:
    """The failures that are simulated in one run. Nothing is disturbed until a test sets one of the attributes."""

    def __init__(self, interfere: Interfere | None = None) -> None:
        self.interfere = interfere
        """The function that chooses the fate of each request. If it is None, every request is carried out and
        answered."""
        self.carry: Carry | None = None
        """The function that decides when each message arrives. If it is None, every message arrives once and in
        sequence."""
        self.linger: Callable[[], Duration] | None = None
        """The function that returns how much longer than usual an answer takes. If it is None, answers take the usual
        time."""
        self.hint: Duration | None = None
        """The wait that an HTTP answer 429 (too many requests) asks of the daemon. None if the answer asks for no
        wait."""
        self.silent = False
        """True if the connection of the feed is open but brings no messages."""
        self.feed_allowed = True
        """True if the exchange accepts a new connection of the feed. While it is False, the daemon keeps trying to
        connect."""

    def passage(self, request: r.Request, now: Instant, delays: Delays) -> Passage:
        """Decide what happens to a request that is sent now."""
        fate = self.interfere(request, now) if self.interfere is not None else Fate.DONE
        match fate:
            case Fate.DONE:
                return UNDISTURBED
            case Fate.SLOW:
                return Passage(late=DETOUR)
            case Fate.LIMITED | Fate.BROKEN:
                return Passage(None, False, now + delays.request + delays.answer, self._rejected(request, fate, now))
            case _:
                late = {Fate.LOST: None, Fate.UNANSWERED: 0, Fate.LATE: delays.timeout + 3 * SECOND}[fate]
                timeout = e.Failed(request.id, e.Failure.UNKNOWN, "timeout")
                return Passage(late, False, now + delays.timeout, timeout)

    def copies(self, message: e.FeedMessage) -> Sequence[Duration]:
        """Return one extra delay for each time that a message arrives. The list is empty if the message is lost."""
        if self.silent:
            return ()
        return (0,) if self.carry is None else self.carry(message)

    def answer_delay(self) -> Duration:
        """Return how much longer than usual the next answer takes."""
        return 0 if self.linger is None else self.linger()

    def _rejected(self, request: r.Request, fate: Fate, now: Instant) -> e.Failed:
        if fate is Fate.BROKEN:
            return e.Failed(request.id, e.Failure.UNKNOWN, "internal_error", "", None)
        until = None if self.hint is None else now + self.hint
        return e.Failed(request.id, e.Failure.RETRYABLE, "rate_limit_reached", "", until, e.FailureReason.TOO_MANY)
