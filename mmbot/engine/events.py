"""The events that the engine takes: messages of the feed, answers to its requests, and commands of the operator.

Each event is a frozen value. Money is in cents, odds are American integers, and instants are in nanoseconds since the
epoch."""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from mmbot.domain.book import Book
from mmbot.domain.catalogue import LineKey, Market, SportEvent, Tournament
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds
from mmbot.domain.wager import MatchDetail, WagerReport


class Op(Enum):
    """Operation of a message that changes the catalogue (``op``)."""

    CREATE = "c"
    UPDATE = "u"
    DELETE = "d"


# --- the feed -----------------------------------------------------------------------------------------------------


class Channel(msgspec.Struct, frozen=True):
    """One channel of a connection."""

    name: str
    events: tuple[int, ...] | None = ()
    """The sport events whose books the channel brings; None for all of them."""
    private: bool = False
    """True if the channel brings the private messages of this account and the health checks."""


WHOLE_FEED: Final = (Channel("broadcast", events=None), Channel("private", private=True))
"""The channels of a feed with one connection."""


class FeedUp(msgspec.Struct, frozen=True, tag=True):
    """A connection is open and subscribed to its channels. If it was open before, these channels replace its old
    ones."""

    connection: int
    """The connection's number; each attempt has a higher one."""
    channels: tuple[Channel, ...] = WHOLE_FEED


class FeedLost(msgspec.Struct, frozen=True, tag=True):
    """A connection, or an attempt to connect, has ended.

    If the connection carried the private channel, the shell waits for the order ``Connect``. Otherwise the shell opens
    another connection by itself.
    """

    connection: int
    reason: str


class FeedRefused(msgspec.Struct, frozen=True, tag=True):
    """The exchange rejected the feed with a code that forbids a retry (Pusher 4000 to 4099): a person has to act."""

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
    """Public message about a match between any two users (``matched_bet``). It is never taken for a match of ours."""

    connection: int
    event: int
    market: int
    line_id: str
    odds: Odds
    matched_odds: Odds
    stake: Cents
    sequence: int


