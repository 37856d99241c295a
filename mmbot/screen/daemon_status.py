"""The status of a daemon. It is the engine's status together with facts that the engine does not know."""

from __future__ import annotations

from typing import Final

import msgspec

from mmbot.domain.instant import Instant, iso
from mmbot.domain.money import show
from mmbot.domain.words import counted
from mmbot.engine.events import FailureReason
from mmbot.engine.status import EngineStatus
from mmbot.exchange.credentials import check_keys

FEED: Final = "feed"
"""The value of ``Trouble.what`` for a failure of the feed. For any other failure, ``what`` is the name of a request."""


class Unreachable(Exception):
    """Raised if no daemon answers. The message names the address that was tried."""


class Trouble(msgspec.Struct, frozen=True):
    """The failures of one kind of request or of the feed, since its newest success."""

    what: str
    """The name of the newest request that failed. For a failure of the feed, the value is ``feed``."""
    code: str
    message: str
    tries: int
    since: Instant
    at: Instant
    """The time of the newest failure."""
    reason: FailureReason = FailureReason.OTHER
    """The engine's name for the reason of the newest failure."""


class DaemonStatus(EngineStatus, frozen=True):
    """The engine's status together with facts that the engine does not know."""

    environment: str = ""
    """The value of the setting ``environment``: local, sandbox or production."""
    exchange: str = ""
    """The scheme, host and port of the exchange's REST API."""
    trouble: Trouble | None = None
    price_file: str | None = None
    """The reason why the user's price file cannot be used. None if the file can be used, or if the settings name no
    file."""


def quoting_text(status: EngineStatus) -> str:
    """Return a text about the lines that should be quoted. It has the number of quoted lines, and the reasons why the
    other lines are not quoted."""
    lines = status.lines
    if not status.may_quote:
        return "not quoting"
    if not lines.quotable:
        return f"quoting nothing: {lines.why_not}"
    text = f"quoting {lines.quoted} of {counted(lines.quotable, 'line')}"
    if lines.why_not is None:
        return text
    return f"{text}: {lines.why_not}" if not lines.quoted else f"{text}; others: {lines.why_not}"


def balance_text(status: EngineStatus) -> str:
    """Return the balance with the time since it was read."""
    if status.balance is None:
        return "unknown"
    age = "" if status.balance_age_s is None else f" ({status.balance_age_s:.0f} s ago)"
    return f"{show(status.balance)}{age}"


def kill_switch_text(status: EngineStatus) -> str | None:
    """Return a text that says why the kill switch is on, and whether it would stay on after a restart. None if the kill
    switch is off."""
    if status.latched is None:
        return None
    unstored = status.latch_unstored
    forgotten = "" if unstored is None else f" (NOT STORED, so a restart would quote again: {unstored})"
    return f"KILL SWITCH ON{forgotten}: {status.latched}"


def trouble_text(status: EngineStatus) -> str | None:
    """Describe the present failure in a sentence. None if no failure is known."""
    if not isinstance(status, DaemonStatus) or status.trouble is None:
        return None
    trouble = status.trouble
    why = ": ".join(filter(None, (trouble.code, trouble.message)))
    if trouble.reason is FailureReason.UNREACHABLE:
        text = f"cannot reach the exchange: {trouble.message or 'no connection'} at {status.exchange}"
    elif trouble.reason is FailureReason.LOGIN:
        text = f"the exchange rejects the log-in: {trouble.message}: {check_keys(status.environment)}, and start again"
    elif trouble.what == FEED:
        text = f"the feed does not stay connected: {why}"
    else:
        text = f"{trouble.what} fails: {why}"
    tries = "try" if trouble.tries == 1 else "tries"
    return f"{text} ({trouble.tries} {tries} since {iso(trouble.since)[11:19]}Z)"


def price_file_text(status: EngineStatus) -> str | None:
    """Return a text that says why the user's price file cannot be used. None if the file can be used."""
    if not isinstance(status, DaemonStatus) or status.price_file is None:
        return None
    first, *more = status.price_file.splitlines()
    others = f" (and {counted(len(more), 'other mistake')})" if more else ""
    return f"your own prices are not read: {first}{others}; earlier prices are used until they are too old"
