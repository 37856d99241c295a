"""The changes that the exchange announces, either to everybody or to one account.

The server makes a message of the feed from each change. ``sequence`` is the time of the change in nanoseconds.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import Line, LineKey, Market, SportEvent, Tournament
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.simulator.venue.records import VenueWager


class BookChanged(msgspec.Struct, frozen=True):
    """A change of the public book of a line. The book itself is read with ``Venue.book``."""

    line: LineKey
    sequence: int


class Printed(msgspec.Struct, frozen=True):
    """A match between two accounts, as everybody sees it. ``side``, ``odds`` and ``stake`` are the taker's."""

    line: LineKey
    side: Side
    line_id: str
    odds: Odds
    """The shortest odds that the taker was willing to accept."""
    matched_odds: Odds
    stake: Cents
    """The taker's stake in cents."""
    sequence: int


class WagerChanged(msgspec.Struct, frozen=True):
    """A change of a wager, which is told only to the account that owns it."""

    account: str
    wager: VenueWager
    kind: str
    """``status`` if the wager's status changed; ``matching`` if the wager was matched."""
    match_stake: Cents | None
    match_odds: Odds | None
    sequence: int


class TournamentChanged(msgspec.Struct, frozen=True):
    """A tournament that was created (``op`` c), changed (u) or deleted (d)."""

    op: str
    tournament: Tournament
    sequence: int


class SportEventChanged(msgspec.Struct, frozen=True):
    """A sport event that was created (``op`` c), changed or listed again (u), or taken off the list (d)."""

    op: str
    sport_event: SportEvent
    sequence: int


class MarketChanged(msgspec.Struct, frozen=True):
    """A market that was created, or whose status changed."""

    op: str
    sport_event_id: int
    market: Market
    sequence: int


class LineChanged(msgspec.Struct, frozen=True):
    """A line that was created, or whose status changed. There is one such message for each outcome."""

    op: str
    line: Line
    side: Side
    sequence: int


Announcement = (
    BookChanged | Printed | WagerChanged | TournamentChanged | SportEventChanged | MarketChanged | LineChanged
)
