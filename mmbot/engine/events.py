"""Everything that comes into the engine: feed messages, answers to its requests, and orders from the operator.

Each is a frozen value. Money is in cents, odds are American integers, instants are nanoseconds since the epoch.
"""

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
    """``op`` of a structural message."""

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
    """Whether the channel brings this account's private messages and the health checks."""


WHOLE_FEED: Final = (Channel("broadcast", events=None), Channel("private", private=True))
"""The channels of a feed that brings everything over one connection."""


class FeedUp(msgspec.Struct, frozen=True, tag=True):
    """A connection is open and its channels are subscribed. For a connection that is open already: its channels are
    these from now on."""

    connection: int
    """The connection's number; each attempt has a higher one."""
    channels: tuple[Channel, ...] = WHOLE_FEED


class FeedLost(msgspec.Struct, frozen=True, tag=True):
    """A connection that was up, or was trying to be, is gone. If it carried no private channel, the shell opens another
    on its own; otherwise it waits for the order to connect."""

    connection: int
    reason: str


class FeedRefused(msgspec.Struct, frozen=True, tag=True):
    """The exchange refused the feed for good (Pusher codes 4000 to 4099): a person has to act."""

    connection: int
    reason: str


class Beat(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A ``health_check``, on the private channel of a connection."""

    connection: int


class BookMessage(msgspec.Struct, frozen=True, tag=True, gc=False):
    """``market_selections``: the whole visible book of one line."""

    connection: int
    line: LineKey
    sequence: int
    book: Book


class PrintMessage(msgspec.Struct, frozen=True, tag=True, gc=False):
    """``matched_bet``: a match between any two users, for all to see. Never read as a match of ours."""

    connection: int
    event: int
    market: int
    line_id: str
    odds: Odds
    matched_odds: Odds
    stake: Cents
    sequence: int


class WagerMessage(msgspec.Struct, frozen=True, tag=True, gc=False):
    """``wager``: a private message about a wager of this account. Applied whichever connection brought it."""

    connection: int
    report: WagerReport


class TournamentMessage(msgspec.Struct, frozen=True, tag=True):
    """``tournament``."""

    connection: int
    op: Op
    tournament_id: int
    tournament: Tournament | None


class EventMessage(msgspec.Struct, frozen=True, tag=True):
    """``sport_event``. A delete brings ids only."""

    connection: int
    op: Op
    event_id: int
    tournament_id: int | None
    event: SportEvent | None


class MarketMessage(msgspec.Struct, frozen=True, tag=True):
    """``market``."""

    connection: int
    op: Op
    event: int
    market: int
    name: str
    status: str


class LineMessage(msgspec.Struct, frozen=True, tag=True):
    """``market_line``: one message for each outcome."""

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
    """What is known after a request failed."""

    REFUSED = "refused"
    """The exchange said no: nothing was done."""
    LATER = "later"
    """Nothing was done and it may be asked again, at ``retry_at`` if given."""
    UNKNOWN = "unknown"
    """No readable answer: it may have been done or not."""
    BUG = "bug"
    """The exchange found the request malformed: nothing was done, and repeating it would not help."""


class Rejection(Enum):
    """Why something was not carried out, as far as a decision depends on the reason.

    Each dialect of the exchange maps its error codes to these. No decision looks at a code.
    """

    NOTHING_LEFT = "nothing_left"
    """The wager was matched or cancelled before: nothing of it is left to cancel."""
    NOT_FOUND = "not_found"
    """The exchange does not find what the request names. It proves nothing: the exchange may only be late."""
    NOTHING_OPEN = "nothing_open"
    """A cancel of several wagers found none. It proves nothing either."""
    NOT_LIVE_YET = "not_live_yet"
    """The wager is still being placed."""
    BEING_MATCHED = "being_matched"
    """The wager is being matched at this moment."""
    WRONG_WAGER = "wrong_wager"
    """The wager is invalid or another account's, or the two ids of it do not belong together."""
    ID_EXISTS = "id_exists"
    """A wager with this external id exists already."""
    OFF_LADDER = "off_ladder"
    """The odds are not on the exchange's ladder."""
    TOO_MANY = "too_many"
    """Too many requests."""
    NO_SESSION_FREE = "no_session_free"
    """Every session of the key pair is taken."""
    LOGIN = "login"
    """The exchange rejected the keys."""
    LOGIN_WAITS = "login_waits"
    """The next log-in may not be sent yet."""
    UNREACHABLE = "unreachable"
    """The exchange could not be reached."""
    OTHER = "other"
    """No decision depends on the reason; the code tells it to people."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A request failed as a whole."""

    request: int
    failure: Failure
    code: str
    """The exchange's error code, or ours: ``timeout``, ``connection``, ``undecodable``, ``login_refused`` … For logs
    and people."""
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
    """Answer to CancelAll or CancelEvent. A 404 (nothing was open) is one, and no proof of being clear."""

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
    """Up to when the history is complete; None where it was missing, which proves nothing."""
    date: Instant | None = None
    """``Date`` of the HTTP answer: the exchange's clock in whole seconds. None where there was none."""


class MatchesRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadMatches: every match of the wagers asked for."""

    request: int
    matches: tuple[MatchDetail, ...]


class BalanceRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadBalance."""

    request: int
    balance: Cents
    matched: Cents
    unmatched: Cents


class LadderRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadLadder: the odds as they came; the engine checks them."""

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
    """A market as REST shows it, with the book of each of its lines beside it."""

    market: Market
    books: tuple[Book, ...]
    """One for each of ``market.lines``, in their order."""


class MarketsRead(msgspec.Struct, frozen=True, tag=True):
    """Answer to ReadMarkets. An event that is missing or null in the answer has an empty tuple."""

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
    """Stop: cancel everything, prove it clear, exit. ``hurry`` (a second signal) skips the waiting."""

    hurry: bool = False


class KillRequested(msgspec.Struct, frozen=True, tag=True):
    """Latch: cancel everything and stay up without quoting, across restarts, until resumed."""

    reason: str


class ResumeRequested(msgspec.Struct, frozen=True, tag=True):
    """Clear the latch. Refused with an alert while the account is not clear."""


class LatchWritten(msgspec.Struct, frozen=True, tag=True):
    """The latch's file was written, or could not be (``error``); it holds in memory either way."""

    error: str | None = None
    reason: str | None = None
    """Why, as the file says; it may know more than the kill did."""


class WallStepped(msgspec.Struct, frozen=True, tag=True):
    """The wall clock was stepped: add ``offset`` to the engine's clock to get schedule time."""

    offset: Duration


class PriceGiven(msgspec.Struct, frozen=True, tag=True):
    """A user's own fair probability of the outcome that ``line_id`` stands for, given that it is not pushed."""

    line_id: str
    probability: float
    given_at: Instant
    """When the price was made: its age counts from here."""


class BlockReserved(msgspec.Struct, frozen=True, tag=True):
    """Sequence numbers below ``end`` are durably this run's."""

    end: int


Control = StopRequested | KillRequested | ResumeRequested | LatchWritten | WallStepped | PriceGiven | BlockReserved

Event = FeedUp | FeedLost | FeedRefused | FeedMessage | Answer | Control
