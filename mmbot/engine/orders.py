"""The orders that the engine gives to the shell around it, and the seed that the shell starts the engine from."""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side


class Connect(msgspec.Struct, frozen=True, tag=True):
    """Close the feed connection if one is open, and connect again until one is up. Wait longer after each failure."""

    reason: str


class WriteLatch(msgspec.Struct, frozen=True, tag=True):
    """Write the kill latch to disk, then report ``LatchWritten``."""

    reason: str
    at: Instant


class ReleaseLatch(msgspec.Struct, frozen=True, tag=True):
    """Remove the kill latch from disk."""


class ReserveBlock(msgspec.Struct, frozen=True, tag=True):
    """Save on disk that this run may use sequence numbers below ``end``, then report ``BlockReserved``."""

    end: int


class Severity(Enum):
    """Severity of an alert."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Alert(msgspec.Struct, frozen=True, tag=True):
    """Log entry: a name (``wager.opened``, ``feed.lost``) and fields, never a sentence."""

    level: Severity
    name: str
    fields: dict[str, str | int | float | bool | None]


class Exit(msgspec.Struct, frozen=True, tag=True):
    """End the daemon with an exit code: 0 if the account is clear, 3 if it is not, 2 if the daemon could not start."""

    code: int
    reason: str


ANOTHERS_STATE: Final = "state_of_another"
"""The reason to exit at a start if the exchange knows none of the wagers in the journal."""


class SaveWager(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A wager to keep in the journal. It replaces an earlier entry with the same ``external_id``."""

    external_id: str
    wager_id: str | None
    line: LineKey | MarketKey
    """The line; its market where the line is not known or has not exactly two complementary outcomes."""
    side: Side | None
    """None where ``line`` is a market."""
    line_id: str
    odds: Odds
    stake: Cents
    state: str
    matched: Cents
    win: Cents
    """Profit of the matched part if the wager wins, in cents, without the stake."""
    result: str
    """``winning_status``."""
    hedge: bool
    sent_at: Instant
    sequence: int


class LostDay(msgspec.Struct, frozen=True):
    """A day whose loss reached the limit: the instant, the loss and the limit, in cents."""

    at: Instant
    loss: Cents
    limit: Cents


class SaveDay(msgspec.Struct, frozen=True, tag=True):
    """Profit at the start of a UTC day and at the latest save, in cents. It replaces an earlier entry of the same
    day."""

    day: int
    """Days since the epoch."""
    opening: Cents
    """Total profit (realised and marked) when the day opened."""
    latest: Cents
    lost: LostDay | None = None
    """The loss that stops quoting for the rest of the day. None while quoting goes on."""


class SaveSettlement(msgspec.Struct, frozen=True, tag=True):
    """Realised profit of a market, in cents. It replaces an earlier entry of the same market."""

    event: int
    market: int
    gross: Cents
    commission: Cents
    at: Instant


Order = Connect | WriteLatch | ReleaseLatch | ReserveBlock | Alert | Exit | SaveWager | SaveDay | SaveSettlement


class Seed(msgspec.Struct, frozen=True):
    """The state that the engine starts from. The shell reads it from the state directory."""

    run_id: str
    """The prefix of every ``external_id`` of this run: letters and digits."""
    next_sequence: int
    end_sequence: int
    """This run may use the sequence numbers from ``next_sequence`` up to, but not including, this one."""
    latched: str | None
    """The reason of the kill latch. None when the latch is not set."""
    wagers: tuple[SaveWager, ...] = ()
    day: SaveDay | None = None
    settlements: tuple[SaveSettlement, ...] = ()
    since: Instant = 0
    """The last instant of the previous run, 0 if there was none. The wager history is read from before this instant."""
    runs: tuple[str, ...] = ()
    """The ids of all earlier runs. A wager whose ``external_id`` begins with one is ours, even if the journal lacks
    it."""
