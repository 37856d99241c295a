"""Faults between the daemon and the exchange of a run: lost, late and rejected requests, a disturbed or silent feed."""

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
    """The fault that a request meets."""

    DONE = "done"
    LOST = "lost"
    """The request never reaches the exchange; the daemon times out."""
    UNANSWERED = "unanswered"
    """The exchange carries the request out; the answer is lost and the daemon times out."""
    LATE = "late"
    """The daemon times out, and then the exchange carries the request out after all."""
    SLOW = "slow"
    """Other requests overtake it: its way to the exchange takes ``DETOUR`` longer."""
    LIMITED = "limited"
    """The exchange answers 429."""
    BROKEN = "broken"
    """The exchange answers with a 5xx before anything was done."""


Interfere = Callable[[r.Request, Instant], Fate]

Carry = Callable[[e.FeedMessage], Sequence[Duration]]
"""How much later than usual each copy of a message arrives: none if the message is lost, two if it comes twice."""


class Passage(NamedTuple):
    """The way of one request to the exchange and back."""

    late: Duration | None = 0
    """How much later than usual the request arrives; None if it never does."""
    answered: bool = True
    failed_at: Instant = 0
    failed: e.Failed | None = None
    """The failure that the daemon sees at ``failed_at``; None if it sees the exchange's answer."""


UNDISTURBED: Final = Passage()


class Faults:
    """The faults of one run. Nothing is disturbed until a test sets one of the members."""

    def __init__(self, interfere: Interfere | None = None) -> None:
        self.interfere = interfere
        """Chooses the fate of each request. None: every request is carried out and answered."""
        self.carry: Carry | None = None
        """None: every message arrives once and in order."""
        self.linger: Callable[[], Duration] | None = None
        """How much longer than usual an answer takes."""
        self.hint: Duration | None = None
        """The wait that a 429 asks for; None if it asks for none."""
        self.silent = False
        """The connection is open, but nothing comes over it."""
        self.feed_allowed = True
        """True if the exchange accepts a new connection of the feed. While it is false, the daemon tries again."""

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
        """Return how much later than usual each copy of a message arrives."""
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
        return e.Failed(request.id, e.Failure.LATER, "rate_limit_reached", "", until, e.Rejection.TOO_MANY)
