"""Suspected differences between our figures of a wager and the exchange's figures.

At first, a difference is only a doubt. For example, a private message that explains the difference may still be on its
way, or the exchange's answer may be older than a message that came before. After the grace period, the wager is read
again. If the difference is still there, and no message about the wager came meanwhile, the doubt becomes a difference.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents, show
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.domain.wager_states import FINAL, State
from mmbot.engine.wagers.wager import Wager


class Cause(Enum):
    """The reason why our figures of a wager are in doubt."""

    DIFFERS = "differs"
    """The cause of a doubt: the exchange's report of the wager differs from our figures."""
    NOT_SHOWN = "not_shown"
    """The cause of a doubt: we count the wager as open, but a complete list of open wagers lacks the wager."""
    UNCONFIRMED = "unconfirmed"
    """The cause of a doubt: a message reported a match or a result, but a complete list of changed wagers lacks the
    wager."""
    OVERTAKEN = "overtaken"
    """The cause of a doubt: a read reported a change before any message did. If no such message comes, the message was
    lost."""


class Doubt:
    """A suspected difference between our figures of one wager and the exchange's figures."""

    __slots__ = ("asking", "cause", "look_at", "misses", "since", "wager_id")

    def __init__(self, wager_id: str, cause: Cause, now: Instant, look_at: Instant) -> None:
        self.wager_id: Final = wager_id
        self.cause: Final = cause
        self.since: Final = now
        self.look_at = look_at
        """The instant at which the suspected difference is examined, in most cases by a read of the wager from the
        exchange."""
        self.misses = 0
        """The number of times that the exchange said that it does not know the wager."""
        self.asking = False
        """True while a read of the wager has no answer yet."""


class Figures(NamedTuple):
    """The figures of a wager that decide its risk and its profit, in cents."""

    open: Cents
    """The part of the wager's stake that could still be matched."""
    matched: Cents
    result: Winning | None
    """The result of the wager. After a void, this is the exchange's value NO_RESULT. None while the wager has no
    result."""

    def __str__(self) -> str:
        result = "no result yet" if self.result is None else self.result.value.replace("_", " ")
        return f"{show(self.open)} open, {show(self.matched)} matched, {result}"


def ours(wager: Wager) -> Figures:
    """Return the figures of a wager by our own records."""
    return Figures(wager.remaining, wager.matched, _ours_result(wager))


def theirs(report: WagerReport) -> Figures:
    """Return the figures of a wager by the exchange's report."""
    void = report.status is Status.VOID
    total = report.matched
    if not total and report.matching is Matching.FULLY_MATCHED:
        total = report.stake
    could_match = report.resting or report.status is Status.INACTIVE
    decided = report.status in _DECIDED and report.winning is not Winning.TBD
    result = Winning.NO_RESULT if void else report.winning if decided else None
    return Figures(max(0, report.stake - total) if could_match else 0, 0 if void else total, result)


def _ours_result(wager: Wager) -> Winning | None:
    if wager.state is State.VOID:
        return Winning.NO_RESULT
    return wager.result if wager.state in FINAL and wager.result is not Winning.TBD else None


_DECIDED: Final = (Status.SETTLED, Status.CLOSED, Status.MANUALLY_SETTLED)
