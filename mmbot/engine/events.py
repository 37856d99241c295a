"""The events that the engine takes: messages of the feed, answers to the engine's requests, and commands of the
operator.

An event never changes after it was made. Money is in cents, odds are American integers, and instants are in nanoseconds
since 1970.
"""

# long: this is the list of all events of the engine, and each event has only a few lines.

from __future__ import annotations

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
    """The kind of change that a message reports for a tournament, a sport event, a market or a line (the exchange's
    field ``op``)."""

    CREATE = "c"
    UPDATE = "u"
    DELETE = "d"


# --- the feed -----------------------------------------------------------------------------------------------------


class Channel(msgspec.Struct, frozen=True):
    """One channel of a feed connection."""

    name: str
    sport_events: tuple[int, ...] | None = ()
    """The ids of the sport events whose books come over the channel. None if the books of all sport events come over
    the channel."""
    private: bool = False
    """True if the private messages of this account and the health checks come over the channel."""


WHOLE_FEED: Final = (Channel("broadcast", sport_events=None), Channel("private", private=True))
"""The channels of a feed that uses only one connection."""


class FeedUp(msgspec.Struct, frozen=True, tag=True):
    """A feed connection is open and subscribed to ``channels``. If the connection was open before, ``channels``
    replaces its earlier channels."""

    connection: int
    """The number of the feed connection. Each attempt to connect gets a higher number than all earlier attempts."""
    channels: tuple[Channel, ...] = WHOLE_FEED


class FeedLost(msgspec.Struct, frozen=True, tag=True):
    """A feed connection, or an attempt to connect, has ended.

    If the connection carried the private channel, the shell (the code around the engine) opens a new connection only
    when the engine asks for it with ``Connect``. A connection without the private channel is replaced without being
    asked for.
    """

    connection: int
    reason: str


class FeedRejected(msgspec.Struct, frozen=True, tag=True):
    """The exchange rejected the feed with an error code that forbids a retry (Pusher 4000 to 4099).

    Some of these errors pass without help, such as an exhausted quota, and others stay until a person acts. So the
    shell (the code around the engine) retries slowly.
    """

    connection: int
    reason: str


