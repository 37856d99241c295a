"""The changes that the exchange announces, some to everybody and some to one account.

The server makes a message of the feed from each change. ``sequence`` is the time of the change in nanoseconds.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import Line, LineKey, Market, SportEvent, Tournament
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.simulator.venue.records import VenueWager


class BookChanged(msgspec.Struct, frozen=True):
    """A change of the public book of a line. It does not contain the book, which ``Venue.book`` returns."""

    line: LineKey
    sequence: int


class Printed(msgspec.Struct, frozen=True):
    """A match between two accounts, as everybody sees it. ``side``, ``odds`` and ``stake`` belong to the taker's
    wager."""

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
    """A change of a wager. It is told only to the account that owns the wager."""

    account: str
    wager: VenueWager
    kind: str
    """The word ``status`` if the wager's status changed, or ``matching`` if the wager was matched."""
    match_stake: Cents | None
    match_odds: Odds | None
    sequence: int


class TournamentChanged(msgspec.Struct, frozen=True):
    """A change of a tournament. ``op`` is ``c`` if it was created, ``u`` if it was changed, and ``d`` if it was
    deleted."""

    op: str
    tournament: Tournament
    sequence: int


class SportEventChanged(msgspec.Struct, frozen=True):
    """A change of a sport event. ``op`` is ``c`` if it was created, ``u`` if it was changed or listed again, and ``d``
    if it was taken off the list."""

    op: str
    sport_event: SportEvent
    sequence: int


class MarketChanged(msgspec.Struct, frozen=True):
    """A change of a market. ``op`` is ``c`` if it was created, and ``u`` if its status changed."""

    op: str
    sport_event_id: int
    market: Market
    sequence: int


class LineChanged(msgspec.Struct, frozen=True):
    """A change of a line, for one of its outcomes. ``op`` is ``c`` if the line was created, and ``u`` if its status
    changed. There is one such change for each outcome."""

    op: str
    line: Line
    side: Side
    sequence: int


Announcement = (
    BookChanged | Printed | WagerChanged | TournamentChanged | SportEventChanged | MarketChanged | LineChanged
)
