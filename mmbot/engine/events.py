"""The events that the engine takes: messages of the feed, answers to its requests, and commands of the operator.

Events never change after they are made. Money is in cents, odds are American integers, and instants are in nanoseconds
since 1970.
"""

from __future__ import annotations  # long: every event of the engine, in one list

from enum import Enum
from typing import Final

import msgspec

from mmbot.domain.book import Book
from mmbot.domain.catalogue import LineKey, Market, SportEvent, Tournament
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds
from mmbot.domain.transaction import Transaction
from mmbot.domain.wager import MatchDetail, UnreadWager, WagerReport
from mmbot.engine.interruptions import Interruption as Interruption
from mmbot.engine.interruptions import StoodStill as StoodStill
from mmbot.engine.interruptions import StrategyOverran as StrategyOverran


class Op(Enum):
    """Kind of change (field ``op``) in a message about a tournament, a sport event, a market or a line."""

    CREATE = "c"
    UPDATE = "u"
    DELETE = "d"


# --- the feed -----------------------------------------------------------------------------------------------------


class Channel(msgspec.Struct, frozen=True):
    """One channel of a feed connection."""

    name: str
    sport_events: tuple[int, ...] | None = ()
    """The sport events whose books the channel brings; None for all sport events."""
    private: bool = False
    """True if the channel brings the private messages of this account and the health checks."""


WHOLE_FEED: Final = (Channel("broadcast", sport_events=None), Channel("private", private=True))
"""The channels of a feed that uses only one connection."""


class FeedUp(msgspec.Struct, frozen=True, tag=True):
    """A connection is open and subscribed to ``channels``. If the connection was open before, ``channels`` replaces its
    earlier channels."""

    connection: int
    """The number of the connection. Each attempt to connect gets a higher number than the attempt before."""
    channels: tuple[Channel, ...] = WHOLE_FEED


class FeedLost(msgspec.Struct, frozen=True, tag=True):
    """A connection, or an attempt to connect, has ended.

    If the connection carried the private channel, the shell (the code around the engine) waits for the engine's order
    ``Connect``. Otherwise the shell opens another connection without an order.
    """

    connection: int
    reason: str


class FeedRejected(msgspec.Struct, frozen=True, tag=True):
    """The exchange rejected the feed with a code that forbids a retry (Pusher 4000 to 4099).

    Some of these codes pass by themselves, like that of an exhausted quota, so the shell retries slowly. For others a
    person has to act."""

    connection: int
    reason: str