class WagerMessage(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Private message about a wager of this account (``wager``). It is applied, whichever connection brought it."""

    connection: int
    report: WagerReport


class TournamentMessage(msgspec.Struct, frozen=True, tag=True):
    """Change of a tournament (``tournament``)."""

    connection: int
    op: Op
    tournament_id: int
    tournament: Tournament | None


class EventMessage(msgspec.Struct, frozen=True, tag=True):
    """Change of a sport event (``sport_event``). A delete carries ids only."""

    connection: int
    op: Op
    event_id: int
    tournament_id: int | None
    event: SportEvent | None


class MarketMessage(msgspec.Struct, frozen=True, tag=True):
    """Change of a market (``market``)."""

    connection: int
    op: Op
    event: int
    market: int
    name: str
    status: str


class LineMessage(msgspec.Struct, frozen=True, tag=True):
    """Change of one outcome of a line (``market_line``)."""

    connection: int
    op: Op
    event: int
    market: int
    line_id: str
    outcome_id: int
    number: int
    status: str


FeedMessage = (
    Beat | BookMessage | PrintMessage | WagerMessage | TournamentMessage | EventMessage | MarketMessage | LineMessage
)


# --- answers ------------------------------------------------------------------------------------------------------


class Failure(Enum):
    """Result of a failed request, as far as it is known."""

    REFUSED = "refused"
    """The exchange rejected the request and changed nothing."""
    LATER = "later"
    """The exchange changed nothing. The request may be repeated: at ``retry_at``, if that is given."""
    UNKNOWN = "unknown"
    """No readable answer came. The exchange may have carried the request out or not."""
    BUG = "bug"
    """The exchange found the request malformed and changed nothing. A repetition would fail as well."""


class Rejection(Enum):
    """Reason why the exchange rejected something, as far as a decision depends on it.

    Each dialect maps the error codes of the exchange to these reasons. No decision looks at a code.
    """

    NOTHING_LEFT = "nothing_left"
    """The wager was fully matched or cancelled before, so there is nothing to cancel."""
    NOT_FOUND = "not_found"
    """The exchange does not know the wager or other object of the request. This proves nothing: it may only be late."""
    NOTHING_OPEN = "nothing_open"
    """A cancel of all wagers found none. This proves nothing: the exchange may only be late."""
    NOT_LIVE_YET = "not_live_yet"
    """The wager is still being placed."""
    BEING_MATCHED = "being_matched"
    """The wager is being matched right now."""
    WRONG_WAGER = "wrong_wager"
    """The wager is invalid, belongs to another account, or its two ids do not belong together."""
    ID_EXISTS = "id_exists"
    """A wager with this external id exists already."""
    OFF_LADDER = "off_ladder"
    """The odds are not on the exchange's ladder."""
    TOO_MANY = "too_many"
    """Too many requests."""
    NO_SESSION_FREE = "no_session_free"
    """Every session of the key pair is in use."""
    LOGIN = "login"
    """The exchange rejected the keys."""
    LOGIN_WAITS = "login_waits"
    """The next log-in may not be sent yet."""
    UNREACHABLE = "unreachable"
    """The exchange could not be reached."""
    OTHER = "other"
    """Any other reason. No decision depends on it. The code names it to people."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A request failed as a whole."""

    request: int
    failure: Failure
    code: str
    """The error code of the exchange, or a code of ours (``timeout``, ``connection``, ``undecodable``,
    ``login_refused`` …). For logs and people."""
    message: str = ""
    retry_at: Instant | None = None
    rejection: Rejection = Rejection.OTHER


class RefusedItem(msgspec.Struct, frozen=True):
    """One item of a batch that the exchange did not accept."""

    external_id: str
    failure: Failure
    code: str
    """The exchange's error code, for logs and people."""
    message: str = ""
    rejection: Rejection = Rejection.OTHER


class Placed(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Answer to PlaceMany. An item of the request that is in neither list has an unknown outcome."""

    request: int
    accepted: tuple[WagerReport, ...]
    refused: tuple[RefusedItem, ...]


class Cancelled(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Answer to CancelMany. An item of the request that is in neither list has an unknown outcome."""

    request: int
    accepted: tuple[str, ...]
    """External ids of wagers that can no longer be matched."""
    refused: tuple[RefusedItem, ...]
    date: Instant | None = None
    """``Date`` of the HTTP answer: the exchange's clock in whole seconds. None where there was none."""


class CancelledAll(msgspec.Struct, frozen=True, tag=True):
    """Answer to CancelAll or CancelEvent. A 404 counts as one: no wager was open. It does not prove the account
    clear."""

    request: int
    nothing_open: bool
    date: Instant | None = None
    """``Date`` of the HTTP answer: the exchange's clock in whole seconds. None where there was none."""


class WagerRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadWager; None for a 404."""

    request: int
    report: WagerReport | None


class HistoryRead(msgspec.Struct, frozen=True, tag=True):
    """One page of the history."""

    request: int
    wagers: tuple[WagerReport, ...]
    next_cursor: str
    """Empty on the last page."""
    last_synced_at: Instant | None
    """The instant up to which the history is complete. None if the page lacked it: such a page proves nothing."""
    date: Instant | None = None
    """``Date`` of the HTTP answer: the exchange's clock in whole seconds. None where there was none."""


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


class LadderRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadLadder: the odds as the exchange sent them. The engine checks them."""

    request: int
    odds: tuple[int, ...]


class TournamentsRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadTournaments."""

    request: int
    tournaments: tuple[Tournament, ...]


class EventsRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadEvents; a 404 or null is the empty tuple."""

    request: int
    events: tuple[SportEvent, ...]


class MarketImage(msgspec.Struct, frozen=True):
    """A market from a REST read, with the book of each of its lines."""

    market: Market
    books: tuple[Book, ...]
    """One book for each of ``market.lines``, in the same order."""


class MarketsRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadMarkets. A sport event that is missing or null in the answer has an empty tuple."""

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
    | LadderRead
    | TournamentsRead
    | EventsRead
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
    """The file of the kill latch was written, or could not be (``error``). The latch holds in memory in both cases."""

    error: str | None = None
    reason: str | None = None
    """The reason in the file. It may say more than the reason of the kill."""


class WallStepped(msgspec.Struct, frozen=True, tag=True):
    """The wall clock was stepped. The engine's clock plus ``offset`` is the time of the wall clock."""

    offset: Duration


class PriceGiven(msgspec.Struct, frozen=True, tag=True):
    """Fair probability from the user: that the outcome of ``line_id`` wins, provided that there is no push."""

    line_id: str
    probability: float
    given_at: Instant
    """The instant at which the price was made. The age of the price counts from this instant."""


class BlockReserved(msgspec.Struct, frozen=True, tag=True):
    """It is saved on disk that this run may use sequence numbers below ``end``."""

    end: int


Control = StopRequested | KillRequested | ResumeRequested | LatchWritten | WallStepped | PriceGiven | BlockReserved

Event = FeedUp | FeedLost | FeedRefused | FeedMessage | Answer | Control
