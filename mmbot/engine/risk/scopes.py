"""The five scopes that a limit can be for, their thresholds, and which threshold a line has reached.

Source: docs/design.md, *Thresholds*.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from mmbot.config import LimitsConfig, RuleLimits
from mmbot.domain.catalogue import LineKey
from mmbot.domain.money import Cents, cents


class LimitScope(NamedTuple):
    """The scope of a limit: one line, or a set of lines."""

    kind: str
    """``line``, ``market``, ``event``, ``tournament`` or ``account``."""
    id: LineKey | tuple[int, int] | int
    """The LineKey, the MarketKey, the id of the sport event or of the tournament; 0 for the account."""

    @property
    def numbers(self) -> str:
        """Return the id as text: ``10/223/-3.5``, ``10/223``, ``10``."""
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

    There is no hysteresis. A threshold is compared with the *matched* worst case, which only a match, a settlement or a
    void changes; prices do not. A hedge brings it from the hedge threshold back to soft, which is far below.
    """

    NOTHING = 0
    SOFT = 1
    """The matched worst case is at soft or above: only the reducing side is quoted."""
    HEDGE = 2
    """The matched worst case is at the hedge threshold or above."""
    OVER = 3
    """The worst case, with all that could still match, is above the limit: only the reducing side is quoted. It happens
    if the limit was lowered, or by wagers that are not ours."""


class LineLimits(msgspec.Struct, frozen=True):
    """The limits of a line, in cents: the general limits, or those of its rule where they are tighter."""

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
    """Return the tighter of the general limits and of a rule's, in cents."""
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
