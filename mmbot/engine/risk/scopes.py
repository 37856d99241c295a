"""The five kinds of scope that have a limit (line, market, sport event, tournament, account), the three thresholds of a
scope, and the threshold that a line has reached.

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
    """The scope of a limit: a line, a market, a sport event, a tournament or the account."""

    kind: str
    """The kind of scope of the limit: ``line``, ``market``, ``sport_event``, ``tournament`` or ``account``."""
    id: LineKey | tuple[int, int] | int
    """The LineKey of a line, the MarketKey of a market, or the id of a sport event or tournament. For the account, the
    value is 0."""

    @property
    def numbers(self) -> str:
        """Return the id as text. Examples are ``10/223/-3.5`` for a line (its sport event, its market, and its point
        spread or total), ``10/223`` for a market, and ``10`` for a sport event or tournament."""
        match self.id:
            case LineKey() as line:
                return f"{line.sport_event}/{line.market}/{line.number / 4:g}"
            case tuple() as numbers:
                return "/".join(str(number) for number in numbers)
            case number:
                return str(number)


ACCOUNT_SCOPE: Final = LimitScope("account", 0)


class Reached(IntEnum):
    """The highest threshold that any of a line's five scopes has reached.

    A scope does not jump back and forth between two thresholds. The soft and hedge thresholds are compared with the
    *matched* worst case (the largest possible loss if no more stake is matched). Only a match, a settlement or a void
    changes this worst case. Prices do not change it. A hedge brings the worst case from the hedge threshold back to the
    soft threshold, which is far lower.
    """

    NOTHING = 0
    SOFT = 1
    """The stage at which the matched worst case (the largest possible loss if no more stake is matched) has reached the
    soft threshold. Only quotes that reduce this loss are sent."""
    HEDGE = 2
    """The stage at which the matched worst case (the largest possible loss if no more stake is matched) has reached the
    hedge threshold."""
    OVER = 3
    """The stage at which the worst case, including all stakes that could still be matched, is above the limit. Only
    quotes that reduce the worst case are sent. The cause is a lowered limit, or wagers that somebody else placed on the
    account."""


class LineLimits(msgspec.Struct, frozen=True):
    """The limits that apply to a line, in cents. Each limit is the general limit, or the limit of the line's quoting
    rule if the rule's limit is lower."""

    line: Cents
    market: Cents
    sport_event: Cents
    tournament: Cents
    account: Cents
    stake: Cents
    """The largest stake that one wager on the line may have."""


class Thresholds(NamedTuple):
    """The thresholds of one scope (such as a line or the account), in cents."""

    soft: Cents
    hedge: Cents
    limit: Cents


def resolve(limits: LimitsConfig, rule: RuleLimits | None) -> LineLimits:
    """Return, for each limit, the lower of two amounts in cents: the general limit, and the limit of the quoting
    rule."""
    rule = rule or RuleLimits()
    return LineLimits(
        line=_tighter(limits.line, rule.line),
        market=_tighter(limits.market, rule.market),
        sport_event=_tighter(limits.event, rule.event),
        tournament=cents(limits.tournament),
        account=cents(limits.account),
        stake=_tighter(limits.stake, rule.stake),
    )


def _tighter(general: float, rule: float | None) -> Cents:
    return cents(general if rule is None else min(general, rule))
