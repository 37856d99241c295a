"""The five scopes that a limit can be for, their thresholds, and which threshold a line has reached.

Source: DESIGN, *Rules of money*.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from mmbot.config import LimitsConfig, RuleLimits
from mmbot.domain.catalogue import LineKey
from mmbot.domain.money import Cents, cents


class LimitScope(NamedTuple):
    """The lines that a limit is for."""

    kind: str
    """``line``, ``market``, ``event``, ``tournament`` or ``account``."""
    id: LineKey | tuple[int, int] | int
    """LineKey, MarketKey, event id, tournament id; 0 for the account."""

    @property
    def numbers(self) -> str:
        """The id as text: ``10/223/-3.5``, ``10/223``, ``10``."""
        match self.id:
            case LineKey() as line:
                return f"{line.event}/{line.market}/{line.number / 4:g}"
            case tuple() as numbers:
                return "/".join(str(number) for number in numbers)
            case number:
                return str(number)


ACCOUNT_SCOPE: Final = LimitScope("account", 0)


class Reached(IntEnum):
    """The threshold that a line has reached, by the worst of its five scopes.

    There is no hysteresis. What counts for a threshold is what is *matched*, and only a match, a settlement or a void
    moves that: prices do not. A hedge leads from the hedge threshold back to soft, which is far below.
    """

    NOTHING = 0
    SOFT = 1
    """Matched worst case at soft or above: only the reducing side is quoted. Left when it is below soft."""
    HEDGE = 2
    """Matched worst case at the hedge threshold or above."""
    OVER = 3
    """Matched and what could still match is above the limit (it was lowered, a wager is not ours): only reducing."""


class LineLimits(msgspec.Struct, frozen=True):
    """The limits that a line is under, in cents: the general ones, or its rule's where those are tighter."""

    line: Cents
    market: Cents
    event: Cents
    tournament: Cents
    account: Cents
    stake: Cents
    """The most that one wager may stake."""


class Thresholds(NamedTuple):
    """The thresholds of one scope, in cents."""

    soft: Cents
    hedge: Cents
    limit: Cents


def resolve(limits: LimitsConfig, rule: RuleLimits | None) -> LineLimits:
    """The general limits and a rule's, in cents, whichever is tighter."""
    rule = rule or RuleLimits()
    return LineLimits(
        line=_tighter(limits.line, rule.line),
        market=_tighter(limits.market, rule.market),
        event=_tighter(limits.event, rule.event),
        tournament=cents(limits.tournament),
        account=cents(limits.account),
        stake=_tighter(limits.stake, rule.stake),
    )


def _tighter(general: float, rule: float | None) -> Cents:
    return cents(general if rule is None else min(general, rule))
