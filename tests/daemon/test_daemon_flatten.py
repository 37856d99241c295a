"""Cancelling everything without an engine: repeated until a complete history proves it, and never proved by less."""

import asyncio
from itertools import pairwise

import msgspec
import pytest
from scripted_daemon import HeldClient

from mmbot.daemon.flatten import AGAIN, Flattener, Guarded
from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import DAY, MILLISECOND, SECOND
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r

NOW = 1_800_000_000 * SECOND
LIMIT = 30 * SECOND


def wager(number, status=Status.OPEN, matching=Matching.UNMATCHED, run="1abc", age=0):
    return WagerReport(
        wager_id=f"w{number}",
        external_id=f"{run}-0-{number}",
        event_id=1,
        market_id=2,
        line_id="l",
        odds=-110,
        stake=500,
        status=status,
        matching=matching,
        winning=Winning.TBD,
        matched=0,
        created_at=NOW - age,
    )


class Exchange:
    """An exchange that is asked through the client's one call, in virtual time."""

    def __init__(self, *wagers, lag=0, page=1000):
        self.clock = ManualClock(NOW)
        self.wagers = {one.wager_id: one for one in wagers}
        self.lag, self.page = lag, page
        self.answers = []  # of the first cancels, instead of the true one
        self.sent = []

    def real(self, duration):
        """Virtual time is slept by moving the clock."""
        return self.clock.real_seconds(duration)

    async def perform(self, request):
        self.sent.append((self.clock.now(), request))
        self.clock.advance(20 * MILLISECOND)
        if isinstance(request, r.ReadHistory):
            return self.history(request)
        if self.answers:
            answer = self.answers.pop(0)
            return answer(request.id) if callable(answer) else msgspec.structs.replace(answer, request=request.id)
        ids = [item.wager_id for item in request.items] if isinstance(request, r.CancelMany) else list(self.wagers)
        for wager_id in ids:
            one = self.wagers[wager_id]
            if one.resting:
                self.wagers[wager_id] = msgspec.structs.replace(one, status=Status.CANCELED)
        if isinstance(request, r.CancelMany):
            return e.Cancelled(request.id, tuple(item.external_id for item in request.items), ())
        return e.CancelledAll(request.id, nothing_open=not ids)

    def history(self, request):
        assert request.created_to - request.created_from <= 7 * DAY
        found = [
            one
            for one in self.wagers.values()
            if one.status.value == request.status and request.created_from <= one.created_at <= request.created_to
        ]
        start = int(request.cursor or 0)
        end = start + self.page
        cursor = str(end) if end < len(found) else ""
        synced = None if self.lag is None else self.clock.now() - self.lag
        return e.HistoryRead(request.id, tuple(found[start:end]), cursor, synced)

    def cancels(self):
        return [request for _, request in self.sent if not isinstance(request, r.ReadHistory)]


@pytest.fixture(autouse=True)
def slept(monkeypatch):
    """Sleeping moves the clock of the exchange under test."""
    current = []

    async def sleep(seconds):
        current[0].advance(round(seconds * SECOND))

    monkeypatch.setattr("mmbot.daemon.flatten.asyncio.sleep", sleep)
    return current


@pytest.fixture
def flatten(slept):
    def run(exchange, ours=None, limit=LIMIT, patience=0, say=print):
        slept[:] = [exchange.clock]
        return Flattener(exchange, exchange.clock, ours, say=say).run(limit, patience)

    return run


async def test_what_rests_is_cancelled_and_proved(flatten):
    exchange = Exchange(wager(1), wager(2, matching=Matching.PARTIALLY_MATCHED))
    flat = await flatten(exchange)
    assert (flat.proved, flat.trouble, flat.resting) == (True, None, 0)
    assert isinstance(exchange.sent[0][1], r.CancelAll)
    assert {request.status for _, request in exchange.sent[1:]} == {"open", "inactive"}


async def test_fully_matched_wagers_are_open_but_do_not_rest(flatten):
    assert (await flatten(Exchange(wager(1, matching=Matching.FULLY_MATCHED)))).proved


async def test_a_wager_still_being_placed_is_waited_for_and_cancelled_when_it_opens(flatten):
    exchange = Exchange(wager(1, Status.INACTIVE))

    async def perform(request):
        if exchange.clock.now() > NOW + 3 * SECOND and exchange.wagers["w1"].status is Status.INACTIVE:
            exchange.wagers["w1"] = wager(1, Status.OPEN)
        return await Exchange.perform(exchange, request)

    exchange.perform = perform
    flat = await flatten(exchange)
    assert flat.proved
    assert exchange.wagers["w1"].status is Status.CANCELED
    assert flat.cancels >= 2


async def test_a_404_is_no_proof_without_a_history(flatten):
    exchange = Exchange(lag=None)
    flat = await flatten(exchange)
    assert not flat.proved
    assert "not complete" in flat.trouble


async def test_a_history_from_before_the_cancel_proves_nothing(flatten):
    exchange = Exchange(lag=2 * LIMIT)
    assert not (await flatten(exchange)).proved
    late = Exchange(lag=4 * SECOND)
    flat = await flatten(late)
    assert flat.proved
    assert flat.took >= 4 * SECOND


async def test_every_page_is_read(flatten):
    fully = [wager(number, matching=Matching.FULLY_MATCHED) for number in range(25)]
    exchange = Exchange(*fully, wager(99), page=10)
    exchange.answers = [e.CancelledAll(0, nothing_open=True)]  # it says so and does nothing
    flat = await flatten(exchange)
    assert flat.proved
    assert exchange.wagers["w99"].status is Status.CANCELED


