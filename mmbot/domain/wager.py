"""A wager as the exchange reports it: its states (second document of the specification), a report, and a match."""

from __future__ import annotations

from enum import Enum

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds


class Status(Enum):
    """The exchange's field ``status``: the state of the wager."""

    INACTIVE = "inactive"
    OPEN = "open"
    INVALID = "invalid"
    CANCELED = "canceled"
    VOID = "void"
    WIPED = "wiped"
    MANUALLY_SETTLED = "manually_settled"
    SETTLED = "settled"
    CLOSED = "closed"


class Matching(Enum):
    """The exchange's field ``matching_status``. A cancel after a partial match gives FULLY_MATCHED, and cuts the stake
    to the matched part."""

    UNMATCHED = "unmatched"
    PARTIALLY_MATCHED = "partially_matched"
    FULLY_MATCHED = "fully_matched"


class Winning(Enum):
    """The exchange's field ``winning_status``. Version 4 says ``profit`` and ``loss`` for WON and LOST."""

    TBD = "tbd"
    WON = "won"
    LOST = "lost"
    NO_RESULT = "no_result"
    MANUALLY_WON = "manually_won"
    MANUALLY_LOST = "manually_lost"
    DRAW = "draw"
    PUSH = "push"


class WagerReport(msgspec.Struct, frozen=True, gc=False):
    """One statement of the exchange about one wager, from a private message or a REST answer."""

    wager_id: str
    external_id: str
    sport_event_id: int
    market_id: int
    line_id: str
    odds: Odds
    stake: Cents
    """Present stake. A cancel after a partial match cuts the stake to the matched part."""
    status: Status
    matching: Matching
    winning: Winning
    matched: Cents
    """Total matched part of the stake. It only grows, except that a void sets it to 0."""
    match_stake: Cents | None = None
    """Stake of this match alone, in a private message of ``update_type`` matching; otherwise None."""
    match_odds: Odds | None = None
    """Odds of this match. They need not be on the ladder."""
    sequence: int = 0
    """Time of the message by the exchange's clock, in nanoseconds. Two messages may have the same time. It is 0 for a
    REST answer, which carries no such time."""
    created_at: Instant | None = None

    @property
    def resting(self) -> bool:
        """True if others can match the wager now. The test is from the second document of the specification."""
        return self.status is Status.OPEN and self.matching is not Matching.FULLY_MATCHED


class MatchDetail(msgspec.Struct, frozen=True, gc=False):
    """One match of a wager, from a REST read of all its matches."""

    wager_id: str
    stake: Cents
    odds: Odds
