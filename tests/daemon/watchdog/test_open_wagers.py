"""Our open wagers are found and cancelled whatever the clocks, the pages and the answers are like, and a read that did
not show everything says so."""

from __future__ import annotations

import pytest

from mmbot.daemon.watchdog.open_wagers import OpenWagers
from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import DAY, MINUTE, SECOND, Duration, Instant
from mmbot.domain.wager import Matching, Status, UnreadWager, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r

PAGE = 100
GAME, OTHER = 1, 2


class Exchange:
    """Shows open wagers in pages of 100, by a clock of its own."""

    def __init__(self, ahead: Duration = 0) -> None:
        self.clock = SystemClock(rate=200.0)
        self.ahead = ahead
        self.wagers: dict[str, WagerReport] = {}
        self.unread: tuple[UnreadWager, ...] = ()
        self.sent: list[r.Request] = []
        self.failures: dict[type, int] = {}
        self.lag: Duration = 0
        self.until_never = False

    def time(self) -> Instant:
        return self.clock.now() + self.ahead

    def open(self, count: int, sport_event: int = GAME, ours: bool = True, age: Duration = 0) -> None:
        for _ in range(count):
            number = len(self.wagers)
            external_id = f"{'1abc' if ours else 'other'}-{number}"
            self.wagers[f"w{number}"] = WagerReport(
                f"w{number}",
                external_id,
                sport_event,
                2,
                "l",
                -110,
                500,
                Status.OPEN,
                Matching.UNMATCHED,
                Winning.TBD,
                0,
                created_at=self.time() - age,
            )

    async def perform(self, request: r.Request) -> e.Answer:
        self.sent.append(request)
        if self.failures.get(type(request), 0):
            self.failures[type(request)] -= 1
            return e.Failed(request.id, e.Failure.RETRYABLE, "connection")
        now = self.time()
        if isinstance(request, r.CancelMany):
            for item in request.items:
                self.wagers.pop(item.wager_id, None)
                self.unread = tuple(one for one in self.unread if one.wager_id != item.wager_id)
            return e.Cancelled(request.id, tuple(item.external_id for item in request.items), (), now)
        assert isinstance(request, r.ReadHistory)
        synced, date = now - self.lag, now // SECOND * SECOND
        if request.matching != Matching.UNMATCHED.value:
            return e.HistoryRead(request.id, (), "", synced, date)
        assert request.created_from is not None
        assert request.created_to is not None
        here = [
            one
            for one in self.wagers.values()
            if one.created_at is not None and request.created_from <= one.created_at <= request.created_to
        ]
        start = int(request.cursor or 0)
        after = start + PAGE
        cursor = str(after) if after < len(here) or self.until_never else ""
        return e.HistoryRead(request.id, tuple(here[start:after]), cursor, synced, date, self.unread)


def wagers_of(exchange: Exchange, sport_event: int | None = None) -> OpenWagers:
    now = exchange.clock.now()
    return OpenWagers(exchange, exchange.clock, lambda external_id: external_id.startswith("1abc"), now, sport_event)  # type: ignore[arg-type]


async def test_more_than_ten_pages_are_read() -> None:
    exchange = Exchange()
    exchange.open(1_450)
    exchange.open(3, ours=False)
    exchange.open(2, sport_event=OTHER)
    found = wagers_of(exchange, GAME)
    assert await found.read()
    assert len(found.found) == 1_450


async def test_a_wager_that_is_two_weeks_old_is_found() -> None:
    exchange = Exchange()
    exchange.open(1, age=15 * DAY)
    found = wagers_of(exchange)
    assert await found.read()
    assert len(found.found) == 1


async def test_a_failed_read_is_no_empty_page() -> None:
    exchange = Exchange()
    exchange.open(1)
    exchange.failures = {r.ReadHistory: 2}
    found = wagers_of(exchange)
    for _ in range(2):
        assert not await found.read(cancel=True)
        assert found.trouble == "connection"
    assert await found.read(cancel=True)
    assert found.trouble is None
    assert exchange.wagers == {}


async def test_a_failed_cancel_is_repeated() -> None:
    exchange = Exchange()
    exchange.open(50)
    exchange.failures = {r.CancelMany: 1}
    found = wagers_of(exchange)
    assert not await found.read(cancel=True)
    assert found.trouble == "connection"
    assert await found.read(cancel=True)
    assert exchange.wagers == {}


@pytest.mark.parametrize("ahead", [6 * MINUTE, -6 * MINUTE])
async def test_a_wager_is_found_although_the_clocks_differ_by_six_minutes(ahead: Duration) -> None:
    exchange = Exchange(ahead)
    exchange.open(1)
    exchange.lag = min(0, ahead)  # a clock that is behind makes a proof late by the difference
    found = wagers_of(exchange)
    assert await found.read()
    assert len(found.found) == 1


async def test_wagers_are_cancelled_while_the_history_lags_and_the_read_is_not_complete() -> None:
    exchange = Exchange()
    exchange.open(30)
    exchange.lag = 10 * MINUTE
    found = wagers_of(exchange)
    assert not await found.read(cancel=True)
    assert found.trouble == "history_not_complete"
    assert exchange.wagers == {}
    assert isinstance(exchange.sent[2], r.CancelMany)
    exchange.lag = 0
    assert await found.read(cancel=True)


async def test_wagers_are_cancelled_page_by_page() -> None:
    exchange = Exchange()
    exchange.open(PAGE + 1)
    await wagers_of(exchange).read(cancel=True)
    kinds = [type(request) for request in exchange.sent]
    assert kinds[:3] == [r.ReadHistory, r.ReadHistory, r.CancelMany], "the second page was not awaited"
    assert exchange.wagers == {}


async def test_pages_without_an_end_are_a_failure() -> None:
    exchange = Exchange()
    exchange.open(1)
    exchange.until_never = True
    exchange.clock = SystemClock(rate=20_000.0)  # the pages of a query may take half an hour
    found = wagers_of(exchange)
    assert not await found.read()
    assert found.trouble == "history_endless"
    assert len(found.found) == 1


@pytest.mark.parametrize("sport_event", [GAME, 0])
async def test_a_wager_that_cannot_be_read_is_cancelled(sport_event: int) -> None:
    exchange = Exchange()
    exchange.unread = (
        UnreadWager("w-odd", "1abc-9", may_rest=True, why="its odds are a word", sport_event_id=sport_event),
        UnreadWager("w-over", "1abc-8", may_rest=False, why="its odds are a word", sport_event_id=sport_event),
        UnreadWager("w-by-hand", "", may_rest=True, why="its odds are a word", sport_event_id=sport_event),
    )
    await wagers_of(exchange, GAME).read(cancel=True)
    cancelled = {item.wager_id for one in exchange.sent if isinstance(one, r.CancelMany) for item in one.items}
    assert cancelled == {"w-odd"}


async def test_a_read_that_is_no_longer_wanted_ends() -> None:
    exchange = Exchange()
    exchange.open(1)
    found = wagers_of(exchange)
    assert not await found.read(goes_on=lambda: len(exchange.sent) < 2)
    assert len(exchange.sent) == 2
    assert found.trouble is None
