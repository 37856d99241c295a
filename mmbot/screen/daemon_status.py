"""The status that a daemon shows: the engine's account of itself, with what only the shell around it knows."""

from __future__ import annotations

from typing import Final

import msgspec

from mmbot.domain.instant import Instant, iso
from mmbot.engine.events import Rejection
from mmbot.engine.status import Status
from mmbot.exchange.credentials import check_keys

FEED: Final = "feed"
"""What a failure of the feed is called in place of a request."""


class Unreachable(Exception):
    """No daemon answers; the message says where it was looked for."""


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
    rejection: Rejection = Rejection.OTHER
    """The reason, as far as the text depends on it."""


class DaemonStatus(Status, frozen=True):
    """The engine's status, with what only the shell around it knows."""

    environment: str = ""
    """By the settings."""
    exchange: str = ""
    """Scheme, host and port of its REST root."""
    trouble: Trouble | None = None


def trouble_text(status: Status) -> str | None:
    """What fails, as a sentence for a person; None if nothing does or it is not known."""
    if not isinstance(status, DaemonStatus) or status.trouble is None:
        return None
    trouble = status.trouble
    why = ": ".join(filter(None, (trouble.code, trouble.message)))
    if trouble.rejection is Rejection.UNREACHABLE:
        text = f"cannot reach the exchange: {trouble.message or 'no connection'} at {status.exchange}"
    elif trouble.rejection is Rejection.LOGIN:
        text = f"the exchange refuses the log-in: {trouble.message}: {check_keys(status.environment)}, and start again"
    elif trouble.what == FEED:
        text = f"the feed cannot be kept up: {why}"
    else:
        text = f"{trouble.what} fails: {why}"
    tries = "try" if trouble.tries == 1 else "tries"
    return f"{text} ({trouble.tries} {tries} since {iso(trouble.since)[11:19]}Z)"
