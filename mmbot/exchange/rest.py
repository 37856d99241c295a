"""The REST client. It has one coroutine for each call, and ``perform`` for the engine's requests (``perform.py``).

The engine decides which requests are sent, and when. The client itself repeats only a read or a cancel whose token had
expired.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

from mmbot.config import ExchangeConfig
from mmbot.domain.catalogue import Player, SportEvent, Tournament
from mmbot.domain.instant import SECOND, Clock, Instant
from mmbot.domain.money import Cents
from mmbot.domain.transaction import TransactionType
from mmbot.domain.wager import UnreadWager, WagerReport
from mmbot.engine import events as answers
from mmbot.engine import requests
from mmbot.engine.requests import Cancellation, Placement
from mmbot.exchange.batches import (
    MATCHES_A_READ,
    check_batch,
    check_matches,
    check_sport_events,
)
from mmbot.exchange.caller import Caller, OnMalformed, Session
from mmbot.exchange.dialect import Call, Dialect, LinePlace, MatchPage, TransactionPage, Version
from mmbot.exchange.errors import (
    NOTHING_FOUND,
    ExchangeError,
    Rejected,
    Retryable,
)
from mmbot.exchange.grants import EVERYTHING, ConnectionConfig, Registration, Topics
from mmbot.exchange.perform import Performer, found_any
from mmbot.net.http import OnRequest, open_http
from mmbot.net.warm import Connection, WarmPool

MATCH_PAGES: Final = 50
"""The largest number of pages in one read of matches. After so many pages, the exchange probably repeats the same
pages."""

LOOK_S: Final = 1.0
"""The time between two checks of the open HTTP connections, in real seconds."""

_RETRY_S: Final = 5.0  # real seconds between two checks while no connection can be opened

T = TypeVar("T")
N = TypeVar("N")


class Client:
    """The client for the exchange's REST calls. It keeps connections open for placements and cancels. One of these
    connections is only for cancels.

    A failed call raises ``Rejected``, ``Retryable``, ``UnknownOutcome`` or ``Malformed``. A read never raises
    ``UnknownOutcome``.

    Args:
        keeper: gives access tokens. The caller closes the keeper after the client.
        dialect: writes requests, and reads answers and errors.
        on_request: called after each request with the name of the call, its result, and its duration by the clock. The
            result is ``ok``, ``rejected``, ``retryable``, ``unknown``, ``bug``, ``unauthorized`` or ``cancelled``.
        on_malformed: called for each unreadable item of an answer, with the name of the call and the reason.
        interrupted_at: returns how often the process stood still (docs/decisions/watchdog.md).
    """

    def __init__(
        self,
        keeper: Session,
        clock: Clock,
        dialect: Dialect,
        config: ExchangeConfig,
        *,
        on_request: OnRequest | None = None,
        on_malformed: OnMalformed | None = None,
        interrupted_at: Callable[[], int] = lambda: 0,
    ) -> None:
        self._clock = clock
        self._changes: Final = dialect.changes
        self._wagers: Final = dialect.wagers
        self._board: Final = dialect.board
        self._wallet: Final = dialect.wallet
        self._feed: Final = dialect.feed
        self._caller = Caller(
            keeper,
            clock,
            dialect.errors,
            config.base_url,
            config.change_timeout_s,
            config.read_timeout_s,
            on_request,
            on_malformed,
        )
        self._http = open_http()
        self.warm: Final = WarmPool(config.base_url)
        """The HTTP connections that are kept open. ``keep_warm`` opens and checks them."""
        self._performer: Final = Performer(self, dialect.changes, self._caller, self._http, self.warm, interrupted_at)
        self._service = ConnectionConfig("").service  # by the newest connection config

    async def close(self) -> None:
        """Close every connection. A call under way ends as if no answer had come."""
        self.warm.close()
        await self._http.close()

    async def keep_warm(self) -> None:
        """Keep connections open for ``perform``, until this task is cancelled."""
        while True:
            good = await self.warm_up()
            await asyncio.sleep(LOOK_S if good else _RETRY_S)

    async def warm_up(self) -> bool:
        """Open missing connections. Send a read over each new connection, and over each connection that was idle for a
        long time. Return False if a step fails."""
        filled = await self.warm.fill()
        touched = await asyncio.gather(*(self._touch(connection) for connection in self.warm.untouched()))
        return filled and all(touched)

    async def _touch(self, connection: Connection) -> bool:
        call = self._feed.connection_config()._replace(name="warm")
        if not connection.idle or (touch := self._caller.write(call, connection)) is None:
            return True  # a request took the connection meanwhile, or there is no session
        with contextlib.suppress(ExchangeError):  # on_request counts the failure, and a broken connection is replaced
            await self._caller(touch, self._http)
        return connection.proved

    # --- changes ----------------------------------------------------------------------------------------------------

    async def place_one(self, item: Placement) -> WagerReport:
        """Place one wager. The answer means that the wager is queued. A private message reports its opening."""
        return await self._ask(self._changes.place_one(item))

    async def place_many(self, items: Sequence[Placement], request: int = 0) -> answers.Placed:
        """Place up to 20 wagers. If the answer does not name a wager, it is not known whether this wager was placed."""
        check_batch(items)
        return await self._ask(self._changes.place_many(request, items))

    async def cancel_one(self, item: Cancellation) -> None:
        """Cancel one wager. Raises Rejected if the exchange does not find the wager."""
        await self._ask(self._changes.cancel_one(item))

    async def cancel_many(self, items: Sequence[Cancellation], request: int = 0) -> answers.Cancelled:
        """Cancel up to 20 wagers. If the answer does not name a wager, it is not known whether this wager was
        cancelled."""
        check_batch(items)
        return await self._ask(self._changes.cancel_many(request, items))

    async def cancel_sport_event(self, sport_event: int) -> bool:
        """Cancel every open wager of a sport event. Return False if the exchange says that it found none. This does not
        prove that no wager is open."""
        return await found_any(self._ask(self._changes.cancel_sport_event(sport_event)))

    async def cancel_market(self, sport_event: int, market: int, line_id: str | None = None) -> bool:
        """Cancel every open wager of a market. If ``line_id`` is given, cancel only the wagers on this outcome. Return
        False if the exchange says that it found none. This does not prove that no wager is open."""
        return await found_any(self._ask(self._changes.cancel_market(sport_event, market, line_id)))

    async def cancel_all(self) -> bool:
        """Cancel every open wager of the account. Return False if the exchange says that it found none. This does not
        prove that no wager is open."""
        return await found_any(self._ask(self._changes.cancel_all()))

    # --- reads ------------------------------------------------------------------------------------------------------

    async def balance(self, request: int = 0) -> answers.BalanceRead:
        """Read the balance."""
        return await self._ask(self._wallet.balance(request))

    async def ladder(self) -> tuple[int, ...]:
        """Read the odds ladder. The odds stay in the exchange's order."""
        return await self._ask(self._board.ladder())

    async def tournaments(self, *, active: bool = True) -> tuple[Tournament, ...]:
        """Read the tournaments that have active sport events. If ``active`` is false, read all tournaments."""
        return await self._ask(self._board.tournaments(active))

    async def sport_events(self, tournament: int) -> tuple[SportEvent, ...]:
        """Read the sport events of a tournament. Empty if the exchange answers 404 or null (docs/protocol.md 4.1)."""
        return await self._found(self._board.sport_events(tournament), ())

    async def markets(
        self, wanted: Sequence[int], *, version: Version = 2
    ) -> dict[int, tuple[answers.MarketImage, ...]]:
        """Read the markets and books of up to 50 sport events. If the markets of a sport event cannot be read, the
        result has no entry for it. Version 1 is deprecated."""
        check_sport_events(wanted)
        nothing: dict[int, tuple[answers.MarketImage, ...]] = dict.fromkeys(wanted, ())
        return await self._found(self._board.markets(wanted, version), nothing)

    async def sport_events_by_id(self, wanted: Sequence[int]) -> tuple[SportEvent, ...]:
        """Read up to 50 sport events by their ids. A sport event that is not listed is left out of the result."""
        check_sport_events(wanted)
        return await self._found(self._board.sport_events_by_id(wanted), ())

    async def markets_of(self, sport_event: int, *, version: Version = 2) -> tuple[answers.MarketImage, ...] | None:
        """Read the markets and books of one sport event. None if the exchange does not list the sport event.

        Version 1 is deprecated. It lacks ``sub_type`` and ``category_name``. So in version 1, a market on a whole sport
        event looks like the market on its first half.
        """
        return await self._found(self._board.markets_of(sport_event, version), None)

    async def search_markets(
        self, tournament: int, *, sport_events: Sequence[int] = (), types: Sequence[str] = (), least: Cents = 0
    ) -> tuple[answers.MarketImage, ...]:
        """Read the markets and books of a tournament. The filters are sent with the request. They are also applied to
        the answer, because the exchange may ignore them.

        Args:
            sport_events: the sport events to search. If it is empty, all are searched.
            types: the types of markets to return, such as ``moneyline`` or ``total``. If it is empty, all are returned.
            least: the least amount in cents that takers must be able to stake, over all lines of a market.
        """
        images = await self._found(self._board.search(tournament, sport_events, types, least), ())
        return tuple(
            image
            for image in images
            if (not sport_events or image.market.key.sport_event in sport_events)
            and (not types or image.market.type in types)
            and sum(level.value for book in image.books for side in book.sides for level in side) >= least
        )

    async def lines(self, line_ids: Sequence[str]) -> tuple[LinePlace, ...]:
        """Find the markets to which up to 20 outcomes belong. An outcome that is not listed is left out of the result.
        Raises Malformed if the dialect lacks this read."""
        return await self._found(self._board.lines(line_ids), ())

    async def players(self, tournament: int) -> tuple[Player, ...]:
        """Read the players of a tournament."""
        return await self._found(self._board.players(tournament), ())

    async def player(self, player: int, tournament: int) -> Player | None:
        """Read one player of a tournament. None if the exchange does not know the player."""
        return await self._found(self._board.player(player, tournament), None)

    async def transactions(
        self,
        begin: Instant | None = None,
        end: Instant | None = None,
        *,
        type: TransactionType | None = None,
        sport_event: int | None = None,
        market: int | None = None,
        wager_id: str = "",
        cursor: str = "",
        limit: int = 100,
    ) -> TransactionPage:
        """Read one page of at most 1000 transactions between two instants. The range of times is widened to whole
        seconds. The filters are also applied to the answer, because the exchange may ignore them."""
        call = self._wallet.transactions(begin, end, type, sport_event, market, wager_id, cursor, limit)
        page = await self._ask(call)
        wanted = tuple(
            line
            for line in page.transactions
            if (type is None or line.type is type)
            and (sport_event is None or line.sport_event_id == sport_event)
            and (market is None or line.market_id == market)
            and (not wager_id or line.wager_id == wager_id)
        )
        return page._replace(transactions=wanted)

    async def wager(self, wager_id: str) -> WagerReport | UnreadWager | None:
        """Read one wager. None if the exchange does not know the wager."""
        return await self._found(self._wagers.wager(wager_id), None)

    async def history(
        self, query: requests.ReadHistory, *, market: int | None = None, sport_event: int | None = None
    ) -> answers.HistoryRead:
        """Read one page of the wager history. Raises Malformed if the exchange would reject the range of times."""
        return await self._ask(self._wagers.history(query, self._clock.wall(), market, sport_event))

    async def matched_bets(
        self, begin: Instant, end: Instant, cursor: str = "", limit: int = MATCHES_A_READ
    ) -> MatchPage:
        """Read one page of at most 100 matches of the account between two instants. The range of times is widened to
        whole seconds. If the exchange would reject the range, Malformed is raised and nothing is sent."""
        return await self._ask(self._wagers.matched_bets(begin, end, cursor, limit))

    async def matches_of(self, wager_id: str, cursor: str = "", limit: int = MATCHES_A_READ) -> MatchPage:
        """Read one page of the matches of one wager. A page has at most 100 matches."""
        return await self._ask(self._wagers.matches_of(wager_id, cursor, limit))

    async def matches(self, wager_ids: Sequence[str], request: int = 0) -> answers.MatchesRead:
        """Read every match of up to 100 wagers, with one second between two pages. If a page fails, the whole read
        fails. If one match of a wager cannot be read, the wager is left out."""
        check_matches(wager_ids)
        pages: list[MatchPage] = []
        cursor = ""
        while len(pages) < MATCH_PAGES:
            pages.append(await self._ask(self._wagers.matches(wager_ids, cursor)))
            cursor = pages[-1].next_cursor
            if not cursor:
                return _matches_of_all(request, pages)
            await asyncio.sleep(self._clock.real_seconds(SECOND))
        raise Retryable("undecodable", "the pages of matches have no end")

    async def connection_config(self) -> ConnectionConfig:
        """Read the address of the feed."""
        config = await self._ask(self._feed.connection_config())
        self._service = config.service
        return config

    async def register(self, socket_id: str, topics: Topics = EVERYTHING) -> Registration:
        """Register a connection of the feed for topics, and return its channels. The call may take seconds."""
        return await self._ask(self._feed.register(socket_id, topics, self._service))

    # --- the engine's requests --------------------------------------------------------------------------------------

    def perform(self, request: requests.Request) -> Coroutine[Any, Any, answers.Answer]:
        """Send one request of the engine, and return a coroutine that waits for the answer.

        If a connection and a token are ready, a placement or a cancel is sent before this function returns. Otherwise
        the request waits. A waiting placement is dropped if everything is cancelled in the meantime, or if the process
        stands still. A failed request is answered with ``Failed``. The coroutine raises an error only when it is
        cancelled.
        """
        return self._performer.perform(request)

    # --- calls --------------------------------------------------------------------------------------------------------

    async def _ask(self, call: Call[T]) -> T:
        return await self._caller(call, self._http)

    async def _found(self, call: Call[T], nothing: N) -> T | N:
        """Return the answer to a read, or ``nothing`` if the exchange says that it found nothing."""
        try:
            return await self._ask(call)
        except Rejected as error:
            if error.reason in NOTHING_FOUND:
                return nothing
            raise


def _matches_of_all(request: int, pages: Sequence[MatchPage]) -> answers.MatchesRead:
    """Combine all pages of matches. If one match of a wager is unreadable, all matches of the wager are left out.
    Otherwise the readable matches would look complete."""
    broken = frozenset[str]().union(*(page.malformed for page in pages))
    return answers.MatchesRead(request, tuple(m for page in pages for m in page.matches if m.wager_id not in broken))
