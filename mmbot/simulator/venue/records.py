"""The values that the exchange returns. They are wagers, matches, money, books and pages of history.

Money is in cents, and times are in nanoseconds. The package ``wire/legacy`` gives the fields their names in JSON.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.domain.wager import Matching, Status, Winning


class VenueWager(msgspec.Struct, frozen=True):
    """One wager and its state at one time, according to the exchange's books."""

    wager_id: str
    external_id: str
    account: str
    line: LineKey
    side: Side
    line_id: str
    outcome_id: int
    odds: Odds
    stake: Cents
    """The present stake of the wager in cents. A cancel after a partial match reduces it to the matched part."""
    status: Status
    matching: Matching
    winning: Winning
    matched: Cents
    match_win: Cents
    """The amount that the matched part of the wager can win, in cents. It does not include the matched stake."""
    unmatched: Cents
    """The stake that can still be matched, now or when the wager opens, in cents. It is 0 if the wager has ended."""
    profit: Cents
    """The amount that the whole present stake of the wager can win, in cents. The setting
    ``VenueSettings.shown_profit`` decides how it is computed."""
    strategy: str | None
    created_at: Instant
    updated_at: Instant
    sequence: int

    @property
    def live(self) -> bool:
        """True while the wager can still be matched. Such a wager is open or still being placed."""
        return self.unmatched > 0 and self.status in (Status.INACTIVE, Status.OPEN)


class VenueMatch(msgspec.Struct, frozen=True):
    """One match of one wager. ``win`` is the amount that the match can win, which is the matched stake of the other
    wager (docs/protocol.md 7.5)."""

    match_id: str
    wager_id: str
    external_id: str
    line: LineKey
    side: Side
    line_id: str
    odds: Odds
    """The odds of the match, seen from the side of the wager. They come from the wager that was open first."""
    stake: Cents
    win: Cents
    taker: bool
    matched_at: Instant


class VenueBalance(msgspec.Struct, frozen=True):
    """The money of an account. ``balance`` does not contain matched stakes. If funds are taken at placement,
    ``balance`` does not contain unmatched stakes either. ``unmatched`` is the sum of the unmatched stakes at the time
    ``last_synced_at``."""

    balance: Cents
    matched: Cents
    unmatched: Cents
    status: str
    last_synced_at: Instant


class VenueTransaction(msgspec.Struct, frozen=True):
    """One movement of money in a wallet. ``type`` is one of the transaction types in docs/protocol.md 10. If the
    movement reduces the balance, ``amount`` is negative."""

    transaction_id: str
    type: str
    amount: Cents
    balance: Cents
    """The balance after the transaction, in cents."""
    wager_id: str | None
    market: MarketKey | None
    created_at: Instant


class ShownLevel(msgspec.Struct, frozen=True):
    """One price in the public book of a line (docs/protocol.md 7.2)."""

    odds: Odds
    """The odds that a taker gets at this price level."""
    value: Cents
    """The amount in cents that takers can still stake at this price level."""
    stake: Cents
    """The sum of the makers' original stakes at this price level in cents. A partial match does not reduce it."""
    updated_at: Instant


class ShownBook(msgspec.Struct, frozen=True):
    """The public book of a line. Each outcome has at most ten prices. The best price for the taker comes first. An
    outcome without offers has an empty tuple."""

    line: LineKey
    sides: tuple[tuple[ShownLevel, ...], ...]
    updated_at: Instant


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A query for an account's wagers. It needs a range of creation times, a range of times of change, or both. Times
    are in nanoseconds, and a range includes both of its ends."""

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
    """One page of wagers. ``next_cursor`` is the cursor of the next page. It is empty on the final page."""

    wagers: tuple[VenueWager, ...]
    next_cursor: str
    last_synced_at: Instant


class MatchPage(msgspec.Struct, frozen=True):
    """One page of matches. ``next_cursor`` is the cursor of the next page. It is empty on the final page."""

    matches: tuple[VenueMatch, ...]
    next_cursor: str


class RepeatedId(msgspec.Struct, frozen=True):
    """A second request in which an account used the same ``external_id``."""

    account: str
    external_id: str
    same_content: bool
    at: Instant
