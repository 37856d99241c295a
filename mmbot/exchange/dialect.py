"""The seam between the exchange's side and its dialect: everything that a dialect has to offer.

A dialect has names and forms of its own for paths, fields, error codes, channels and messages. The session keeper, the
REST client, the feed and the shell around them are given a ``Dialect`` and know nothing else of it. Each dialect is a
folder next to this file, whose modules carry the names of the parts below; ``dialects.py`` picks one.

A call that a dialect lacks raises ``Malformed`` when it is built, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, Literal, NamedTuple, Protocol, TypeVar

from mmbot.domain.catalogue import Player, SportEvent, Tournament
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.transaction import Transaction, TransactionType
from mmbot.domain.wager import MatchDetail, WagerReport
from mmbot.engine.events import BalanceRead, Cancelled, FeedMessage, HistoryRead, MarketImage, Placed
from mmbot.engine.requests import Cancellation, Placement, ReadHistory
from mmbot.exchange.errors import ErrorTable, Purpose
from mmbot.exchange.grants import ConnectionConfig, Registration, Tokens, Topics

Malformed = list[str]
"""Items of an answer that could not be read, each in words, for the log and a counter."""

Version = Literal[1, 2]
"""Of the calls that read markets. 1 is the deprecated form, for a dialect that still has it."""

T = TypeVar("T")


class Call(NamedTuple, Generic[T]):
    """One request to the exchange, together with the reader of its answer."""

    name: str
    """For metrics: one of a few, the same in every dialect."""
    purpose: Purpose
    method: str
    path: str
    """Below the base URL, with the query."""
    body: bytes | None
    read: Callable[[bytes, Malformed], T]
    """Reads the body of a successful answer. Appends each item that it cannot read to the list. Raises ValueError if
    it cannot read the answer as a whole."""
    withdrawn: Callable[[], bool] | None = None
    """Tells whether the request is no longer wanted. Asked until the first byte leaves."""


class MatchPage(NamedTuple):
    """One page of matches."""

    matches: tuple[MatchDetail, ...]
    malformed: frozenset[str]
    """Wagers with a match that could not be read."""
    next_cursor: str
    """Empty on the last page."""


class TransactionPage(NamedTuple):
    """One page of the wallet's lines, in the exchange's order."""

    transactions: tuple[Transaction, ...]
    next_cursor: str
    """Empty on the last page."""
    unread: int
    """Lines of the page that could not be read."""


class Undecodable(Exception):
    """A feed message that cannot be read.

    Args:
        kind: a short, bounded name for the counter: ``envelope``, ``topic``, or the topic.
        why: the reason.
    """

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(f"{kind}: {why}")
        self.kind: Final = kind
        self.why: Final = why


# --- the parts of a dialect -----------------------------------------------------------------------------------------


class SessionCalls(Protocol):
    """Opening and keeping a session."""

    def log_in(self, access_key: str, secret_key: str) -> Call[Tokens]:
        """Open a session."""

    def refresh(self, refresh_token: str) -> Call[Tokens]:
        """Get a new access token for a session."""


class ChangeCalls(Protocol):
    """Placing and cancelling. An item whose fate an answer does not tell is in neither list of the answer."""

    def place_one(self, item: Placement) -> Call[WagerReport]:
        """Place one wager."""

    def place_many(self, request: int, items: Sequence[Placement]) -> Call[Placed]:
        """Place up to 20 wagers. The answer carries the number ``request``."""

    def cancel_one(self, item: Cancellation) -> Call[None]:
        """Cancel one wager."""

    def cancel_many(self, request: int, items: Sequence[Cancellation]) -> Call[Cancelled]:
        """Cancel up to 20 wagers. The answer carries the number ``request``."""

    def cancel_event(self, event: int) -> Call[None]:
        """Cancel every open wager of a sport event."""

    def cancel_market(self, event: int, market: int, line_id: str | None) -> Call[None]:
        """Cancel every open wager of a market, or of one outcome of it."""

    def cancel_all(self) -> Call[None]:
        """Cancel every open wager of the account."""


class WagerCalls(Protocol):
    """Reading wagers and their matches."""

    def wager(self, wager_id: str) -> Call[WagerReport]:
        """Read one wager."""

    def history(self, query: ReadHistory, now: Instant, market: int | None, event: int | None) -> Call[HistoryRead]:
        """Read one page of the history. Instants are by the exchange's wall clock, and so is ``now``. The page may be
        smaller than the query asks for.

        Raises:
            Malformed: for a range that the exchange would reject.
        """

    def matches(self, wager_ids: Sequence[str], cursor: str) -> Call[MatchPage]:
        """Read one page of the matches of some wagers."""

    def matches_of(self, wager_id: str, cursor: str, limit: int) -> Call[MatchPage]:
        """Read one page of the matches of one wager."""

    def matched_bets(self, begin: Instant, end: Instant, cursor: str, limit: int) -> Call[MatchPage]:
        """Read one page of the account's matches between two instants.

        Raises:
            Malformed: for a range that the exchange would reject.
        """


class BoardCalls(Protocol):
    """Reading tournaments, sport events, players, markets and books."""

    def ladder(self) -> Call[tuple[int, ...]]:
        """Read the odds ladder, in the exchange's order."""

    def tournaments(self, active: bool) -> Call[tuple[Tournament, ...]]:
        """Read the tournaments that have active events, or all of them."""

    def events(self, tournament: int) -> Call[tuple[SportEvent, ...]]:
        """Read the sport events of a tournament."""

    def events_by_id(self, events: Sequence[int]) -> Call[tuple[SportEvent, ...]]:
        """Read up to 50 sport events."""

    def markets(self, events: Sequence[int], version: Version) -> Call[dict[int, tuple[MarketImage, ...]]]:
        """Read the markets and books of up to 50 sport events."""

    def markets_of(self, event: int, version: Version) -> Call[tuple[MarketImage, ...]]:
        """Read the markets and books of one sport event."""

    def search(
        self, tournament: int, events: Sequence[int], types: Sequence[str], least: Cents
    ) -> Call[tuple[MarketImage, ...]]:
        """Search the markets of a tournament."""

    def players(self, tournament: int) -> Call[tuple[Player, ...]]:
        """Read the players of a tournament."""

    def player(self, player: int, tournament: int) -> Call[Player]:
        """Read one player of a tournament."""


