"""A wager as the exchange reports it: its states (second document of the specification), a report, and a match."""

from __future__ import annotations

from enum import Enum

import msgspec

from mmbot.domain.bounds import LONGEST_ODDS
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
    profit: Cents | None = None
    """Field ``profit``: the win of the present stake. No document says whether it counts the matches at their own odds
    or the stake at the wager's odds. None if it is missing."""

    @property
    def resting(self) -> bool:
        """True if others can match the wager now. The test is from the second document of the specification."""
        return self.status is Status.OPEN and self.matching is not Matching.FULLY_MATCHED


class UnreadWager(msgspec.Struct, frozen=True, gc=False):
    """A wager of the exchange of which some part cannot be read. Each part is None or empty if it cannot be read.

    What a wager was worth and whether it can still match are different questions: the second one has an answer here
    even if the first has none."""

    wager_id: str
    external_id: str
    may_rest: bool
    """True if others may be able to match the wager. False only if the wager says in some way that it is over."""
    why: str
    """The part that cannot be read, for a person."""
    status: Status | None = None
    matching: Matching | None = None
    winning: Winning | None = None
    sport_event_id: int = 0
    market_id: int = 0
    line_id: str = ""
    odds: Odds | None = None
    stake: Cents | None = None
    """The stake, rounded up to a cent if it has fractions of one."""
    matched: Cents | None = None
    created_at: Instant | None = None
    named: bool = True
    """False if it may have an ``external_id`` that cannot be read."""

    def at_worst(self) -> WagerReport:
        """Return a report with the worst value for each part that cannot be read: the shortest odds win least. A stake
        that cannot be read is 0, because no number bounds it."""
        stake = self.stake or 0
        matched = min(self.matched or 0, stake)
        whole = Matching.FULLY_MATCHED if stake and matched == stake else Matching.PARTIALLY_MATCHED
        return WagerReport(
            wager_id=self.wager_id or self.external_id,
            external_id=self.external_id,
            sport_event_id=self.sport_event_id,
            market_id=self.market_id,
            line_id=self.line_id,
            odds=-LONGEST_ODDS if self.odds is None else self.odds,
            stake=stake,
            status=self.status or (Status.OPEN if self.may_rest else Status.CANCELED),
            matching=self.matching or (whole if matched else Matching.UNMATCHED),
            winning=self.winning or Winning.TBD,
            matched=matched,
            created_at=self.created_at,
        )


class MatchDetail(msgspec.Struct, frozen=True, gc=False):
    """One match of a wager, from a REST read of all its matches."""

    wager_id: str
    stake: Cents
    odds: Odds
    win: Cents | None = None
    """The profit that the exchange booked for this match. None if the answer does not contain it."""
