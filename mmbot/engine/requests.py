"""The requests that the engine sends to the exchange."""

from __future__ import annotations

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds

BATCH = 20
"""The largest number of wagers that the exchange accepts in one placement request or one cancel request."""

SPORT_EVENTS_A_READ = 50
"""The greatest number of sport events that one read of markets may ask for (docs/protocol.md 4.1)."""


class Placement(msgspec.Struct, frozen=True, gc=False):
    """One wager to place."""

    external_id: str
    line_id: str
    odds: Odds
    stake: Cents
    fill_or_kill: bool = False


class Cancellation(msgspec.Struct, frozen=True, gc=False):
    """One wager to cancel, named by both of its ids."""

    wager_id: str
    external_id: str
    """The ``external_id`` of the wager. Empty for a wager that a person placed on the exchange's own page."""

    @property
    def key(self) -> str:
        """The ``external_id`` under which the ledger holds the wager. Answers name the wager by this id."""
        return self.external_id or self.wager_id


# Every request has an ``id``. Its answer repeats the ``id``.


class CancelAll(msgspec.Struct, frozen=True, tag=True):
    """The request to cancel every open wager of the account."""

    id: int


class CancelSportEvent(msgspec.Struct, frozen=True, tag=True):
    """The request to cancel every open wager of one sport event."""

    id: int
    sport_event: int


class CancelMany(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The request to cancel up to 20 wagers."""

    id: int
    items: tuple[Cancellation, ...]


class PlaceMany(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The request to place up to 20 wagers."""

    id: int
    items: tuple[Placement, ...]


class ReadWager(msgspec.Struct, frozen=True, tag=True):
    """The request to read one wager by its id."""

    id: int
    wager_id: str


class ReadHistory(msgspec.Struct, frozen=True, tag=True):
    """The request to read one page of the wager history.

    The exchange takes the start and the end of a time range in whole seconds. So the start is rounded down and the end
    is rounded up. A request needs the ``created_*`` range (seven days at most) or the ``updated_*`` range (two days at
    most; docs/protocol.md 4.1).
    """

    id: int
    created_from: Instant | None = None
    created_to: Instant | None = None
    updated_from: Instant | None = None
    updated_to: Instant | None = None
    status: str | None = None
    matching: str | None = None
    cursor: str = ""
    limit: int = 1000


class ReadMatches(msgspec.Struct, frozen=True, tag=True):
    """The request to read the matches of up to 100 wagers."""

    id: int
    wager_ids: tuple[str, ...]


class ReadBalance(msgspec.Struct, frozen=True, tag=True):
    """The request to read the balance of the account."""

    id: int


class ReadTransactions(msgspec.Struct, frozen=True, tag=True):
    """The request to read one page of the account's transactions. The exchange takes the start and the end of a time
    range in whole seconds. So the start is rounded down and the end is rounded up."""

    id: int
    created_from: Instant | None = None
    created_to: Instant | None = None
    cursor: str = ""
    limit: int = 1000


class ReadLadder(msgspec.Struct, frozen=True, tag=True):
    """The request to read the odds ladder."""

    id: int


class ReadTournaments(msgspec.Struct, frozen=True, tag=True):
    """The request to read the tournaments that have active sport events."""

    id: int


class ReadSportEvents(msgspec.Struct, frozen=True, tag=True):
    """The request to read the listed sport events of one tournament."""

    id: int
    tournament: int


class ReadSportEventsById(msgspec.Struct, frozen=True, tag=True):
    """The request to read up to 50 sport events by their ids. The answer is a SportEventsRead."""

    id: int
    sport_events: tuple[int, ...]


class ReadMarkets(msgspec.Struct, frozen=True, tag=True):
    """The request to read the markets and books of up to 50 sport events."""

    id: int
    sport_events: tuple[int, ...]


Request = (
    CancelAll
    | CancelSportEvent
    | CancelMany
    | PlaceMany
    | ReadWager
    | ReadHistory
    | ReadMatches
    | ReadBalance
    | ReadTransactions
    | ReadLadder
    | ReadTournaments
    | ReadSportEvents
    | ReadSportEventsById
    | ReadMarkets
)
