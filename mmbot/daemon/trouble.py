"""Remembers the present failures between the daemon and the exchange, so that an operator can see why nothing is
quoted.

A failure is shown until a success shows that it is over. The engine decides how to react to the failure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from mmbot.config import Config
from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant
from mmbot.engine.events import Answer, Failed, Failure, FailureReason
from mmbot.engine.orders import ANOTHERS_STATE
from mmbot.engine.requests import Request
from mmbot.engine.status import EngineStatus
from mmbot.exchange.credentials import LOGIN_REJECTED, check_keys
from mmbot.screen.daemon_status import FEED, DaemonStatus, Trouble

_FOR_ALL: Final = (FailureReason.UNREACHABLE, FailureReason.LOGIN)

LOOK: Final = "wagers may be open: run mmbot kill -c FILE, and look at the account yourself"
"""The advice to the operator after a run that could not prove that no wager is open."""

RESUME: Final = "no wager is open. The kill switch is on: look at the fault, then run mmbot resume -c FILE"
"""The advice to the operator after an error in the engine."""

OUTAGE: Final = 15 * SECOND
"""The time without a repetition after which an outage (such as an answer 503) is over. The exchange must also have
answered a request in the meantime."""

REJECTION: Final = 5 * MINUTE
"""The time without a repetition after which a rejection by the exchange is over. The exchange must also have answered a
request in the meantime."""


class Troubles:
    """The present failures, by the kind of request. An unreachable exchange counts as one failure, whatever the request
    was. So does a rejected log-in."""

    def __init__(self) -> None:
        self._failing: dict[str | FailureReason, Trouble] = {}
        self._shown_for: dict[str | FailureReason, Duration] = {}
        self._answered_at: Instant = 0
        self.prices: str | None = None
        """The reason why the user's price file cannot be used. None if the file can be used, or if the settings name no
        file."""

    def answered(self, request: Request, answer: Answer, now: Instant) -> None:
        """Record the answer to a request. An answer without a failure shows that the exchange is reachable and accepts
        the log-in."""
        what = type(request).__name__
        if isinstance(answer, Failed):
            key = answer.reason if answer.reason in _FOR_ALL else what
            self._shown_for[key] = REJECTION if answer.failure in (Failure.REJECTED, Failure.BUG) else OUTAGE
            self._note(key, what, answer.code, answer.message, now, answer.reason)
        else:
            self._answered_at = now
            for key in (what, *_FOR_ALL):
                self._failing.pop(key, None)

    def feed_ended(self, was_up: bool, code: str, message: str, now: Instant) -> None:
        """Record that a feed connection was lost, or that an attempt to connect failed."""
        if was_up:
            self._failing.pop(FEED, None)
        self._note(FEED, FEED, code, message, now)

    def price_file(self, why: str | None) -> None:
        """Record the reason why the user's price file cannot be used. None means that the file was read."""
        self.prices = why

    def latest(self, feed_up: bool, now: Instant) -> Trouble | None:
        """Return the newest failure that is not over. None if there is none.

        A failure of the feed is over once the feed is up. The failure of a request is over once a request of the same
        kind succeeds. It is also over if it is old and the exchange has answered other requests since. A rejected
        log-in is returned first, because it causes other failures.
        """
        for key in [key for key in self._failing if self._is_over(key, now)]:
            del self._failing[key]
        if (rejected := self._failing.get(FailureReason.LOGIN)) is not None:
            return rejected
        failing = [trouble for key, trouble in self._failing.items() if key != FEED or not feed_up]
        return max(failing, key=lambda trouble: trouble.at, default=None)

    def _is_over(self, key: str | FailureReason, now: Instant) -> bool:
        if key == FEED or key in _FOR_ALL:
            return False
        failed_at = self._failing[key].at
        return self._answered_at > failed_at and now - failed_at >= self._shown_for[key]

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


def address_of(config: Config) -> str:
    """Return the scheme, host and port of the exchange's REST API."""
    parts = urlsplit(config.exchange.base_url)
    return f"{parts.scheme}://{parts.netloc}"


def with_trouble(status: EngineStatus, config: Config, troubles: Troubles) -> DaemonStatus:
    """Return the engine's status with the present failure added."""
    return DaemonStatus(
        **msgspec.structs.asdict(status),
        environment=config.environment,
        exchange=address_of(config),
        trouble=troubles.latest(status.feed_up, status.now),
        price_file=troubles.prices,
    )


def hint_at_end(reason: str, code: int, environment: str, directory: Path) -> dict[str, str]:
    """Return advice about the reason why the daemon ended. The result is empty if there is no advice."""
    if reason == LOGIN_REJECTED:
        return {"hint": check_keys(environment)}
    if reason == ANOTHERS_STATE:
        return {
            "hint": f"the exchange knows none of the wagers in {directory}: they belong to another exchange "
            "or account, or the exchange was reset. If so, move all journal.sqlite* files away, or set another "
            "state_dir"
        }
    return {"hint": LOOK} if code == 3 else {}
