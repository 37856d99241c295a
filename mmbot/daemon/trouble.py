"""What fails between the daemon and the exchange right now, for whoever asks why nothing is quoted.

A failure is kept until something succeeds that shows it to be over; what is done about it is the engine's.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

from mmbot.config import Config
from mmbot.daemon.keys import LOGIN_REFUSED, check_keys
from mmbot.domain.instant import Instant, iso
from mmbot.engine.events import Answer, Failed
from mmbot.engine.requests import Request
from mmbot.engine.status import Status

UNREACHABLE: Final = "connection"
"""The code of what never reached the exchange."""

_FOR_ALL: Final = (UNREACHABLE, LOGIN_REFUSED)
_FEED: Final = "feed"


class Trouble(msgspec.Struct, frozen=True):
    """Failures of one kind that no success has followed yet."""

    what: str
    """The request that failed last, or ``feed``."""
    code: str
    message: str
    tries: int
    since: Instant
    at: Instant
    """When it failed last."""


class DaemonStatus(Status, frozen=True):
    """The engine's status, with what only the shell around it knows."""

    environment: str = ""
    """By the settings."""
    exchange: str = ""
    """Scheme, host and port of its REST root."""
    trouble: Trouble | None = None


class Troubles:
    """Keeps what fails, by request; what cannot be reached, or is not let in, fails for all of them together."""

    def __init__(self) -> None:
        self._failing: dict[str, Trouble] = {}

    def answered(self, request: Request, answer: Answer, now: Instant) -> None:
        """Note how a request ended. Any answer of the exchange shows that it can be reached and lets us in."""
        what = type(request).__name__
        if isinstance(answer, Failed):
            key = answer.code if answer.code in _FOR_ALL else what
            self._note(key, what, answer.code, answer.message, now)
        else:
            for key in (what, *_FOR_ALL):
                self._failing.pop(key, None)

    def feed_ended(self, was_up: bool, code: str, message: str, now: Instant) -> None:
        """Note a connection of the feed that was lost, or an attempt at one that failed."""
        if was_up:
            self._failing.pop(_FEED, None)
        self._note(_FEED, _FEED, code, message, now)

    def latest(self, feed_up: bool) -> Trouble | None:
        """What failed last and still does; the feed's own troubles are over once it is up. A refused log-in comes
        before what fails by it."""
        if (refused := self._failing.get(LOGIN_REFUSED)) is not None:
            return refused
        failing = [trouble for key, trouble in self._failing.items() if key != _FEED or not feed_up]
        return max(failing, key=lambda trouble: trouble.at, default=None)

    def _note(self, key: str, what: str, code: str, message: str, now: Instant) -> None:
        before = self._failing.get(key)
        tries, since = (before.tries + 1, before.since) if before is not None else (1, now)
        self._failing[key] = Trouble(what, code, message, tries, since, now)


def with_trouble(status: Status, config: Config, troubles: Troubles) -> DaemonStatus:
    """The engine's status with what fails right now."""
    parts = urlsplit(config.exchange.base_url)
    return DaemonStatus(
        **msgspec.structs.asdict(status),
        environment=config.environment,
        exchange=f"{parts.scheme}://{parts.netloc}",
        trouble=troubles.latest(status.feed_up),
    )


def trouble_text(status: Status) -> str | None:
    """What fails, as a sentence for a person; None if nothing does or it is not known."""
    if not isinstance(status, DaemonStatus) or status.trouble is None:
        return None
    trouble = status.trouble
    why = ": ".join(filter(None, (trouble.code, trouble.message)))
    if trouble.code == UNREACHABLE:
        text = f"cannot reach the exchange: {trouble.message or 'no connection'} at {status.exchange}"
    elif trouble.code == LOGIN_REFUSED:
        text = f"the exchange refuses the log-in: {trouble.message}: {check_keys(status.environment)}, and start again"
    elif trouble.what == _FEED:
        text = f"the feed cannot be kept up: {why}"
    else:
        text = f"{trouble.what} fails: {why}"
    tries = "try" if trouble.tries == 1 else "tries"
    return f"{text} ({trouble.tries} {tries} since {iso(trouble.since)[11:19]}Z)"
