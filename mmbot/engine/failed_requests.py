"""Logs failed requests, and pauses all requests after the exchange answered with 429. The part of the engine that made
a request decides whether to repeat it."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import SECOND, Instant
from mmbot.engine.events import Failed, Failure, FailureReason
from mmbot.engine.orders import Severity
from mmbot.engine.requests import Request
from mmbot.engine.state.shared import Shared

LOG_QUIET: Final = 10 * SECOND
"""The shortest time between two log entries for the same kind of request and the same error code."""


class FailedRequests:
    """Logs failed requests, and pauses all requests after the exchange answered with 429."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._logged: dict[tuple[str, str], tuple[Instant, int]] = {}
        """For each kind of request and each error code: the instant of the latest log entry, and the number of failures
        after this entry."""

    def note(self, request: Request, answer: Failed, now: Instant) -> None:
        """Log a failure. If the same failure (kind of request and error code) was logged less than ``LOG_QUIET`` (10 s)
        ago, do not log it. If the exchange answered with 429, pause all requests."""
        shared = self._shared
        kind = (type(request).__name__, answer.code)
        last, silent = self._logged.get(kind, (now - LOG_QUIET, 0))
        if now - last < LOG_QUIET:
            self._logged[kind] = (last, silent + 1)
        else:
            self._logged[kind] = (now, 0)
            shared.outbox.alert(
                Severity.ERROR if answer.failure is Failure.BUG else Severity.WARNING,
                "request.failed",
                request=kind[0],
                failure=answer.failure.value,
                code=answer.code,
                message=answer.message,
                more_since_last=silent,
            )
        if answer.reason is FailureReason.TOO_MANY:
            shared.limiter.pause(answer.retry_at or now + SECOND)
