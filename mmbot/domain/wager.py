"""Wagers as the exchange reports them: the states of a wager, a report about a wager, and a match of a wager
(docs/protocol.md 6.3)."""

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
    """The exchange's field ``matching_status``. If a partly matched wager is cancelled, its stake is cut to the matched
    part, and the field says FULLY_MATCHED."""

    UNMATCHED = "unmatched"
    PARTIALLY_MATCHED = "partially_matched"
    FULLY_MATCHED = "fully_matched"


class Winning(Enum):
    """The exchange's field ``winning_status``. Version 4 of the exchange's interface says ``profit`` instead of WON,
    and ``loss`` instead of LOST."""

    TBD = "tbd"
    WON = "won"
    LOST = "lost"
    NO_RESULT = "no_result"
    MANUALLY_WON = "manually_won"
    MANUALLY_LOST = "manually_lost"
    DRAW = "draw"
    PUSH = "push"


class WagerReport(msgspec.Struct, frozen=True, gc=False):
    """What the exchange said about one wager, in one private message or one REST answer."""

    wager_id: str
    external_id: str
    sport_event_id: int
    market_id: int
    line_id: str
    odds: Odds
    stake: Cents
    """The present stake of the wager. If a partly matched wager is cancelled, the stake is cut to the matched part."""
    status: Status
    matching: Matching
    winning: Winning
    matched: Cents
    """The part of the wager's stake that is matched in total. This part only grows, except that a void sets it to 0."""
    match_stake: Cents | None = None
    """The stake of the match that the report is about. Only a private message with the ``update_type`` "matching"
    contains this stake. In every other report, the value is None."""
    match_odds: Odds | None = None
    """The odds of the match that the report is about. These odds need not be on the ladder."""
    sequence: int = 0
    """The time of the private message by the exchange's clock, in nanoseconds. Two messages may have the same time. The
    value is 0 if the report came in a REST answer, because a REST answer carries no such time."""
    created_at: Instant | None = None
    profit: Cents | None = None
    """The win of the present stake, from the exchange's field ``profit``. None if the field is missing. The exchange's
    documents do not say whether the win uses the odds of each match or the odds of the wager."""

    @property
    def resting(self) -> bool:
        """True if others can match the wager now (docs/protocol.md 6.3)."""
        return self.status is Status.OPEN and self.matching is not Matching.FULLY_MATCHED


class UnreadWager(msgspec.Struct, frozen=True, gc=False):
    """A wager in an answer or message of the exchange, with some part that mmbot cannot read. The field for an
    unreadable part is None or empty.

    ``may_rest`` says whether the wager may still match, even if its stake or odds cannot be read.
    """

    wager_id: str
    external_id: str
    may_rest: bool
    """True if others may be able to match the wager. It is False only if some readable part says that the wager is
    over."""
    why: str
    """The part of the wager that cannot be read, in words for a person."""
    status: Status | None = None
    matching: Matching | None = None
    winning: Winning | None = None
    sport_event_id: int = 0
    market_id: int = 0
    line_id: str = ""
    odds: Odds | None = None
    stake: Cents | None = None
    """The stake of the wager. A stake with a fraction of a cent is rounded up to a whole cent."""
    matched: Cents | None = None
    created_at: Instant | None = None
    named: bool = True
    """False if the wager may have an ``external_id`` that mmbot could not read."""

    def at_worst(self) -> WagerReport:
        """Return a report in which each part that cannot be read has its worst value. Unreadable odds become the
        shortest odds, because these win least. An unreadable stake becomes 0, because nothing bounds how large it could
        be."""
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
    """One match of a wager, as a REST read of all matches of the wager showed it."""

    wager_id: str
    stake: Cents
    odds: Odds
    win: Cents | None = None
    """The profit that the exchange booked for the match. None if the exchange's answer does not contain this profit."""
