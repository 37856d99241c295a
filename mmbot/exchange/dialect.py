"""The interface of a *dialect*, which is one version of the exchange's API.

Each dialect has its own paths, fields, error codes, channels and messages. The session keeper, the REST client, the
feed and the daemon use only the interface ``Dialect``. A dialect is a folder next to this file. It has one module for
each of the classes below. ``dialects.py`` picks the dialect.

If a dialect lacks a call, building that call raises ``Malformed``, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, Literal, NamedTuple, Protocol, TypeVar

from mmbot.domain.catalogue import Player, SportEvent, Tournament
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.transaction import Transaction, TransactionType
from mmbot.domain.wager import MatchDetail, UnreadWager, WagerReport
from mmbot.engine.events import BalanceRead, Cancelled, FeedMessage, HistoryRead, MarketImage, Placed
from mmbot.engine.requests import Cancellation, Placement, ReadHistory
from mmbot.exchange.errors import ErrorTable, Purpose
from mmbot.exchange.grants import ConnectionConfig, Registration, Tokens, Topics

MalformedItems = list[str]
"""The type of the list of reasons why items of an answer could not be read. Each unreadable item adds one text, which
is logged and counted."""

Version = Literal[1, 2]
"""The type of the version number of the calls that read markets. Version 1 is deprecated and may be missing in a
dialect (version of the exchange's API)."""

T = TypeVar("T")


class Call(NamedTuple, Generic[T]):
    """One request to the exchange, with the function that reads its answer."""

    name: str
    """The name of the call in metrics. It is the same in every dialect (version of the exchange's API)."""
    purpose: Purpose
    method: str
    path: str
    """The path of the call below the base URL, including the query."""
    body: bytes | None
    read: Callable[[bytes, MalformedItems], T]
    """The function that reads the body of a successful answer. For each unreadable item, it appends the reason to the
    list. It raises ValueError if the answer as a whole cannot be read."""
    withdrawn: Callable[[], bool] | None = None
    """The function that returns True if the request must not be sent any more. It is called repeatedly until the
    sending of the request begins."""


class MatchPage(NamedTuple):
    """One page of a list of matches."""

    matches: tuple[MatchDetail, ...]
    malformed: frozenset[str]
    """The ids of the wagers with at least one unreadable match on the page."""
    next_cursor: str
    """The cursor of the next page of matches. It is empty if the page is the final page."""


class LinePlace(NamedTuple):
    """The market to which an outcome belongs."""

    line_id: str
    sport_event_id: int
    market_id: int
    type: str
    sub_type: str


class TransactionPage(NamedTuple):
    """One page of the account's transactions, in the exchange's order."""

    transactions: tuple[Transaction, ...]
    next_cursor: str
    """The cursor of the next page of transactions. It is empty if the page is the final page."""
    unread: int
    """The number of transactions on the page that could not be read."""


class Undecodable(Exception):
    """Raised if a feed message cannot be read.

    Args:
        kind: the name under which such messages are counted. It is ``envelope`` if the outer object cannot be read, and
            ``topic`` if the topic is unknown. Otherwise it is the topic itself.
        why: the reason.
    """

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(f"{kind}: {why}")
        self.kind: Final = kind
        self.why: Final = why


# --- the parts of a dialect -----------------------------------------------------------------------------------------


class SessionCalls(Protocol):
    """The calls that open and renew a session."""

    def log_in(self, access_key: str, secret_key: str) -> Call[Tokens]:
        """The call that opens a session."""

    def refresh(self, refresh_token: str) -> Call[Tokens]:
        """The call that gets a new access token for an open session."""


class ChangeCalls(Protocol):
    """The calls that place and cancel wagers.

    The answer to a batch has two lists. One list has the items that succeeded, and the other has the items that were
    rejected. If an item is in neither list, it is not known whether the exchange carried it out.
    """

    def place_one(self, item: Placement) -> Call[WagerReport]:
        """The call that places one wager."""

    def place_many(self, request: int, items: Sequence[Placement]) -> Call[Placed]:
        """The call that places up to 20 wagers. ``request`` is the engine's number for the request, which the result
        repeats."""

    def cancel_one(self, item: Cancellation) -> Call[None]:
        """The call that cancels one wager."""

    def cancel_many(self, request: int, items: Sequence[Cancellation]) -> Call[Cancelled]:
        """The call that cancels up to 20 wagers. ``request`` is the engine's number for the request, which the result
        repeats."""

    def cancel_sport_event(self, sport_event: int) -> Call[None]:
        """The call that cancels every open wager of a sport event."""

    def cancel_market(self, sport_event: int, market: int, line_id: str | None) -> Call[None]:
        """The call that cancels every open wager of a market. If ``line_id`` is given, only the wagers on this outcome
        are cancelled."""

    def cancel_all(self) -> Call[None]:
        """The call that cancels every open wager of the account."""


class WagerCalls(Protocol):
    """The calls that read wagers and their matches."""

    def wager(self, wager_id: str) -> Call[WagerReport | UnreadWager]:
        """The call that reads one wager."""

    def history(
        self, query: ReadHistory, now: Instant, market: int | None, sport_event: int | None
    ) -> Call[HistoryRead]:
        """The call that reads one page of the account's wager history. All times are by the exchange's clock. The page
        may have fewer wagers than the query asks for.

        Raises:
            Malformed: if the exchange would reject the range of times.
        """

    def matches(self, wager_ids: Sequence[str], cursor: str) -> Call[MatchPage]:
        """The call that reads one page of the matches of some wagers."""

    def matches_of(self, wager_id: str, cursor: str, limit: int) -> Call[MatchPage]:
        """The call that reads one page of the matches of one wager."""

    def matched_bets(self, begin: Instant, end: Instant, cursor: str, limit: int) -> Call[MatchPage]:
        """The call that reads one page of the account's matches between two instants.

        Raises:
            Malformed: if the exchange would reject the range of times.
        """


class BoardCalls(Protocol):
    """The calls that read tournaments, sport events, players, markets and books."""

    def ladder(self) -> Call[tuple[int, ...]]:
        """The call that reads the odds that the exchange accepts (the ladder), in the exchange's order."""

    def tournaments(self, active: bool) -> Call[tuple[Tournament, ...]]:
        """The call that reads tournaments. If ``active`` is True, only tournaments with active sport events are read.
        Otherwise all tournaments are read."""

    def sport_events(self, tournament: int) -> Call[tuple[SportEvent, ...]]:
        """The call that reads the sport events of a tournament."""

    def sport_events_by_id(self, sport_events: Sequence[int]) -> Call[tuple[SportEvent, ...]]:
        """The call that reads up to 50 sport events by their ids."""

    def markets(self, sport_events: Sequence[int], version: Version) -> Call[dict[int, tuple[MarketImage, ...]]]:
        """The call that reads the markets and books of up to 50 sport events."""

    def markets_of(self, sport_event: int, version: Version) -> Call[tuple[MarketImage, ...]]:
        """The call that reads the markets and books of one sport event."""

    def search(
        self, tournament: int, sport_events: Sequence[int], types: Sequence[str], least: Cents
    ) -> Call[tuple[MarketImage, ...]]:
        """The call that searches the markets of a tournament. Only the markets of the given sport events and types are
        searched. ``least`` is the least amount that takers must be able to stake, in cents."""

    def lines(self, line_ids: Sequence[str]) -> Call[tuple[LinePlace, ...]]:
        """The call that finds the markets to which up to 20 outcomes belong."""

    def players(self, tournament: int) -> Call[tuple[Player, ...]]:
        """The call that reads the players of a tournament."""

    def player(self, player: int, tournament: int) -> Call[Player]:
        """The call that reads one player of a tournament."""


class WalletCalls(Protocol):
    """The calls that read the account's money."""

    def balance(self, request: int) -> Call[BalanceRead]:
        """The call that reads the balance. ``request`` is the engine's number for the request, which the result
        repeats."""

    def transactions(
        self,
        begin: Instant | None,
        end: Instant | None,
        kind: TransactionType | None,
        sport_event: int | None,
        market: int | None,
        wager_id: str,
        cursor: str,
        limit: int,
    ) -> Call[TransactionPage]:
        """The call that reads one page of the account's transactions between two instants.

        Raises:
            Malformed: if ``end`` is earlier than ``begin``.
        """


class FeedDialect(Protocol):
    """The calls and functions for the feed. They find the feed's address, register a connection and decode its
    messages."""

    def connection_config(self) -> Call[ConnectionConfig]:
        """The call that reads the address of the feed."""

    def plan(self, wanted: Topics) -> tuple[Topics, ...]:
        """Distribute topics over connections. The result has one entry for each connection to be opened, with the
        topics for which this connection registers."""

    def register(self, socket_id: str, topics: Topics, service: str) -> Call[Registration]:
        """The call that registers a connection for topics. ``socket_id`` is the id of the connection, and ``service``
        is the name of the service from the connection config. The answer lists the channels to which the connection can
        subscribe."""

    def decode(self, connection: int, event_name: str, data: str | bytes) -> tuple[FeedMessage, ...]:
        """Decode a message of the feed. The result is empty for the book of a line that mmbot cannot quote.

        Args:
            connection: the number of the connection that brought the message.
            event_name: the event name in the Pusher protocol.
            data: the data of the message, unchanged.

        Raises:
            Undecodable: if the message cannot be read.
        """


class Dialect(NamedTuple):
    """One version of the exchange's API. It has an object for each part of the API."""

    name: str
    errors: ErrorTable
    session: SessionCalls
    changes: ChangeCalls
    wagers: WagerCalls
    board: BoardCalls
    wallet: WalletCalls
    feed: FeedDialect
