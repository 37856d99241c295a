"""The changes that the exchange announces, to everybody or to one account.

The wire layer turns each one into a message of the feed. ``sequence`` is the time of the change in nanoseconds.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import Line, LineKey, Market, SportEvent, Tournament
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.simulator.venue.records import VenueWager


class BookChanged(msgspec.Struct, frozen=True):
    """The shown book of a line changed; ``Venue.book`` has it. A drain holds at most one for each line, at the place of
    the latest change."""

    line: LineKey
    sequence: int


class Printed(msgspec.Struct, frozen=True):
    """A match between any two accounts, as everybody sees it, from the taker's side."""

    line: LineKey
    side: Side
    line_id: str
    odds: Odds
    """The worst odds that the taker accepted."""
    matched_odds: Odds
    stake: Cents
    """The taker's stake."""
    sequence: int


class WagerChanged(msgspec.Struct, frozen=True):
    """A private message to one account."""

    account: str
    wager: VenueWager
    kind: str
    """``status`` or ``matching``."""
    match_stake: Cents | None
    match_odds: Odds | None
    sequence: int


class TournamentChanged(msgspec.Struct, frozen=True):
    """A tournament was created (``op`` c), changed (u) or deleted (d)."""

    op: str
    tournament: Tournament
    sequence: int


class EventChanged(msgspec.Struct, frozen=True):
    """A sport event was created (``op`` c), changed or listed again (u), or unlisted (d)."""

    op: str
    event: SportEvent
    sequence: int


class MarketChanged(msgspec.Struct, frozen=True):
    """A market was created, or its status changed."""

    op: str
    event_id: int
    market: Market
    sequence: int


class LineChanged(msgspec.Struct, frozen=True):
    """A line was created, or its status changed: one message for each outcome."""

    op: str
    line: Line
    side: Side
    sequence: int


Announcement = BookChanged | Printed | WagerChanged | TournamentChanged | EventChanged | MarketChanged | LineChanged
