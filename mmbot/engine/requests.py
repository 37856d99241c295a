"""Everything that the engine asks for: requests to the exchange, and orders to the shell around it."""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side

BATCH = 20
"""Wagers in one placement or cancel request at most (specification)."""

EVENTS_A_READ = 50
"""Events in one read of markets at most (PROTOCOL 4.1)."""


class Placement(msgspec.Struct, frozen=True, gc=False):
    """One wager to place."""

    external_id: str
    line_id: str
    odds: Odds
    stake: Cents
    fill_or_kill: bool = False


class Cancellation(msgspec.Struct, frozen=True, gc=False):
    """One wager to cancel; both ids must belong together."""

    wager_id: str
    external_id: str


# Every request carries ``id``, which its answer repeats.


class CancelAll(msgspec.Struct, frozen=True, tag=True):
    """Cancel every open wager of the account."""

    id: int


class CancelEvent(msgspec.Struct, frozen=True, tag=True):
    """Cancel every open wager of one event."""

    id: int
    event: int


class CancelMany(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Cancel up to 20 wagers."""

    id: int
    items: tuple[Cancellation, ...]


class PlaceMany(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Place up to 20 wagers."""

    id: int
    items: tuple[Placement, ...]


class ReadWager(msgspec.Struct, frozen=True, tag=True):
    """Look one wager up."""

    id: int
    wager_id: str


class ReadHistory(msgspec.Struct, frozen=True, tag=True):
    """One page of the wager history. Bounds are instants; the wire takes whole seconds, widened outwards.

    ``created_*`` spans seven days at most, ``updated_*`` two; one of them is needed (PROTOCOL 4.1).
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
    """The matching detail of up to 100 wagers."""

    id: int
    wager_ids: tuple[str, ...]


class ReadBalance(msgspec.Struct, frozen=True, tag=True):
    """The balance."""

    id: int


class ReadLadder(msgspec.Struct, frozen=True, tag=True):
    """The odds ladder."""

    id: int


class ReadTournaments(msgspec.Struct, frozen=True, tag=True):
    """The tournaments that have active events."""

    id: int


class ReadEvents(msgspec.Struct, frozen=True, tag=True):
    """The listed events of one tournament."""

    id: int
    tournament: int


class ReadMarkets(msgspec.Struct, frozen=True, tag=True):
    """Markets and books of up to 50 events."""

    id: int
    events: tuple[int, ...]


Request = (
    CancelAll
    | CancelEvent
    | CancelMany
    | PlaceMany
    | ReadWager
    | ReadHistory
    | ReadMatches
    | ReadBalance
    | ReadLadder
    | ReadTournaments
    | ReadEvents
    | ReadMarkets
)


# --- orders to the shell ------------------------------------------------------------------------------------------


class Connect(msgspec.Struct, frozen=True, tag=True):
    """Open the feed (with back-off, until it is up); ends a connection that still stands."""

    reason: str


class WriteLatch(msgspec.Struct, frozen=True, tag=True):
    """Write the kill latch to disk and report back with LatchWritten."""

    reason: str
    at: Instant


class ReleaseLatch(msgspec.Struct, frozen=True, tag=True):
    """Remove the kill latch from disk."""


class ReserveBlock(msgspec.Struct, frozen=True, tag=True):
    """Make sequence numbers below ``end`` durably this run's, then report back with BlockReserved."""

    end: int


class Level(Enum):
    """How loud an alert is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Alert(msgspec.Struct, frozen=True, tag=True):
    """Something to log: an event name with fields (``wager.opened``, ``feed.lost``), never a sentence."""

    level: Level
    name: str
    fields: dict[str, str | int | float | bool | None]


class Exit(msgspec.Struct, frozen=True, tag=True):
    """The daemon's life is over: 0 if clear, 3 if not, 2 if it could not start."""

    code: int
    reason: str


ANOTHERS_STATE: Final = "state_of_another"
"""The reason of the exit at a start whose journal tells of wagers of which the exchange knows none."""


class SaveWager(msgspec.Struct, frozen=True, tag=True, gc=False):
    """What the journal keeps of a wager; a later one with the same ``external_id`` replaces it."""

    external_id: str
    wager_id: str | None
    line: LineKey | MarketKey
    """Its market where the line is not known, or has not exactly two complementary outcomes."""
    side: Side | None
    """None where ``line`` is a market."""
    line_id: str
    odds: Odds
    stake: Cents
    state: str
    matched: Cents
    win: Cents
    """What the matched part wins beyond its stake."""
    result: str
    """``winning_status``."""
    hedge: bool
    sent_at: Instant
    sequence: int


class LostDay(msgspec.Struct, frozen=True):
    """A day that lost too much: when, how much, and the limit that it reached."""

    at: Instant
    loss: Cents
    limit: Cents


class SaveDay(msgspec.Struct, frozen=True, tag=True):
    """Profit at the start of a UTC day and now; a later one of the same day replaces it."""

    day: int
    """Days since the epoch."""
    opening: Cents
    """Total profit (realised and marked) when the day opened."""
    latest: Cents
    lost: LostDay | None = None
    """Why nothing is quoted for the rest of the day, None while it goes on."""


class SaveSettlement(msgspec.Struct, frozen=True, tag=True):
    """A market's realised profit; a later one of the same market replaces it."""

    event: int
    market: int
    gross: Cents
    commission: Cents
    at: Instant


Order = Connect | WriteLatch | ReleaseLatch | ReserveBlock | Alert | Exit | SaveWager | SaveDay | SaveSettlement


class Seed(msgspec.Struct, frozen=True):
    """What the engine starts from: read from the state directory by the shell."""

    run_id: str
    """Letters and digits; the prefix of every ``external_id`` of this run."""
    next_sequence: int
    end_sequence: int
    """Sequence numbers from ``next_sequence`` and below this are durably this run's."""
    latched: str | None
    """The latch's reason, or None when it is not set."""
    wagers: tuple[SaveWager, ...] = ()
    day: SaveDay | None = None
    settlements: tuple[SaveSettlement, ...] = ()
    since: Instant = 0
    """The last instant of the previous run, 0 if none: history is read from before it."""
    runs: tuple[str, ...] = ()
    """The ids of all earlier runs: what bears one is ours, though its journalling was cut short."""
