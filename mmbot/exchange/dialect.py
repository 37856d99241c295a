"""The interface of a *dialect*: one version of the exchange's API.

Each dialect has its own paths, fields, error codes, channels and messages. The session keeper, the REST client, the
feed
and the daemon are given a ``Dialect`` and know nothing else about it. A dialect is a folder next to this file, with one
module for each part below. ``dialects.py`` picks the dialect.

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
"""Reasons why items of an answer could not be read, one text for each item. They are logged and counted."""

Version = Literal[1, 2]
"""Version of the calls that read markets. Version 1 is deprecated, and a dialect may lack it."""

T = TypeVar("T")


class Call(NamedTuple, Generic[T]):
    """One request to the exchange, with the function that reads its answer."""

    name: str
    """Name of the call in metrics. It is the same in every dialect."""
    purpose: Purpose
    method: str
    path: str
    """Path below the base URL, with the query."""
    body: bytes | None
    read: Callable[[bytes, MalformedItems], T]
    """Reads the body of a successful answer. For each item that it cannot read, it appends the reason to the list.
    Raises ValueError if the answer as a whole cannot be read."""
    withdrawn: Callable[[], bool] | None = None
    """Returns True if the request must not be sent any more. Called until the first byte is sent."""


class MatchPage(NamedTuple):
    """One page of matches."""

    matches: tuple[MatchDetail, ...]
    malformed: frozenset[str]
    """Ids of the wagers of which at least one match could not be read."""
    next_cursor: str
    """Cursor for the next page. Empty on the last page."""


class TransactionPage(NamedTuple):
    """One page of the account's transactions, in the exchange's order."""

    transactions: tuple[Transaction, ...]
    next_cursor: str
    """Cursor for the next page. Empty on the last page."""
    unread: int
    """Number of transactions on the page that could not be read."""


class Undecodable(Exception):
    """A feed message that cannot be read.

    Args:
        kind: name for the counter: ``envelope`` if the outer object cannot be read, ``topic`` if the topic is unknown,
            otherwise the topic.
        why: the reason.
    """

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(f"{kind}: {why}")
        self.kind: Final = kind
        self.why: Final = why


# --- the parts of a dialect -----------------------------------------------------------------------------------------


class SessionCalls(Protocol):
    """Calls that open and renew a session."""

    def log_in(self, access_key: str, secret_key: str) -> Call[Tokens]:
        """Open a session."""

    def refresh(self, refresh_token: str) -> Call[Tokens]:
        """Get a new access token for an open session."""


class ChangeCalls(Protocol):
    """Calls that place and cancel wagers. An answer to a batch lists the items that succeeded and those that were
    rejected. An item in neither list has an unknown outcome."""

    def place_one(self, item: Placement) -> Call[WagerReport]:
        """Place one wager."""

    def place_many(self, request: int, items: Sequence[Placement]) -> Call[Placed]:
        """Place up to 20 wagers. ``request`` is the engine's number of the request, which the answer repeats."""

    def cancel_one(self, item: Cancellation) -> Call[None]:
        """Cancel one wager."""

    def cancel_many(self, request: int, items: Sequence[Cancellation]) -> Call[Cancelled]:
        """Cancel up to 20 wagers. ``request`` is the engine's number of the request, which the answer repeats."""

    def cancel_sport_event(self, sport_event: int) -> Call[None]:
        """Cancel every open wager of a sport event."""

    def cancel_market(self, sport_event: int, market: int, line_id: str | None) -> Call[None]:
        """Cancel every open wager of a market. If ``line_id`` is given, cancel only the wagers on that outcome."""

    def cancel_all(self) -> Call[None]:
        """Cancel every open wager of the account."""


class WagerCalls(Protocol):
    """Calls that read wagers and their matches."""

    def wager(self, wager_id: str) -> Call[WagerReport | UnreadWager]:
        """Read one wager."""

    def history(
        self, query: ReadHistory, now: Instant, market: int | None, sport_event: int | None
    ) -> Call[HistoryRead]:
        """Read one page of the account's wager history. ``now`` and the times in ``query`` are by the exchange's clock.
        The page may have fewer wagers than the query asks for.

        Raises:
            Malformed: if the exchange would reject the range of times.
        """

    def matches(self, wager_ids: Sequence[str], cursor: str) -> Call[MatchPage]:
        """Read one page of the matches of some wagers."""

    def matches_of(self, wager_id: str, cursor: str, limit: int) -> Call[MatchPage]:
        """Read one page of the matches of one wager."""

    def matched_bets(self, begin: Instant, end: Instant, cursor: str, limit: int) -> Call[MatchPage]:
        """Read one page of the account's matches between two instants.

        Raises:
            Malformed: if the exchange would reject the range of times.
        """


class BoardCalls(Protocol):
    """Calls that read tournaments, sport events, players, markets and books."""

    def ladder(self) -> Call[tuple[int, ...]]:
        """Read the odds that the exchange accepts (the ladder), in the exchange's order."""

    def tournaments(self, active: bool) -> Call[tuple[Tournament, ...]]:
        """Read all tournaments, or only those with active sport events if ``active`` is True."""

    def sport_events(self, tournament: int) -> Call[tuple[SportEvent, ...]]:
        """Read the sport events of a tournament."""

    def sport_events_by_id(self, sport_events: Sequence[int]) -> Call[tuple[SportEvent, ...]]:
        """Read up to 50 sport events."""

    def markets(self, sport_events: Sequence[int], version: Version) -> Call[dict[int, tuple[MarketImage, ...]]]:
        """Read the markets and books of up to 50 sport events."""

    def markets_of(self, sport_event: int, version: Version) -> Call[tuple[MarketImage, ...]]:
        """Read the markets and books of one sport event."""

    def search(
        self, tournament: int, sport_events: Sequence[int], types: Sequence[str], least: Cents
    ) -> Call[tuple[MarketImage, ...]]:
        """Search the markets of a tournament. ``Client.search_markets`` describes the filters."""

    def players(self, tournament: int) -> Call[tuple[Player, ...]]:
        """Read the players of a tournament."""

    def player(self, player: int, tournament: int) -> Call[Player]:
        """Read one player of a tournament."""


class WalletCalls(Protocol):
    """Calls that read the account's money."""

    def balance(self, request: int) -> Call[BalanceRead]:
        """Read the balance. ``request`` is the engine's number of the request, which the answer repeats."""

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
        """Read one page of the account's transactions between two instants.

        Raises:
            Malformed: if ``end`` lies before ``begin``.
        """


class FeedDialect(Protocol):
    """Calls and functions for the feed: find its address, register a connection, decode its messages."""

    def connection_config(self) -> Call[ConnectionConfig]:
        """Ask for the address of the feed."""

    def plan(self, wanted: Topics) -> tuple[Topics, ...]:
        """Distribute topics over connections. Return one entry for each connection to open, with the topics to register
        for."""

    def register(self, socket_id: str, topics: Topics) -> Call[Registration]:
        """Register the connection with this socket id for topics. The answer lists the channels to subscribe to."""

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
    """One version of the exchange's API, in parts."""

    name: str
    errors: ErrorTable
    session: SessionCalls
    changes: ChangeCalls
    wagers: WagerCalls
    board: BoardCalls
    wallet: WalletCalls
    feed: FeedDialect
