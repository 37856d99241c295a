"""Gives up requests that the shell (the code around the engine) never answers. Each request has a time limit in the
shell, so this happens only if a part of the shell hangs."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import MINUTE, NEVER, Duration, Instant, seconds
from mmbot.engine.events import Failed, Failure
from mmbot.engine.orders import Severity
from mmbot.engine.requests import Request
from mmbot.engine.state.shared import Shared

MORE: Final = 2 * MINUTE
"""A request without an answer is given up after this time plus twice the longest time limit of a request. This long
wait is needed because a read of matches may have many pages, and a request may have to wait for a session."""


class Unanswered:
    """Gives up each request without an answer after some time, so that no part of the engine waits for ever. It is then
    unknown whether the exchange carried out the request."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        exchange = shared.config.exchange
        self._longest: Final[Duration] = MORE + 2 * seconds(max(exchange.change_timeout_s, exchange.read_timeout_s))

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the oldest unanswered request is given up. If no request is unanswered, the
        result is ``NEVER``."""
        for sent in self._shared.in_flight.values():  # in the order of sending
            return sent.sent_at + self._longest
        return NEVER

    def next(self, now: Instant) -> Request | None:
        """Tell the owner of each overdue request that no answer came. The result is always None, because no request has
        to be sent for this."""
        shared = self._shared
        while self.due_at(now) <= now:
            number, sent = next(iter(shared.in_flight.items()))
            del shared.in_flight[number]
            shared.outbox.alert(Severity.ERROR, "request.unanswered", request=type(sent.request).__name__)
            sent.owner.on_answer(sent.request, sent.sent_at, Failed(number, Failure.UNKNOWN, "no_answer"), now)
        return None
