"""Gives up requests to which the shell brings no answer. Each request has a time limit in the shell, so this happens
only if a part of the shell hangs."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import MINUTE, Duration, Instant, seconds
from mmbot.engine.events import Failed, Failure
from mmbot.engine.orders import Severity
from mmbot.engine.requests import Request
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import NEVER

MORE: Final = 2 * MINUTE
"""How much longer than twice its time limit a request may stay unanswered. A read of matches may consist of many pages,
and a request may wait for a session."""


class Unanswered:
    """Treats a request without an answer like one whose outcome is unknown, so that nothing waits for it for ever."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        exchange = shared.config.exchange
        self._longest: Final[Duration] = MORE + 2 * seconds(max(exchange.change_timeout_s, exchange.read_timeout_s))

    def due_at(self, now: Instant) -> Instant:
        """Return when the oldest request in flight is given up; ``NEVER`` if there is none."""
        for sent in self._shared.in_flight.values():  # in the order of sending
            return sent.sent_at + self._longest
        return NEVER

    def next(self, now: Instant) -> Request | None:
        """Tell the owner of each overdue request that no answer came. Return None: nothing is to be sent."""
        shared = self._shared
        while self.due_at(now) <= now:
            number, sent = next(iter(shared.in_flight.items()))
            del shared.in_flight[number]
            shared.outbox.alert(Severity.ERROR, "request.unanswered", request=type(sent.request).__name__)
            sent.owner.on_answer(sent.request, sent.sent_at, Failed(number, Failure.UNKNOWN, "no_answer"), now)
        return None