class Beat(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A health check on the private channel of a connection (``health_check``)."""

    connection: int


class BookMessage(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The whole visible book of one line (``market_selections``)."""

    connection: int
    line: LineKey
    sequence: int
    book: Book


class PrintMessage(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A public message about a match between any two users (``matched_bet``). The message does not count as a match of
    one of our wagers. Our matches are counted only from private messages and reads."""

    connection: int
    sport_event: int
    market: int
    line_id: str
    odds: Odds
    matched_odds: Odds
    stake: Cents
    sequence: int


class WagerMessage(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A private message about a wager of this account (``wager``). The message is applied no matter over which
    connection it came."""

    connection: int
    report: WagerReport


class UnreadWagerMessage(msgspec.Struct, frozen=True, tag=True):
    """A private message about a wager of this account. Some part of the wager cannot be read."""

    connection: int
    wager: UnreadWager


class TournamentMessage(msgspec.Struct, frozen=True, tag=True):
    """A message about a change of a tournament (``tournament``)."""

    connection: int
    op: Op
    tournament_id: int
    tournament: Tournament | None


class SportEventMessage(msgspec.Struct, frozen=True, tag=True):
    """A message about a change of a sport event (``sport_event``). If ``op`` is DELETE, only the ids are given."""

    connection: int
    op: Op
    sport_event_id: int
    tournament_id: int | None
    sport_event: SportEvent | None


class MarketMessage(msgspec.Struct, frozen=True, tag=True):
    """A message about a change of a market (``market``)."""

    connection: int
    op: Op
    sport_event: int
    market: int
    name: str
    status: str


class LineMessage(msgspec.Struct, frozen=True, tag=True):
    """A message about a change of one outcome of a line (``market_line``)."""

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
    """The kind of failure of a request, or of one item of a batch. Each kind says whether the failed request changed
    anything at the exchange, or that this is unknown."""

    REJECTED = "rejected"
    """The kind of failure in which the exchange rejected the request or item and changed nothing."""
    RETRYABLE = "retryable"
    """The kind of failure in which the exchange changed nothing and the request may be repeated. If ``retry_at`` is
    given, the request may not be repeated before that instant."""
    UNKNOWN = "unknown"
    """The kind of failure in which no readable answer came. The exchange may or may not have carried out the
    request."""
    BUG = "bug"
    """The kind of failure in which the exchange found the request malformed and changed nothing. The same request would
    fail again."""


class FailureReason(Enum):
    """The reason why a request, or one item of a batch, failed.

    The exchange's error code is translated to one of these reasons. The engine's decisions depend on the reason, never
    on the error code.
    """

    NOTHING_LEFT = "nothing_left"
    """The reason of a failed cancel of a wager that was already fully matched or cancelled. Nothing is left to
    cancel."""
    NOT_FOUND = "not_found"
    """The reason of a failure if the exchange does not know the wager or object in the request. The object may exist,
    because a new wager may not be visible yet."""
    NOTHING_OPEN = "nothing_open"
    """The reason of a failed cancel of all wagers if the exchange found no open wager. A wager may still be open,
    because a new wager may not be visible yet."""
    NOT_LIVE_YET = "not_live_yet"
    """The reason of a failure if the exchange is still placing the wager."""
    BEING_MATCHED = "being_matched"
    """The reason of a failure if the wager is being matched right now."""
    WRONG_WAGER = "wrong_wager"
    """The reason of a failure if the wager is invalid or belongs to another account. The two ids in the request may
    also belong to different wagers."""
    ID_EXISTS = "id_exists"
    """The reason of a failure if a wager with the same ``external_id`` exists already."""
    OFF_LADDER = "off_ladder"
    """The reason of a failure if the odds are not on the exchange's ladder."""
    TOO_MANY = "too_many"
    """The reason of a failure if the exchange received too many requests."""
    NO_SESSION_FREE = "no_session_free"
    """The reason of a failure if every session that the key pair allows is in use."""
    LOGIN = "login"
    """The reason of a failure if the exchange rejected the access key or the secret key."""
    LOGIN_WAITS = "login_waits"
    """The reason of a failure if it is too early to log in again."""
    UNREACHABLE = "unreachable"
    """The reason of a failure if the exchange could not be reached."""
    OTHER = "other"
    """The reason of a failure that has no reason with a name of its own. No decision depends on this reason. The field
    ``code`` shows people what the reason was."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A request failed as a whole."""

    request: int
    failure: Failure
    code: str
    """The error code of the exchange, or an error code made by mmbot (``timeout``, ``connection``, ``undecodable``,
    ``login_rejected`` …). The code is used only in logs and messages to people."""
    message: str = ""
    retry_at: Instant | None = None
    reason: FailureReason = FailureReason.OTHER


class FailedItem(msgspec.Struct, frozen=True):
    """One item that failed, such as one wager, in a batch that the exchange answered. If a batch failed as a whole, it
    is reported by ``Failed``."""

    external_id: str
    failure: Failure
    code: str
    """The exchange's error code for the item. The code is used only in logs and messages to people."""
    message: str = ""
    reason: FailureReason = FailureReason.OTHER


class Placed(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The answer to PlaceMany. If an item of the request is missing from both ``accepted`` and ``failed``, it is
    unknown whether the wager was placed."""

    request: int
    accepted: tuple[WagerReport, ...]
    failed: tuple[FailedItem, ...]
    """The items of the placement that failed. Each item has its own ``failure``, which need not be a rejection."""


class Cancelled(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The answer to CancelMany. If an item of the request is missing from both ``accepted`` and ``failed``, it is
    unknown whether the wager was cancelled."""

    request: int
    accepted: tuple[str, ...]
    """The ``external_id`` of each wager that can no longer be matched after the cancel."""
    failed: tuple[FailedItem, ...]
    date: Instant | None = None
    """The exchange's time in whole seconds, from the ``Date`` header of the HTTP answer. None if the header was
    missing."""


class CancelledAll(msgspec.Struct, frozen=True, tag=True):
    """The answer to CancelAll or CancelSportEvent. ``nothing_open`` is true if the exchange answered with 404. Even the
    answer 404 does not prove that no wager is open."""

    request: int
    nothing_open: bool
    date: Instant | None = None
    """The exchange's time in whole seconds, from the ``Date`` header of the HTTP answer. None if the header was
    missing."""


class WagerRead(msgspec.Struct, frozen=True, tag=True):
    """The answer to ReadWager. If the exchange answered with 404, ``report`` and ``unread`` are None."""

    request: int
    report: WagerReport | None
    unread: UnreadWager | None = None


class HistoryRead(msgspec.Struct, frozen=True, tag=True):
    """The answer to ReadHistory: one page of the wager history."""

    request: int
    wagers: tuple[WagerReport, ...]
    next_cursor: str
    """The cursor with which the next page of the history is requested. It is empty on the page that ends the
    history."""
    last_synced_at: Instant | None
    """The instant up to which the history is complete. None if the page lacks this field. A page without this instant
    cannot prove that no wager is open."""
    date: Instant | None = None
    """The exchange's time in whole seconds, from the ``Date`` header of the HTTP answer. None if the header was
    missing."""
    unread: tuple[UnreadWager, ...] = ()
    """The wagers on the page that have some unreadable part."""


class MatchesRead(msgspec.Struct, frozen=True, tag=True):
    """The answer to ReadMatches: every match of the wagers in the request."""

    request: int
    matches: tuple[MatchDetail, ...]


class BalanceRead(msgspec.Struct, frozen=True, tag=True):
    """The answer to ReadBalance."""

    request: int
    balance: Cents
    matched: Cents
    unmatched: Cents
    date: Instant | None = None
    """The exchange's time, from the ``Date`` header of the HTTP answer. None if the header was missing."""


class TransactionsRead(msgspec.Struct, frozen=True, tag=True):
    """The answer to ReadTransactions: one page of the account's transactions, in the exchange's order."""

    request: int
    transactions: tuple[Transaction, ...]
    next_cursor: str
    """The cursor with which the next page of transactions is requested. It is empty if there is no next page."""
    unread: int = 0
    """The number of transactions on the page that could not be read."""


class LadderRead(msgspec.Struct, frozen=True, tag=True):
    """The answer to ReadLadder: the odds as the exchange sent them. The engine checks these odds."""

    request: int
    odds: tuple[int, ...]


class TournamentsRead(msgspec.Struct, frozen=True, tag=True):
    """The answer to ReadTournaments."""

    request: int
    tournaments: tuple[Tournament, ...]


class SportEventsRead(msgspec.Struct, frozen=True, tag=True):
    """The answer to ReadSportEvents or ReadSportEventsById. If the exchange answered with 404 or with null,
    ``sport_events`` is empty."""

    request: int
    sport_events: tuple[SportEvent, ...]


class MarketImage(msgspec.Struct, frozen=True):
    """A market from a REST read, together with the book of each of its lines."""

    market: Market
    books: tuple[Book, ...]
    """The books of the market: one book for each line in ``market.lines``, in the sequence of the lines."""


class MarketsRead(msgspec.Struct, frozen=True, tag=True):
    """The answer to ReadMarkets: the markets of each sport event. If a sport event is missing or null in the exchange's
    answer, the tuple for this sport event is empty."""

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
    """The command to stop: cancel everything, prove that no wager is open, and exit. If ``hurry`` is true (after a
    second signal), the proof is skipped."""

    hurry: bool = False


class KillRequested(msgspec.Struct, frozen=True, tag=True):
    """The command to set the kill latch (the stored state of the kill switch). The engine then cancels everything and
    quotes nothing until the operator resumes, even after a restart."""

    reason: str


class ResumeRequested(msgspec.Struct, frozen=True, tag=True):
    """The command to release the kill latch (the stored state of the kill switch). While a wager may be open, the
    command is rejected with an alert."""


class LatchWritten(msgspec.Struct, frozen=True, tag=True):
    """The report that the kill latch (the stored state of the kill switch) was written to disk, or that the write
    failed with ``error``. In both cases, the latch is set in memory."""

    error: str | None = None
    reason: str | None = None
    """The reason in the file of the kill latch (the stored state of the kill switch). It may be longer than the reason
    in the kill command."""


class WallStepped(msgspec.Struct, frozen=True, tag=True):
    """The machine's wall clock jumped. From now on, the wall clock is ``offset`` ahead of the engine's clock."""

    offset: Duration


class PriceGiven(msgspec.Struct, frozen=True, tag=True):
    """A price from the user: the fair probability that the outcome of ``line_id`` wins, if there is no push."""

    line_id: str
    probability: float
    given_at: Instant
    """The instant at which the price was made. The age of the price is counted from this instant."""


class JournalState(msgspec.Struct, frozen=True, tag=True):
    """The report that the journal can no longer be written, or that it can be written again."""

    trouble: str | None
    """The reason why writing to the journal fails. None if writing works again."""


class BlockReserved(msgspec.Struct, frozen=True, tag=True):
    """The shell (the code around the engine) has saved on disk which sequence numbers this run may use in external ids.
    The run may use all sequence numbers below ``end``."""

    end: int


Control = (
    StopRequested
    | KillRequested
    | ResumeRequested
    | LatchWritten
    | WallStepped
    | PriceGiven
    | BlockReserved
    | JournalState
)

Event = FeedUp | FeedLost | FeedRejected | FeedMessage | Answer | Control | Interruption
