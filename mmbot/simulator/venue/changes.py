"""The changes that the exchange announces. Some are announced to everybody, and others to one account.

The server makes a message of the feed from each change. ``sequence`` is the time of the change in nanoseconds.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import Line, LineKey, Market, SportEvent, Tournament
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.simulator.venue.records import VenueWager


class BookChanged(msgspec.Struct, frozen=True):
    """A change of the public book of a line. ``Venue.book`` returns the book itself."""

    line: LineKey
    sequence: int


class Printed(msgspec.Struct, frozen=True):
    """A match between two accounts, as everybody sees it. ``side``, ``odds`` and ``stake`` are those of the taker's
    wager."""

    line: LineKey
    side: Side
    line_id: str
    odds: Odds
    """The odds of the taker's wager, which are the shortest odds that the taker accepts."""
    matched_odds: Odds
    stake: Cents
    """The stake of the taker in cents."""
    sequence: int


class WagerChanged(msgspec.Struct, frozen=True):
    """A change of a wager. The change is announced only to the owner of the wager."""

    account: str
    wager: VenueWager
    kind: str
    """The kind of change: ``status`` if the wager's status changed, or ``matching`` if the wager was matched."""
    match_stake: Cents | None
    match_odds: Odds | None
    sequence: int


class TournamentChanged(msgspec.Struct, frozen=True):
    """A change of a tournament. ``op`` is ``c`` for a new tournament, ``u`` for a changed one, and ``d`` for a deleted
    one."""

    op: str
    tournament: Tournament
    sequence: int


class SportEventChanged(msgspec.Struct, frozen=True):
    """A change of a sport event. ``op`` is ``c`` for a new sport event. It is ``u`` if the sport event was changed or
    listed again, and ``d`` if it was taken off the list."""

    op: str
    sport_event: SportEvent
    sequence: int


class MarketChanged(msgspec.Struct, frozen=True):
    """A change of a market. ``op`` is ``c`` for a new market, and ``u`` for a change of its status."""

    op: str
    sport_event_id: int
    market: Market
    sequence: int


class LineChanged(msgspec.Struct, frozen=True):
    """A change of a line, for one of its outcomes. ``op`` is ``c`` for a new line, and ``u`` for a change of its
    status. Each outcome has its own ``LineChanged``."""

    op: str
    line: Line
    side: Side
    sequence: int


Announcement = (
    BookChanged | Printed | WagerChanged | TournamentChanged | SportEventChanged | MarketChanged | LineChanged
)