class WalletCalls(Protocol):
    """Reading the account's money."""

    def balance(self, request: int) -> Call[BalanceRead]:
        """Read the balance. The answer carries the number ``request``."""

    def transactions(
        self,
        begin: Instant | None,
        end: Instant | None,
        kind: TransactionType | None,
        event: int | None,
        market: int | None,
        wager_id: str,
        cursor: str,
        limit: int,
    ) -> Call[TransactionPage]:
        """Read one page of the wallet's lines between two instants.

        Raises:
            Malformed: if the end lies before the beginning.
        """


class FeedDialect(Protocol):
    """Finding, registering and decoding the feed."""

    def connection_config(self) -> Call[ConnectionConfig]:
        """Ask for the address of the feed."""

    def plan(self, wanted: Topics) -> tuple[Topics, ...]:
        """Spread topics over sockets: one entry for each socket to open, with the topics that it registers for."""

    def register(self, socket_id: str, topics: Topics) -> Call[Registration]:
        """Register a socket for topics. The answer grants the channels to subscribe to."""

    def decode(self, connection: int, event_name: str, data: str | bytes) -> tuple[FeedMessage, ...]:
        """Decode a published message; nothing for a message about a line that no book can be kept of.

        Args:
            connection: the generation of the connection that brought the message.
            event_name: Pusher's name of the event.
            data: the message as it stood in the frame.

        Raises:
            Undecodable: if it cannot be read.
        """


class Dialect(NamedTuple):
    """One dialect of the exchange."""

    name: str
    errors: ErrorTable
    session: SessionCalls
    changes: ChangeCalls
    wagers: WagerCalls
    board: BoardCalls
    wallet: WalletCalls
    feed: FeedDialect
