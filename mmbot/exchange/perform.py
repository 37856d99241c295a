"""Performs the engine's requests. Placements and cancels leave over an open connection at once. Reads use the client's
calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, Protocol, TypeVar

import aiohttp
import msgspec

from mmbot.domain.catalogue import SportEvent, Tournament
from mmbot.domain.instant import Instant
from mmbot.domain.wager import UnreadWager, WagerReport
from mmbot.engine import events as answers
from mmbot.engine import requests
from mmbot.engine.requests import Cancellation
from mmbot.exchange.batches import is_batch, wrong_size
from mmbot.exchange.caller import Caller, Written
from mmbot.exchange.dialect import Call, ChangeCalls, TransactionPage
from mmbot.exchange.errors import (
    NOTHING_FOUND,
    OF_THE_WAGER,
    ExchangeError,
    Malformed,
    Purpose,
    Rejected,
    Retryable,
    failed,
)
from mmbot.net.warm import WarmPool

LEFT_TO_CANCELS: Final = 1
"""The number of open HTTP connections that placements must not use, so that a cancel can be sent at once."""

T = TypeVar("T")


class Reads(Protocol):
    """The client's calls that answer the engine's reads."""

    async def wager(self, wager_id: str) -> WagerReport | UnreadWager | None:
        """Read one wager."""

    async def history(self, query: requests.ReadHistory) -> answers.HistoryRead:
        """Read one page of the wager history."""

    async def matches(self, wager_ids: Sequence[str], request: int) -> answers.MatchesRead:
        """Read every match of some wagers."""

    async def balance(self, request: int) -> answers.BalanceRead:
        """Read the balance."""

    async def transactions(
        self, begin: Instant | None, end: Instant | None, *, cursor: str, limit: int
    ) -> TransactionPage:
        """Read one page of transactions."""

    async def ladder(self) -> tuple[int, ...]:
        """Read the odds ladder."""

    async def tournaments(self) -> tuple[Tournament, ...]:
        """Read the tournaments that have active sport events."""

    async def sport_events(self, tournament: int) -> tuple[SportEvent, ...]:
        """Read the sport events of a tournament."""

    async def sport_events_by_id(self, wanted: Sequence[int]) -> tuple[SportEvent, ...]:
        """Read some sport events by their ids."""

    async def markets(self, wanted: Sequence[int]) -> dict[int, tuple[answers.MarketImage, ...]]:
        """Read the markets and books of some sport events."""


class Performer:
    """Sends the engine's requests and turns every failure into ``Failed``.

    Args:
        reads: the client's calls for reads.
        changes: writes the requests of placements and cancels.
        caller: makes the calls.
        http: the pool of connections for requests that find no open connection.
        warm: the open connections for placements and cancels.
        interrupted_at: returns how often the process stood still (docs/decisions/watchdog.md).
    """

    def __init__(
        self,
        reads: Reads,
        changes: ChangeCalls,
        caller: Caller,
        http: aiohttp.ClientSession,
        warm: WarmPool,
        interrupted_at: Callable[[], int],
    ) -> None:
        self._reads: Final = reads
        self._changes: Final = changes
        self._caller: Final = caller
        self._http: Final = http
        self._warm: Final = warm
        self._interrupted_at: Final = interrupted_at
        self._sweeps = 0  # how often ``perform`` was asked to cancel everything

    def perform(self, request: requests.Request) -> Coroutine[Any, Any, answers.Answer]:
        """Send one request of the engine, and return a coroutine that waits for the answer."""
        self._sweeps += isinstance(request, requests.CancelAll)
        call = self._change(request)
        if call is None:
            return self._perform(request, None)
        places = call.purpose is Purpose.PLACE
        written = self._caller.write(call, self._warm.ready(LEFT_TO_CANCELS if places else 0))
        if written is None and places:
            sweeps, interrupted = self._sweeps, self._interrupted_at()
            call = call._replace(withdrawn=lambda: sweeps != self._sweeps or interrupted != self._interrupted_at())
        return self._perform(request, written or call)

    def _change(self, request: requests.Request) -> Call[Any] | None:
        """Return the call for a placement or a cancel. None for a read, and for a batch without items or with too many.
        A batch of one cancel becomes the call for one wager, whose answers are documented best."""
        match request:
            case requests.PlaceMany(items=items) if is_batch(items):
                return self._changes.place_many(request.id, items)
            case requests.CancelMany(items=(item,)):
                return self._changes.cancel_one(item)
            case requests.CancelMany(items=items) if is_batch(items):
                return self._changes.cancel_many(request.id, items)
            case requests.CancelSportEvent(sport_event=sport_event):
                return self._changes.cancel_sport_event(sport_event)
            case requests.CancelAll():
                return self._changes.cancel_all()
            case _:
                return None

    async def _perform(self, request: requests.Request, change: Call[Any] | Written[Any] | None) -> answers.Answer:
        try:
            answer = await (self._read(request) if change is None else self._changed(request, change))
        except ExchangeError as error:
            return failed(request.id, error)
        if isinstance(answer, answers.Cancelled | answers.CancelledAll | answers.HistoryRead | answers.BalanceRead):
            return msgspec.structs.replace(answer, date=self._caller.date)
        return answer

    async def _changed(self, request: requests.Request, change: Call[Any] | Written[Any]) -> answers.Answer:
        match request:
            case requests.CancelMany(items=(item,)):
                return await self._cancel_item(change, item, request.id)
            case requests.CancelAll() | requests.CancelSportEvent():
                return answers.CancelledAll(request.id, not await found_any(self._ask(change)))
            case _:
                answer: answers.Answer = await self._ask(change)
                return answer

    async def _read(self, request: requests.Request) -> answers.Answer:
        number = request.id
        match request:
            case requests.ReadWager(wager_id=wager_id):
                found = await self._reads.wager(wager_id)
                report, unread = (None, found) if isinstance(found, UnreadWager) else (found, None)
                return answers.WagerRead(number, report, unread)
            case requests.ReadHistory():
                return await self._reads.history(request)
            case requests.ReadMatches(wager_ids=wager_ids):
                return await self._reads.matches(wager_ids, number)
            case requests.ReadBalance():
                return await self._reads.balance(number)
            case requests.ReadTransactions(created_from=begin, created_to=end, cursor=cursor, limit=limit):
                page = await self._reads.transactions(begin, end, cursor=cursor, limit=limit)
                return answers.TransactionsRead(number, page.transactions, page.next_cursor, page.unread)
            case requests.ReadLadder():
                return answers.LadderRead(number, await self._reads.ladder())
            case requests.ReadTournaments():
                return answers.TournamentsRead(number, await self._reads.tournaments())
            case requests.ReadSportEvents(tournament=tournament):
                return answers.SportEventsRead(number, await self._reads.sport_events(tournament))
            case requests.ReadSportEventsById(sport_events=wanted):
                return answers.SportEventsRead(number, await self._reads.sport_events_by_id(wanted))
            case requests.ReadMarkets(sport_events=wanted):
                return answers.MarketsRead(number, await self._reads.markets(wanted))
            case requests.PlaceMany(items=items) | requests.CancelMany(items=items):
                raise wrong_size(items)
            case requests.CancelAll() | requests.CancelSportEvent():
                raise AssertionError("such a request is a change")

    async def _cancel_item(
        self, call: Call[None] | Written[None], item: Cancellation, number: int
    ) -> answers.Cancelled:
        """Cancel one wager, and return an answer like that to a batch of one wager. An error is raised if the failure
        concerns the call as a whole, such as a 429 or a missing token."""
        try:
            await self._ask(call)
        except (Rejected, Malformed, Retryable) as error:
            if error.reason not in OF_THE_WAGER:
                raise
            item_failed = answers.FailedItem(item.key, error.failure, error.code, error.message, error.reason)
            return answers.Cancelled(number, (), (item_failed,))
        return answers.Cancelled(number, (item.key,), ())

    async def _ask(self, call: Call[T] | Written[T]) -> T:
        return await self._caller(call, self._http)


async def found_any(cancel: Awaitable[None]) -> bool:
    """Wait for a cancel of many wagers. Return False if the exchange says that it found no open wager. This does not
    prove that no wager is open."""
    try:
        await cancel
    except Rejected as error:
        if error.reason in NOTHING_FOUND:
            return False
        raise
    return True