async def test_a_wager_of_weeks_ago_is_found(flatten):
    exchange = Exchange(wager(1, age=20 * DAY))
    exchange.answers = [e.CancelledAll(0, nothing_open=True)] * 2
    flat = await flatten(exchange)
    assert flat.proved
    assert flat.cancels == 3


@pytest.mark.parametrize("failure", list(e.Failure))
async def test_a_cancel_that_fails_is_repeated_soon(flatten, failure):
    exchange = Exchange(wager(1))
    exchange.answers = [e.Failed(0, failure, "internal_error", "try later")] * 3
    flat = await flatten(exchange)
    assert flat.proved
    cancels = [at for at, request in exchange.sent if isinstance(request, r.CancelAll)]
    assert [b - a for a, b in pairwise(cancels)] == [AGAIN + 20 * MILLISECOND] * 3


async def test_a_429_is_obeyed(flatten):
    exchange = Exchange()
    exchange.answers = [e.Failed(0, e.Failure.LATER, "rate_limit_reached", "", NOW + 5 * SECOND)]
    assert (await flatten(exchange)).proved
    assert exchange.sent[1][0] >= NOW + 5 * SECOND


async def test_when_time_is_up_it_says_what_was_the_matter(flatten):
    exchange = Exchange(wager(1))
    exchange.answers = [e.Failed(0, e.Failure.UNKNOWN, "timeout", "no answer")] * 10_000
    flat = await flatten(exchange)
    assert (flat.proved, flat.trouble) == (False, "timeout: no answer")
    assert LIMIT - SECOND < flat.took <= LIMIT


COOLING = e.Failed(0, e.Failure.LATER, "login_cooldown", "the next log-in is at 08:01:00Z", NOW + 60 * SECOND)


async def test_a_kill_waits_a_cool_down_out_says_so_and_has_its_whole_time_after_it(flatten):
    exchange, said = Exchange(wager(1), lag=20 * SECOND), []
    exchange.answers = [COOLING]
    flat = await flatten(exchange, patience=60 * SECOND, say=said.append)
    assert flat.proved
    assert flat.took >= 80 * SECOND
    assert said == ["login_cooldown: the next log-in is at 08:01:00Z; trying again at 08:01:00Z"]


async def test_an_exchange_that_does_not_answer_is_told_once_while_it_goes_on(flatten):
    exchange, said = Exchange(wager(1)), []
    exchange.answers = [e.Failed(0, e.Failure.LATER, "connection", "refused")] * 20
    assert (await flatten(exchange, say=said.append)).proved
    assert said == ["connection: refused; trying again"]


async def test_patience_ends_with_the_first_answer(flatten):
    exchange = Exchange(wager(1), lag=None)
    flat = await flatten(exchange, patience=60 * SECOND)
    assert (flat.proved, flat.nothing) == (False, False)
    assert flat.took <= LIMIT + SECOND


async def test_a_cool_down_past_the_end_is_told_as_nothing_cancelled_with_its_instant(flatten):
    exchange = Exchange(wager(1))
    exchange.answers = [COOLING]
    flat = await flatten(exchange)
    assert (flat.proved, flat.nothing, flat.retry_at) == (False, True, NOW + 60 * SECOND)


async def test_a_cancel_without_an_answer_is_not_called_nothing(flatten):
    exchange = Exchange(wager(1))
    exchange.answers = [e.Failed(0, e.Failure.UNKNOWN, "timeout", "no answer"), COOLING]
    assert not (await flatten(exchange)).nothing


async def test_a_kill_with_wrong_keys_ends_at_once(flatten):
    exchange = Exchange(wager(1))
    exchange.answers = [e.Failed(0, e.Failure.REFUSED, "login_refused", "unauthorized")] * 10_000
    flat = await flatten(exchange, patience=60 * SECOND)
    assert (flat.proved, flat.nothing, len(exchange.sent)) == (False, True, 1)


async def test_reads_keep_a_second_between_them(flatten):
    exchange = Exchange(lag=3 * SECOND)
    await flatten(exchange)
    reads = [at for at, request in exchange.sent if isinstance(request, r.ReadHistory)]
    assert all(b - a >= SECOND for a, b in pairwise(reads))


async def test_on_a_shared_account_only_our_own_are_cancelled(flatten):
    exchange = Exchange(*(wager(number) for number in range(45)), wager(100, run="hand"))
    flat = await flatten(exchange, ours=lambda external_id: external_id.startswith("1abc-"))
    assert flat.proved
    assert exchange.wagers["w100"].status is Status.OPEN
    assert all(one.status is Status.CANCELED for one in exchange.wagers.values() if one.wager_id != "w100")
    assert [len(request.items) for request in exchange.cancels()] == [20, 20, 5]


async def test_an_exception_of_the_client_is_an_answer_like_any_other():
    class Broken(HeldClient):
        async def perform(self, request):
            raise KeyError("codec")

    answer = await Guarded(Broken()).perform(r.CancelAll(9))
    assert answer == e.Failed(9, e.Failure.UNKNOWN, "shell", "KeyError('codec')")


async def test_a_client_that_was_cancelled_is_one_too():
    class Cancelling(HeldClient):
        async def perform(self, request):
            raise asyncio.CancelledError

    assert (await Guarded(Cancelling()).perform(r.CancelAll(9))).code == "cancelled"
