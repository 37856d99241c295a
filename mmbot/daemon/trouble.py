"""Remember what fails at present between daemon and exchange, for an operator who asks why nothing is quoted.

A failure is kept until a success shows that it is over. The engine decides how to react to the failure.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

from mmbot.config import Config
from mmbot.domain.instant import Instant
from mmbot.engine.events import Answer, Failed, FailureReason
from mmbot.engine.requests import Request
from mmbot.engine.status import Status
from mmbot.screen.daemon_status import FEED, DaemonStatus, Trouble

_FOR_ALL: Final = (FailureReason.UNREACHABLE, FailureReason.LOGIN)


class Troubles:
    """The present failures, by kind of request. An unreachable exchange is one failure for all kinds, and so is a
    rejected log-in."""

    def __init__(self) -> None:
        self._failing: dict[str | FailureReason, Trouble] = {}

    def answered(self, request: Request, answer: Answer, now: Instant) -> None:
        """Take the answer to a request. An answer from the exchange shows that it is reachable and accepts the
        log-in."""
        what = type(request).__name__
        if isinstance(answer, Failed):
            key = answer.reason if answer.reason in _FOR_ALL else what
            self._note(key, what, answer.code, answer.message, now, answer.reason)
        else:
            for key in (what, *_FOR_ALL):
                self._failing.pop(key, None)

    def feed_ended(self, was_up: bool, code: str, message: str, now: Instant) -> None:
        """Take the loss of a feed connection, or a failed attempt to connect."""
        if was_up:
            self._failing.pop(FEED, None)
        self._note(FEED, FEED, code, message, now)

    def latest(self, feed_up: bool) -> Trouble | None:
        """Return the latest failure that is not over; None if there is none. A feed failure is over once the feed is
        up. A rejected log-in comes first, since it causes other failures."""
        if (rejected := self._failing.get(FailureReason.LOGIN)) is not None:
            return rejected
        failing = [trouble for key, trouble in self._failing.items() if key != FEED or not feed_up]
        return max(failing, key=lambda trouble: trouble.at, default=None)

    def _note(
        self,
        key: str | FailureReason,
        what: str,
        code: str,
        message: str,
        now: Instant,
        reason: FailureReason = FailureReason.OTHER,
    ) -> None:
        before = self._failing.get(key)
        tries, since = (before.tries + 1, before.since) if before is not None else (1, now)
        self._failing[key] = Trouble(what, code, message, tries, since, now, reason)


def with_trouble(status: Status, config: Config, troubles: Troubles) -> DaemonStatus:
    """Return the engine's status together with the present failure."""
    parts = urlsplit(config.exchange.base_url)
    return DaemonStatus(
        **msgspec.structs.asdict(status),
        environment=config.environment,
        exchange=f"{parts.scheme}://{parts.netloc}",
        trouble=troubles.latest(status.feed_up),
    )
