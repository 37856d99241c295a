"""What the exchange says of a wager: its enums (second document of the specification) and one report of it."""

from __future__ import annotations

from enum import Enum

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds


class Status(Enum):
    """``status``: the wager's life at the exchange."""

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
    """``matching_status``. After a partial cancel it is fully matched with the stake cut to the matched part."""

    UNMATCHED = "unmatched"
    PARTIALLY_MATCHED = "partially_matched"
    FULLY_MATCHED = "fully_matched"


class Winning(Enum):
    """``winning_status``. The newer dialect's profit and loss are read as won and lost."""

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
    event_id: int
    market_id: int
    line_id: str
    odds: Odds
    stake: Cents
    """The present stake: a cancel after a partial match cuts it to the matched part."""
    status: Status
    matching: Matching
    winning: Winning
    matched: Cents
    """Of the stake, matched in total; it only grows, except that a void takes all back."""
    match_stake: Cents | None = None
    """A private message of ``update_type`` matching: the stake matched by this match alone."""
    match_odds: Odds | None = None
    """The odds of this match; they need not be on the ladder."""
    sequence: int = 0
    """The exchange's clock reading in nanoseconds; equal ones occur. 0 where none was given (REST)."""
    created_at: Instant | None = None

    @property
    def resting(self) -> bool:
        """Whether others can match it now: the second document's own test."""
        return self.status is Status.OPEN and self.matching is not Matching.FULLY_MATCHED


class MatchDetail(msgspec.Struct, frozen=True, gc=False):
    """One match of a wager, as the matching detail lists it."""

    wager_id: str
    stake: Cents
    odds: Odds
