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
    """The present stake. A cancel after a partial match reduces it to the matched part."""
    status: Status
    matching: Matching
    winning: Winning
    matched: Cents
    match_win: Cents
    """The win of the matched part, without the matched stake."""
    unmatched: Cents
    """The stake that can still match once the wager is open; 0 when the wager has ended."""
    profit: Cents
    """The win of the present stake at the wager's own odds."""
    strategy: str | None
    created_at: Instant
    updated_at: Instant
    sequence: int

    @property
    def live(self) -> bool:
        """True while the wager can still match: it is open or placing."""
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
    """The odds of the match, which are those of the open wager."""
    stake: Cents
    win: Cents
    taker: bool
    matched_at: Instant


class VenueBalance(msgspec.Struct, frozen=True):
    """A wallet. ``balance`` excludes matched stakes and, if funds are taken at placement, unmatched stakes too.
    ``unmatched`` is as old as ``last_synced_at`` says."""

    balance: Cents
    matched: Cents
    unmatched: Cents
    status: str
    last_synced_at: Instant


class VenueTransaction(msgspec.Struct, frozen=True):
    """One line of a wallet. ``type`` is one of the specification's transaction types; ``amount`` is signed."""

    transaction_id: str
    type: str
    amount: Cents
    balance: Cents
    """The balance after this line."""
    wager_id: str | None
    market: MarketKey | None
    created_at: Instant


class ShownLevel(msgspec.Struct, frozen=True):
    """One price of a shown book (docs/protocol.md 7.2)."""

    odds: Odds
    """The odds for a taker."""
    value: Cents
    """The stake that takers can still put there."""
    stake: Cents
    """The makers' original stakes, which partial matches do not reduce."""
    updated_at: Instant


class ShownBook(msgspec.Struct, frozen=True):
    """The book of a line as takers see it: for each outcome at most ten levels, best first; an empty tuple for an empty
    side."""

    line: LineKey
    sides: tuple[tuple[ShownLevel, ...], ...]
    updated_at: Instant


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A query of an account's wagers. Times are in nanoseconds and ranges include both ends. At least one range is
    needed."""

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
    """One page of wagers. ``next_cursor`` is empty on the last page."""

    wagers: tuple[VenueWager, ...]
    next_cursor: str
    last_synced_at: Instant


class MatchPage(msgspec.Struct, frozen=True):
    """One page of matches. ``next_cursor`` is empty on the last page."""

    matches: tuple[VenueMatch, ...]
    next_cursor: str


class RepeatedId(msgspec.Struct, frozen=True):
    """A request in which an account repeated an ``external_id``."""

    account: str
    external_id: str
    same_content: bool
    at: Instant
