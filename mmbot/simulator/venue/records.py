"""The values with which the exchange answers: wagers, matches, money, books and pages of history.

Money in cents, times in nanoseconds. The package ``wire/legacy`` gives the fields their names in JSON.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.domain.wager import Matching, Status, Winning


class VenueWager(msgspec.Struct, frozen=True):
    """The state of one wager at one time, according to the exchange's books."""

    wager_id: str
    external_id: str
    account: str
    line: LineKey
    side: Side
    line_id: str
    outcome_id: int
    odds: Odds
    stake: Cents
    """The present stake. A cancel after a partial match cuts it to the matched part."""
    status: Status
    matching: Matching
    winning: Winning
    matched: Cents
    match_win: Cents
    """The win of the matched part, not counting the matched stake."""
    unmatched: Cents
    """The stake that can still match, now or once the wager is open. 0 if the wager has ended."""
    profit: Cents
    """The win of the whole present stake, as ``VenueSettings.shown_profit`` says."""
    strategy: str | None
    created_at: Instant
    updated_at: Instant
    sequence: int

    @property
    def live(self) -> bool:
        """True while the wager can still match: it is open or placing."""
        return self.unmatched > 0 and self.status in (Status.INACTIVE, Status.OPEN)


class VenueMatch(msgspec.Struct, frozen=True):
    """One match of one wager. ``win`` is the stake of the other wager (docs/protocol.md 7.5)."""

    match_id: str
    wager_id: str
    external_id: str
    line: LineKey
    side: Side
    line_id: str
    odds: Odds
    """The odds of the match from the view of this wager. They are set by the order that was open first."""
    stake: Cents
    win: Cents
    taker: bool
    matched_at: Instant


class VenueBalance(msgspec.Struct, frozen=True):
    """The money of an account. ``balance`` does not contain matched stakes. If funds are taken at placement, it does
    not contain unmatched stakes either. ``unmatched`` is as it stood at ``last_synced_at``."""

    balance: Cents
    matched: Cents
    unmatched: Cents
    status: str
    last_synced_at: Instant


class VenueTransaction(msgspec.Struct, frozen=True):
    """One movement of money in a wallet. ``type`` is a transaction type of the exchange's specification. ``amount`` is
    negative if the balance falls."""

    transaction_id: str
    type: str
    amount: Cents
    balance: Cents
    """The balance after this movement."""
    wager_id: str | None
    market: MarketKey | None
    created_at: Instant


class ShownLevel(msgspec.Struct, frozen=True):
    """One price in the public book of a line (docs/protocol.md 7.2)."""

    odds: Odds
    """The odds that a taker gets."""
    value: Cents
    """The amount in cents that takers can still stake at this price."""
    stake: Cents
    """The makers' original stakes. A partial match does not reduce this sum."""
    updated_at: Instant


class ShownBook(msgspec.Struct, frozen=True):
    """The public book of a line: for each outcome at most ten prices, best for the taker first. An outcome without
    offers has an empty tuple."""

    line: LineKey
    sides: tuple[tuple[ShownLevel, ...], ...]
    updated_at: Instant


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A query of an account's wagers. It needs a range of creation times, of change times, or both. Times in
    nanoseconds; a range includes both ends."""

    created_from: Instant | None = None
    created_to: Instant | None = None
    updated_from: Instant | None = None
    updated_to: Instant | None = None
    status: Status | None = None
    matching: Matching | None = None
    market_id: int | None = None
    sport_event_id: int | None = None
    cursor: str = ""
    limit: int = 20


class HistoryPage(msgspec.Struct, frozen=True):
    """One page of wagers. ``next_cursor`` is empty on the last page."""

    wagers: tuple[VenueWager, ...]
    next_cursor: str
    last_synced_at: Instant


class MatchPage(msgspec.Struct, frozen=True):
    """One page of matches. ``next_cursor`` is empty on the last page."""

    matches: tuple[VenueMatch, ...]
    next_cursor: str


class RepeatedId(msgspec.Struct, frozen=True):
    """A request in which an account used an ``external_id`` a second time."""

    account: str
    external_id: str
    same_content: bool
    at: Instant