class Beat(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Health check on the private channel of a connection (``health_check``)."""

    connection: int


class BookMessage(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The whole visible book of one line (``market_selections``)."""

    connection: int
    line: LineKey
    sequence: int
    book: Book


class PrintMessage(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Public message about a match between any two users (``matched_bet``). Matches of our own wagers are counted only
    from private messages and reads."""

    connection: int
    sport_event: int
    market: int
    line_id: str
    odds: Odds
    matched_odds: Odds
    stake: Cents
    sequence: int


class WagerMessage(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Private message about a wager of this account (``wager``). It is applied no matter which connection brought
    it."""

    connection: int
    report: WagerReport


class UnreadWagerMessage(msgspec.Struct, frozen=True, tag=True):
    """Private message about a wager of this account of which some part cannot be read."""

    connection: int
    wager: UnreadWager


class TournamentMessage(msgspec.Struct, frozen=True, tag=True):
    """Change of a tournament (``tournament``)."""

    connection: int
    op: Op
    tournament_id: int
    tournament: Tournament | None


class SportEventMessage(msgspec.Struct, frozen=True, tag=True):
    """Change of a sport event (``sport_event``). If ``op`` is DELETE, only the ids are given."""

    connection: int
    op: Op
    sport_event_id: int
    tournament_id: int | None
    sport_event: SportEvent | None


class MarketMessage(msgspec.Struct, frozen=True, tag=True):
    """Change of a market (``market``)."""

    connection: int
    op: Op
    sport_event: int
    market: int
    name: str
    status: str


class LineMessage(msgspec.Struct, frozen=True, tag=True):
    """Change of one outcome of a line (``market_line``)."""

    connection: int
    op: Op
    sport_event: int
    market: int
    line_id: str
    outcome_id: int
    number: int
    status: str


FeedMessage = (
    Beat
    | BookMessage
    | PrintMessage
    | WagerMessage
    | UnreadWagerMessage
    | TournamentMessage
    | SportEventMessage
    | MarketMessage
    | LineMessage
)


# --- answers ------------------------------------------------------------------------------------------------------


class Failure(Enum):
    """Known effect of a failed request, or of a failed item of a batch, at the exchange. A rejection is one of four."""

    REJECTED = "rejected"
    """The exchange rejected the request or the item and changed nothing."""
    RETRYABLE = "retryable"
    """The exchange changed nothing. The request may be repeated, but not before ``retry_at`` if this instant is
    given."""
    UNKNOWN = "unknown"
    """No readable answer came. The exchange may or may not have carried out the request."""
    BUG = "bug"
    """The exchange found the request malformed and changed nothing. The same request would fail again."""


class FailureReason(Enum):
    """Reason why a request, or one item of a batch, failed. Each kind of failure can have one.

    When an answer is read, the exchange's error code is translated to one of these reasons. The engine's decisions
    depend on the reason, never on the error code.
    """

    NOTHING_LEFT = "nothing_left"
    """The wager was fully matched or cancelled before, so there is nothing to cancel."""
    NOT_FOUND = "not_found"
    """The exchange does not know the wager or other object of the request. This does not prove that there is none: a
    new wager may not be visible yet."""
    NOTHING_OPEN = "nothing_open"
    """A cancel of all wagers found no open wager. This does not prove that there is none: a new wager may not be
    visible yet."""
    NOT_LIVE_YET = "not_live_yet"
    """The exchange is still placing the wager."""
    BEING_MATCHED = "being_matched"
    """The wager is being matched right now."""
    WRONG_WAGER = "wrong_wager"
    """The wager is invalid, belongs to another account, or its two ids do not belong together."""
    ID_EXISTS = "id_exists"
    """A wager with this external id exists already."""
    OFF_LADDER = "off_ladder"
    """The odds are not on the exchange's ladder."""
    TOO_MANY = "too_many"
    """The exchange received too many requests."""
    NO_SESSION_FREE = "no_session_free"
    """Every session of the key pair is in use."""
    LOGIN = "login"
    """The exchange rejected the keys."""
    LOGIN_WAITS = "login_waits"
    """It is too early for another log-in."""
    UNREACHABLE = "unreachable"
    """The exchange could not be reached."""
    OTHER = "other"
    """Any other reason. No decision depends on it; ``code`` shows the reason to people."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A request failed as a whole."""

    request: int
    failure: Failure
    code: str
    """The error code of the exchange, or a code made by mmbot (``timeout``, ``connection``, ``undecodable``,
    ``login_rejected`` …). For logs and people."""
    message: str = ""
    retry_at: Instant | None = None
    reason: FailureReason = FailureReason.OTHER


class FailedItem(msgspec.Struct, frozen=True):
    """One item of a batch that the exchange did not accept, while it answered the batch. A batch that failed as a whole
    is a ``Failed``."""

    external_id: str
    failure: Failure
    code: str
    """The exchange's error code, for logs and people."""
    message: str = ""
    reason: FailureReason = FailureReason.OTHER


class Placed(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Answer to PlaceMany. An item of the request may be missing from ``accepted`` and ``failed``: then it is unknown
    whether the wager was placed."""

    request: int
    accepted: tuple[WagerReport, ...]
    failed: tuple[FailedItem, ...]
    """Each with its own ``failure``, which need not be a rejection."""


class Cancelled(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Answer to CancelMany. An item of the request may be missing from ``accepted`` and ``failed``: then it is unknown
    whether the wager was cancelled."""

    request: int
    accepted: tuple[str, ...]
    """External ids of wagers that can no longer be matched."""
    failed: tuple[FailedItem, ...]
    date: Instant | None = None
    """The ``Date`` header of the HTTP answer: the exchange's clock in whole seconds. None if the header was missing."""


class CancelledAll(msgspec.Struct, frozen=True, tag=True):
    """Answer to CancelAll or CancelSportEvent. For a 404, ``nothing_open`` is true; even then the account is not proved
    clear."""

    request: int
    nothing_open: bool
    date: Instant | None = None
    """The ``Date`` header of the HTTP answer: the exchange's clock in whole seconds. None if the header was missing."""


class WagerRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadWager. ``report`` and ``unread`` are None after a 404."""

    request: int
    report: WagerReport | None
    unread: UnreadWager | None = None


class HistoryRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadHistory: one page of the wager history."""

    request: int
    wagers: tuple[WagerReport, ...]
    next_cursor: str
    """The cursor with which to request the next page; empty on the last page."""
    last_synced_at: Instant | None
    """The instant up to which the history is complete. None if the page lacks this field: then the page cannot prove
    the account clear."""
    date: Instant | None = None
    """The ``Date`` header of the HTTP answer: the exchange's clock in whole seconds. None if the header was missing."""
    unread: tuple[UnreadWager, ...] = ()
    """The wagers of the page of which some part cannot be read."""


class MatchesRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadMatches: every match of the wagers in the request."""

    request: int
    matches: tuple[MatchDetail, ...]


class BalanceRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadBalance."""

    request: int
    balance: Cents
    matched: Cents
    unmatched: Cents


class TransactionsRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadTransactions: one page of the account's transactions, in the exchange's order."""

    request: int
    transactions: tuple[Transaction, ...]
    next_cursor: str
    """The cursor with which to request the next page; empty on the last page."""
    unread: int = 0
    """The number of transactions on the page that could not be read."""


class LadderRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadLadder: the odds as the exchange sent them. The engine checks them."""

    request: int
    odds: tuple[int, ...]


class TournamentsRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadTournaments."""

    request: int
    tournaments: tuple[Tournament, ...]


class SportEventsRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadSportEvents or ReadSportEventsById. ``sport_events`` is empty after a 404 or a null."""

    request: int
    sport_events: tuple[SportEvent, ...]


class MarketImage(msgspec.Struct, frozen=True):
    """A market from a REST read, with the book of each of its lines."""

    market: Market
    books: tuple[Book, ...]
    """One book for each of ``market.lines``, in the same order."""


class MarketsRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadMarkets: the markets of each sport event. If a sport event is missing or null in the answer, its
    tuple is empty."""

    request: int
    markets: dict[int, tuple[MarketImage, ...]]


Answer = (
    Failed
    | Placed
    | Cancelled
    | CancelledAll
    | WagerRead
    | HistoryRead
    | MatchesRead
    | BalanceRead
    | TransactionsRead
    | LadderRead
    | TournamentsRead
    | SportEventsRead
    | MarketsRead
)


# --- the operator, the machine, the user's own prices ---------------------------------------------------------------


class StopRequested(msgspec.Struct, frozen=True, tag=True):
    """Stop: cancel everything, prove the account clear, exit. ``hurry`` (a second signal) skips the proof."""

    hurry: bool = False


class KillRequested(msgspec.Struct, frozen=True, tag=True):
    """Set the kill latch: cancel everything and quote nothing, even after a restart, until the operator resumes."""

    reason: str


class ResumeRequested(msgspec.Struct, frozen=True, tag=True):
    """Release the kill latch. While the account is not clear, the command is rejected with an alert."""


class LatchWritten(msgspec.Struct, frozen=True, tag=True):
    """The kill latch was written to disk, or the write failed with ``error``. In both cases the latch is set in
    memory."""

    error: str | None = None
    reason: str | None = None
    """The reason in the latch file. It may be longer than the reason that the kill gave."""


class WallStepped(msgspec.Struct, frozen=True, tag=True):
    """The machine's wall clock jumped. From now on, the engine's clock plus ``offset`` is the wall-clock time."""

    offset: Duration


class PriceGiven(msgspec.Struct, frozen=True, tag=True):
    """Price from the user: the fair probability that the outcome of ``line_id`` wins, if there is no push."""

    line_id: str
    probability: float
    given_at: Instant
    """The instant at which the price was made. The age of the price counts from this instant."""


class BlockReserved(msgspec.Struct, frozen=True, tag=True):
    """The shell has saved on disk that this run may use sequence numbers below ``end``."""

    end: int


Control = StopRequested | KillRequested | ResumeRequested | LatchWritten | WallStepped | PriceGiven | BlockReserved

Event = FeedUp | FeedLost | FeedRejected | FeedMessage | Answer | Control | Interruption
