"""The values that the exchange answers with: wagers, matches, money, books and pages of history.

Money is in cents, instants in nanoseconds. The names of the wire's fields are in ``wire/legacy``.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.domain.wager import Matching, Status, Winning


class VenueWager(msgspec.Struct, frozen=True):
    """One wager at one instant, as the exchange's books have it."""

    wager_id: str
    external_id: str
    account: str
    line: LineKey
    side: Side
    line_id: str
    outcome_id: int
    odds: Odds
    stake: Cents
    """The present stake: what is cancelled after a partial match leaves it."""
    status: Status
    matching: Matching
    winning: Winning
    matched: Cents
    match_win: Cents
    """What the matched part wins beyond itself."""
    unmatched: Cents
    """What can still be matched once the wager is open; 0 when it has ended."""
    profit: Cents
    """What the present stake would win at the wager's own odds."""
    strategy: str | None
    created_at: Instant
    updated_at: Instant
    sequence: int

    @property
    def live(self) -> bool:
        """Whether it rests or is about to: it could still match."""
        return self.unmatched > 0 and self.status in (Status.INACTIVE, Status.OPEN)


class VenueMatch(msgspec.Struct, frozen=True):
    """One match of one wager. ``win`` is always the half-up profit of ``stake`` at ``odds``."""

    match_id: str
    wager_id: str
    external_id: str
    line: LineKey
    side: Side
    line_id: str
    odds: Odds
    """At which it was executed: the resting wager's price."""
    stake: Cents
    win: Cents
    taker: bool
    matched_at: Instant


class VenueBalance(msgspec.Struct, frozen=True):
    """A wallet. ``balance`` is free of what is matched; with funds at placement, of what is unmatched too.
    ``unmatched`` is as of ``last_synced_at``."""

    balance: Cents
    matched: Cents
    unmatched: Cents
    status: str
    last_synced_at: Instant


class VenueTransaction(msgspec.Struct, frozen=True):
    """One line of a wallet: the specification's transaction types; ``amount`` is signed."""

    transaction_id: str
    type: str
    amount: Cents
    balance: Cents
    """After it."""
    wager_id: str | None
    market: MarketKey | None
    created_at: Instant


class ShownLevel(msgspec.Struct, frozen=True):
    """One price of a shown book (PROTOCOL 7.2)."""

    odds: Odds
    """For a taker."""
    value: Cents
    """What takers can still stake."""
    stake: Cents
    """The makers' original stakes, which partial matches do not shrink."""
    updated_at: Instant


class ShownBook(msgspec.Struct, frozen=True):
    """Each outcome of a line as takers see it, best first, at most ten levels; an empty side is an empty tuple."""

    line: LineKey
    sides: tuple[tuple[ShownLevel, ...], ...]
    updated_at: Instant


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What of an account's wagers to list. Times in nanoseconds, both ends included; at least one range is needed."""

    created_from: Instant | None = None
    created_to: Instant | None = None
    updated_from: Instant | None = None
    updated_to: Instant | None = None
    status: Status | None = None
    matching: Matching | None = None
    market_id: int | None = None
    event_id: int | None = None
    cursor: str = ""
    limit: int = 20


class HistoryPage(msgspec.Struct, frozen=True):
    """One page; ``next_cursor`` is empty on the last."""

    wagers: tuple[VenueWager, ...]
    next_cursor: str
    last_synced_at: Instant


class MatchPage(msgspec.Struct, frozen=True):
    """One page of matches; ``next_cursor`` is empty on the last."""

    matches: tuple[VenueMatch, ...]
    next_cursor: str


class RepeatedId(msgspec.Struct, frozen=True):
    """An ``external_id`` that an account sent again."""

    account: str
    external_id: str
    same_content: bool
    at: Instant
