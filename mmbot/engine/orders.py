"""What the engine tells the shell (the code around the engine, which does all I/O) to do. The module also has the saved
state from which the shell starts the engine."""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.engine.records import (
    SaveCompared,
    SaveDecision,
    SaveFair,
    SaveMatch,
    SaveNames,
    SaveResult,
    SaveTransactions,
)


class Connect(msgspec.Struct, frozen=True, tag=True):
    """Tells the shell (the code around the engine) to close the feed connection, if one is open, and to connect again.
    The shell tries until a connection is up, and waits longer after each failed attempt."""

    reason: str


class WriteLatch(msgspec.Struct, frozen=True, tag=True):
    """Tells the shell (the code around the engine) to write the kill latch (the stored state of the kill switch) to
    disk, and to report ``LatchWritten`` afterwards."""

    reason: str
    at: Instant


class ReleaseLatch(msgspec.Struct, frozen=True, tag=True):
    """Tells the shell (the code around the engine) to remove the kill latch (the stored state of the kill switch) from
    disk."""


class ReserveBlock(msgspec.Struct, frozen=True, tag=True):
    """Tells the shell (the code around the engine) to save on disk which sequence numbers this run may use in external
    ids, and to report ``BlockReserved`` afterwards. The run may use all sequence numbers below ``end``."""

    end: int


class Severity(Enum):
    """How serious an alert is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Alert(msgspec.Struct, frozen=True, tag=True):
    """A log entry. It has a name, such as ``wager.opened`` or ``feed.lost``, and fields with the details."""

    level: Severity
    name: str
    fields: dict[str, str | int | float | bool | None]


STOPPED: Final = 0
"""The exit code of a daemon that ended and left the account clear (without open wagers)."""

FAULT: Final = 1
"""The exit code if the account is clear but a part of the daemon failed. Only the shell (the code around the engine)
gives this code."""

NOT_STARTED: Final = 2
NOT_CLEAR: Final = 3
"""The exit code if the account is not proved clear, so wagers may be open. Commands that prove the same end with the
same code."""


class Exit(msgspec.Struct, frozen=True, tag=True):
    """Tells the shell (the code around the engine) to end the daemon with an exit code: ``STOPPED``, ``NOT_STARTED`` or
    ``NOT_CLEAR``."""

    code: int
    reason: str


ANOTHERS_STATE: Final = "state_of_another"
"""The reason with which the daemon exits at its start if the exchange knows no wager of the journal. The state
directory then belongs to another account or exchange."""


class SavedMatches(msgspec.Struct, frozen=True, gc=False):
    """The matches of a wager as the journal holds them, in cents."""

    total: Cents
    detailed: Cents
    """The part of the matched stake that the exchange's list of matches described, in cents."""
    disputed: bool
    pieces: tuple[tuple[Cents, Cents, Cents, Cents], ...]
    """Four amounts in cents for each match. The first two are the start and the end of the match's part of the matched
    stake. The other two are the least and the greatest profit that the match may bring."""


class SaveWager(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A wager to save in the journal. The entry replaces an earlier entry with the same ``external_id``.

    ``placed`` and the fields after it have defaults, because journals of earlier versions lack them."""

    external_id: str
    wager_id: str | None
    line: LineKey | MarketKey
    """The line of the wager. The market takes its place if the line is unknown, or if the line does not have exactly
    two complementary outcomes."""
    side: Side | None
    """The outcome of the line that the wager backs. None if ``line`` holds a market."""
    line_id: str
    odds: Odds
    stake: Cents
    state: str
    matched: Cents
    win: Cents
    """The profit that the matched part of the stake brings if the wager wins, in cents. The stake is not included."""
    result: str
    """The result of the wager, as the value of the exchange's field ``winning_status``."""
    hedge: bool
    sent_at: Instant
    sequence: int
    placed: Cents | None = None
    """The stake of the wager as it was sent, in cents. None if the journal lacks this stake; the engine then uses the
    present stake."""
    matches: SavedMatches | None = None
    """The matches of the wager. None if nothing was matched, or in a journal of an earlier version. In such a journal,
    ``win`` is an estimate."""
    foreign: bool = False
    uncounted: bool = False
    accepted_at: Instant | None = None
    opened_at: Instant | None = None
    cancel_sent_at: Instant | None = None
    cancel_accepted_at: Instant | None = None
    cancel_tries: int = 0
    heard_at: Instant = 0
    over_at: Instant | None = None


class LostDay(msgspec.Struct, frozen=True):
    """The record of a day whose loss reached the daily limit: the instant, the loss in cents, and the limit in
    cents."""

    at: Instant
    loss: Cents
    limit: Cents


class SaveDay(msgspec.Struct, frozen=True, tag=True):
    """The profit of the account at the start of a UTC day and at the time of the latest save, in cents. The entry
    replaces an earlier entry of the same day."""

    day: int
    """The UTC day, as the number of days since 1970-01-01."""
    opening: Cents
    """The total profit (realised and marked) of the account at the start of the day."""
    latest: Cents
    lost: LostDay | None = None
    """The loss that stopped quoting for the rest of the day. None if the loss has not reached the limit."""
    opening_realised: Cents | None = None
    """The realised part of the account's profit at the start of the day, before commission. None in a journal of an
    earlier version."""
    opening_commission: Cents | None = None


class SaveSettlement(msgspec.Struct, frozen=True, tag=True):
    """The realised profit of a market, in cents. The entry replaces an earlier entry of the same market."""

    sport_event: int
    market: int
    gross: Cents
    commission: Cents
    at: Instant


Record = (
    SaveWager
    | SaveDay
    | SaveSettlement
    | SaveDecision
    | SaveNames
    | SaveMatch
    | SaveResult
    | SaveFair
    | SaveTransactions
    | SaveCompared
)
"""The type of an entry of the journal."""


class Save(msgspec.Struct, frozen=True, tag=True):
    """Tells the shell (the code around the engine) to save entries in the journal together. They belong to one change,
    such as a settlement and the wagers that it settled. After a crash, the journal holds all of them or none of
    them."""

    records: tuple[Record, ...]


Order = Connect | WriteLatch | ReleaseLatch | ReserveBlock | Alert | Exit | Save


class Seed(msgspec.Struct, frozen=True):
    """The saved state with which the engine starts. The shell (the code around the engine) reads this state from the
    state directory."""

    run_id: str
    """The prefix of every ``external_id`` of this run. It consists of letters and digits."""
    next_sequence: int
    end_sequence: int
    """The end of the sequence numbers that this run may use in external ids. The run may use the numbers from
    ``next_sequence`` to ``end_sequence - 1``."""
    latched: str | None
    """The reason why the kill latch (the stored state of the kill switch) is set. None if the latch is not set."""
    wagers: tuple[SaveWager, ...] = ()
    day: SaveDay | None = None
    settlements: tuple[SaveSettlement, ...] = ()
    since: Instant = 0
    """The latest instant at which an earlier run is known to have been alive, or 0 without an earlier run. The wager
    history is read from shortly before this instant."""
    runs: tuple[str, ...] = ()
    """The ids of all earlier runs. A wager is ours if its ``external_id`` begins with the id of an earlier run, even if
    the journal lacks the wager."""
    known_to: Instant = 0
    """The latest instant at which the journal surely held all wagers of the account. A start reads the changes after
    this instant. If it is 0, no such instant is known, and a start reads the history of a week."""
    compared_to: Instant = 0
    """The instant up to which the audit compared all changes of wagers with the exchange's history. It is 0 if the
    audit never compared them."""
