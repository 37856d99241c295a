"""The five kinds of scope that have a limit, the three thresholds of a scope, and the threshold that a line has
reached.

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
    """``line``, ``market``, ``sport_event``, ``tournament`` or ``account``."""
    id: LineKey | tuple[int, int] | int
    """The LineKey of a line, the MarketKey of a market, the id of a sport event or tournament; 0 for the account."""

    @property
    def numbers(self) -> str:
        """Return the id as text: ``10/223/-3.5`` (sport event, market, number of the line), ``10/223`` for a market,
        ``10`` for a sport event or tournament."""
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

    No hysteresis is needed. The soft and hedge thresholds are compared with the *matched* worst case. Prices do not
    change this amount; only a match, a settlement or a void changes it. A hedge brings it from the hedge threshold back
    to the soft threshold, which is far below.
    """

    NOTHING = 0
    SOFT = 1
    """The matched worst case is at the soft threshold or above: only quotes that reduce it are sent."""
    HEDGE = 2
    """The matched worst case is at the hedge threshold or above."""
    OVER = 3
    """The worst case, with all that could still match, is above the limit: only quotes that reduce it are sent. This
    happens if the limit was lowered, or because of wagers that the bot did not place."""


class LineLimits(msgspec.Struct, frozen=True):
    """The limits that apply to a line, in cents. Each is the general limit, or the limit of the line's rule if this is
    lower."""

    line: Cents
    market: Cents
    sport_event: Cents
    tournament: Cents
    account: Cents
    stake: Cents
    """The largest stake of one wager."""


class Thresholds(NamedTuple):
    """The thresholds of one scope, in cents."""

    soft: Cents
    hedge: Cents
    limit: Cents


def resolve(limits: LimitsConfig, rule: RuleLimits | None) -> LineLimits:
    """Return, for each limit, the lower of the general limit and the rule's limit, in cents."""
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
