"""Cancelling everything without an engine: repeated until a complete history proves it, and never proved by less."""

import asyncio
from itertools import pairwise

import msgspec
import pytest
from scripted_daemon import HeldClient

from mmbot.daemon.clear_account import AccountClearer, Guarded
from mmbot.domain.clock import ManualClock, SystemClock
from mmbot.domain.instant import DAY, HOUR, MILLISECOND, SECOND
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.sending.cancel_all import AGAIN

NOW = 1_800_000_000 * SECOND
LIMIT = 30 * SECOND


def wager(number, status=Status.OPEN, matching=Matching.UNMATCHED, run="1abc", age=0):
    return WagerReport(
        wager_id=f"w{number}",
        external_id=f"{run}-0-{number}",
        sport_event_id=1,
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
    """An exchange that is asked through the client's one call, in virtual time.

    Args:
        wagers: what it holds.
        lag: how far its history lags; None: the history never says how far it is complete.
        page: wagers on a page of the history.
        ahead: how far its clock is ahead of ours.
        dated: whether its answers tell its clock.
    """

    def __init__(self, *wagers, lag=0, page=1000, ahead=0, dated=True):
        self.clock = ManualClock(NOW)
        self.wagers = {one.wager_id: one for one in wagers}
        self.opens = {}  # wagers that are accepted already: when they open, by our clock
        self.lag, self.page, self.ahead, self.dated = lag, page, ahead, dated
        self.answers = []  # of the first cancels, instead of the true one
        self.cooling_until = 0
        self.sent = []

    def real(self, duration):
        """Virtual time is slept by moving the clock."""
        return self.clock.real_seconds(duration)

    async def perform(self, request):
        self.sent.append((self.clock.now(), request))
        self.clock.advance(20 * MILLISECOND)
        for wager_id, opens_at in self.opens.items():
            if opens_at <= self.clock.now() and self.wagers[wager_id].status is Status.INACTIVE:
                self.wagers[wager_id] = msgspec.structs.replace(self.wagers[wager_id], status=Status.OPEN)
        if self.clock.now() < self.cooling_until:
            return msgspec.structs.replace(COOLING, request=request.id)
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
            return e.Cancelled(request.id, tuple(item.external_id for item in request.items), (), self.date())
        return e.CancelledAll(request.id, nothing_open=not ids, date=self.date())

    def date(self):
        return (self.clock.now() + self.ahead) // SECOND * SECOND if self.dated else None

    def history(self, request):
        assert request.created_to - request.created_from <= 7 * DAY
        there = self.clock.now() + self.ahead
        synced = there - (self.lag or 0)
        found = [
            one
            for one in self.wagers.values()
            if one.status.value == request.status
            and request.matching in (None, one.matching.value)
            and request.created_from <= one.created_at <= min(request.created_to, synced)
        ]
        start = int(request.cursor or 0)
        end = start + self.page
        cursor = str(end) if end < len(found) else ""
        return e.HistoryRead(
            request.id, tuple(found[start:end]), cursor, None if self.lag is None else synced, self.date()
        )

    def cancels(self):
        return [request for _, request in self.sent if not isinstance(request, r.ReadHistory)]

    def reads(self):
        return [request for _, request in self.sent if isinstance(request, r.ReadHistory)]


@pytest.fixture(autouse=True)
def slept(monkeypatch):
    """Sleeping moves the clock of the exchange under test."""
    current = []

    async def sleep(seconds):
        current[0].advance(round(seconds * SECOND))

    monkeypatch.setattr("mmbot.daemon.clear_account.asyncio.sleep", sleep)
    return current


@pytest.fixture
def clear(slept):
    def run(exchange, ours=None, limit=LIMIT, patience=0, say=print):
        slept[:] = [exchange.clock]
        return AccountClearer(exchange, exchange.clock, ours, say=say).run(limit, patience)

    return run


async def test_what_rests_is_cancelled_and_proved(clear):
    exchange = Exchange(wager(1), wager(2, matching=Matching.PARTIALLY_MATCHED))
    ended = await clear(exchange)
    assert (ended.proved, ended.trouble, ended.open_wagers) == (True, None, 0)
    assert isinstance(exchange.sent[0][1], r.CancelAll)
    reads = [(request.status, request.matching) for request in exchange.reads()]
    assert reads == [("inactive", None), *[("open", "unmatched"), ("open", "partially_matched")] * 4]


@pytest.mark.parametrize("ours", [None, lambda _: True])
async def test_answers_without_a_date_prove_nothing(clear, ours):
    exchange = Exchange(lag=12 * SECOND, ahead=30 * SECOND, dated=False)
    ended = await clear(exchange, ours)
    assert not ended.proved
    assert "no Date" in ended.trouble


async def test_fully_matched_wagers_are_open_but_do_not_rest(clear):
    assert (await clear(Exchange(wager(1, matching=Matching.FULLY_MATCHED)))).proved


async def test_a_wager_still_being_placed_is_waited_for_and_cancelled_when_it_opens(clear):
    exchange = Exchange(wager(1, Status.INACTIVE))

    async def perform(request):
        if exchange.clock.now() > NOW + 3 * SECOND and exchange.wagers["w1"].status is Status.INACTIVE:
            exchange.wagers["w1"] = wager(1, Status.OPEN)
        return await Exchange.perform(exchange, request)

    exchange.perform = perform
    ended = await clear(exchange)
    assert ended.proved
    assert exchange.wagers["w1"].status is Status.CANCELED
    assert ended.cancels >= 2


async def test_a_404_is_no_proof_without_a_history(clear):
    exchange = Exchange(lag=None)
    ended = await clear(exchange)
    assert not ended.proved
    assert "not complete" in ended.trouble


async def test_a_history_from_before_the_cancel_proves_nothing(clear):
    exchange = Exchange(lag=2 * LIMIT)
    assert not (await clear(exchange)).proved
    late = Exchange(lag=4 * SECOND)
    ended = await clear(late)
    assert ended.proved
    assert ended.took >= 4 * SECOND


@pytest.mark.parametrize("behind", [0, 5, 7, 60])
@pytest.mark.parametrize("lag", [0, 3, 5])
@pytest.mark.parametrize("exclusive", [True, False])
async def test_it_is_never_called_clear_while_a_wager_still_opens_however_far_our_clock_is_behind(
    clear, behind, lag, exclusive
):
    """A wager was accepted a moment ago: it is not live, and the history, which lags, does not show it yet."""
    exchange = Exchange(lag=lag * SECOND, ahead=behind * SECOND)
    young = wager(1, Status.INACTIVE)
    exchange.wagers = {"w1": msgspec.structs.replace(young, created_at=NOW + exchange.ahead - 100 * MILLISECOND)}
    exchange.opens = {"w1": NOW + 6 * SECOND}
    ended = await clear(exchange, None if exclusive else lambda _: True)
    assert ended.proved
    assert exchange.wagers["w1"].status is Status.CANCELED


async def test_a_clock_that_is_minutes_ahead_of_ours_proves_nothing_and_that_is_said(clear):
    exchange = Exchange(ahead=15 * 60 * SECOND)
    ended = await clear(exchange)
    assert (ended.proved, ended.trouble) == (False, "the exchange's clock is 15 minutes ahead of this machine's")


async def test_a_page_that_is_older_than_the_one_before_it_is_read_again(clear):
    """Two servers answer in turn and one lags: a wager that opened in between would show in neither of two reads."""
    exchange = Exchange()
    true_history = exchange.history

    def history(request):
        if len(exchange.reads()) <= 3:
            return e.Failed(request.id, e.Failure.RETRYABLE, "internal_error")
        exchange.lag = 0 if request.status == "inactive" else 2 * SECOND + 500 * MILLISECOND
        return true_history(request)

    exchange.history = history
    ended = await clear(exchange)
    assert ended.proved
    reads = [request.matching for request in exchange.reads()]
    assert reads[3:8] == [None, "unmatched", "unmatched", "unmatched", "partially_matched"]


@pytest.mark.parametrize("exclusive", [True, False])
async def test_the_proof_costs_the_same_however_many_wagers_are_matched(clear, exclusive):
    reads = []
    for matched in (0, 5_000):
        fully = (wager(number, matching=Matching.FULLY_MATCHED) for number in range(matched))
        exchange = Exchange(*fully, wager(10_000))
        assert (await clear(exchange, None if exclusive else lambda _: True)).proved
        reads.append(len(exchange.reads()))
    assert reads[0] == reads[1]


async def test_every_page_is_read(clear):
    fully = [wager(number, matching=Matching.FULLY_MATCHED) for number in range(25)]
    exchange = Exchange(*fully, wager(99), page=10)
    exchange.answers = [e.CancelledAll(0, nothing_open=True)]  # it says so and does nothing
    ended = await clear(exchange)
    assert ended.proved
    assert exchange.wagers["w99"].status is Status.CANCELED


async def test_a_wager_of_weeks_ago_is_found(clear):
    exchange = Exchange(wager(1, age=20 * DAY))
    exchange.answers = [e.CancelledAll(0, nothing_open=True)] * 2
    ended = await clear(exchange)
    assert ended.proved
    assert ended.cancels >= 3


@pytest.mark.parametrize("failure", list(e.Failure))
async def test_a_cancel_that_fails_is_repeated_soon(clear, failure):
    exchange = Exchange(wager(1))
    exchange.answers = [e.Failed(0, failure, "internal_error", "try later")] * 3
    ended = await clear(exchange)
    assert ended.proved
    cancels = [at for at, request in exchange.sent if isinstance(request, r.CancelAll)]
    assert [b - a for a, b in pairwise(cancels)][:3] == [AGAIN + 20 * MILLISECOND] * 3


async def test_a_cancel_waits_for_the_instant_that_a_429_names_but_for_a_second_at_most(clear):
    for wait, waited in ((500 * MILLISECOND, 500 * MILLISECOND), (HOUR, SECOND)):
        exchange = Exchange()
        exchange.answers = [e.Failed(0, e.Failure.RETRYABLE, "rate_limit_reached", "", NOW + wait)]
        assert (await clear(exchange)).proved
        assert NOW + waited <= exchange.sent[1][0] <= NOW + waited + 20 * MILLISECOND


@pytest.mark.parametrize("code", ["timeout", "undecodable", "http_500", "forbidden"])
async def test_the_history_proves_it_although_no_cancel_is_ever_answered_well(clear, code):
    exchange = Exchange(wager(1), wager(2, Status.INACTIVE))
    exchange.opens = {"w2": NOW + SECOND}

    async def perform(request):
        answer = await Exchange.perform(exchange, request)
        if isinstance(request, r.ReadHistory):
            return answer
        exchange.clock.advance(5 * SECOND)
        return e.Failed(request.id, e.Failure.REJECTED if code == "forbidden" else e.Failure.UNKNOWN, code)

    exchange.perform = perform
    ended = await clear(exchange)
    assert ended.proved
    assert ended.open_wagers == 0
    assert {one.status for one in exchange.wagers.values()} == {Status.CANCELED}


async def test_a_cancel_that_did_nothing_is_no_proof(clear):
    exchange = Exchange(wager(1))

    async def perform(request):
        if isinstance(request, r.ReadHistory):
            return await Exchange.perform(exchange, request)
        exchange.clock.advance(5 * SECOND)
        return e.Failed(request.id, e.Failure.UNKNOWN, "timeout")

    exchange.perform = perform
    ended = await clear(exchange)
    assert (ended.proved, ended.open_wagers) == (False, 1)
    assert len(exchange.reads()) > 3


async def test_when_time_is_up_it_says_what_was_the_matter(clear):
    exchange = Exchange(wager(1))
    exchange.answers = [e.Failed(0, e.Failure.UNKNOWN, "timeout", "no answer")] * 10_000
    ended = await clear(exchange)
    assert not ended.proved
    assert ended.trouble in ("timeout: no answer", "timeout: no answer; 1 wager still open")
    assert LIMIT - SECOND < ended.took <= LIMIT


COOLING = e.Failed(
    0,
    e.Failure.RETRYABLE,
    "login_cooldown",
    "the next log-in is at 08:01:00Z",
    NOW + 60 * SECOND,
    e.FailureReason.LOGIN_WAITS,
)


async def test_a_kill_waits_a_cool_down_out_says_so_and_has_its_whole_time_after_it(clear):
    exchange, said = Exchange(wager(1), lag=20 * SECOND), []
    exchange.cooling_until = NOW + 60 * SECOND
    ended = await clear(exchange, patience=60 * SECOND, say=said.append)
    assert ended.proved
    assert ended.took >= 80 * SECOND
    assert said == ["login_cooldown: the next log-in is at 08:01:00Z; trying again at 08:01:00Z"]


async def test_an_exchange_that_does_not_answer_is_told_once_while_it_goes_on(clear):
    exchange, said = Exchange(wager(1)), []
    exchange.answers = [e.Failed(0, e.Failure.RETRYABLE, "connection", "refused")] * 20
    assert (await clear(exchange, say=said.append)).proved
    assert said == ["connection: refused; trying again"]


async def test_patience_ends_with_the_first_answer(clear):
    exchange = Exchange(wager(1), lag=None)
    ended = await clear(exchange, patience=60 * SECOND)
    assert (ended.proved, ended.nothing) == (False, False)
    assert ended.took <= LIMIT + SECOND


async def test_a_cool_down_past_the_end_is_told_as_nothing_cancelled_with_its_instant(clear):
    exchange = Exchange(wager(1))
    exchange.cooling_until = NOW + 60 * SECOND
    ended = await clear(exchange)
    assert (ended.proved, ended.nothing, ended.retry_at) == (False, True, NOW + 60 * SECOND)


async def test_a_cancel_without_an_answer_is_not_called_nothing(clear):
    exchange = Exchange(wager(1))
    exchange.answers = [e.Failed(0, e.Failure.UNKNOWN, "timeout", "no answer")] + [COOLING] * 1000
    assert not (await clear(exchange)).nothing


async def test_a_kill_with_wrong_keys_ends_at_once(clear):
    exchange = Exchange(wager(1))
    exchange.answers = [
        e.Failed(0, e.Failure.REJECTED, "login_rejected", "unauthorized", reason=e.FailureReason.LOGIN)
    ] * 10_000
    ended = await clear(exchange, patience=60 * SECOND)
    assert (ended.proved, ended.nothing, len(exchange.sent)) == (False, True, 1)


async def test_reads_keep_a_second_between_them(clear):
    exchange = Exchange(lag=3 * SECOND)
    await clear(exchange)
    reads = [at for at, request in exchange.sent if isinstance(request, r.ReadHistory)]
    assert all(b - a >= SECOND for a, b in pairwise(reads))


async def test_on_a_shared_account_only_our_own_are_cancelled(clear):
    exchange = Exchange(*(wager(number) for number in range(45)), wager(100, run="hand"))
    ended = await clear(exchange, ours=lambda external_id: external_id.startswith("1abc-"))
    assert ended.proved
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


async def test_an_answer_is_not_awaited_long_after_the_time_is_up():
    """The exchange takes the request and never answers."""
    clock = SystemClock(rate=100.0)
    ended = await AccountClearer(Guarded(HeldClient(answer_cancels=False)), clock).run(SECOND, grace=SECOND)
    assert not ended.proved
    assert ended.trouble == "timeout: no answer in time"
    assert ended.took < 30 * SECOND  # of this clock: 0.3 s
    assert not ended.nothing  # the cancel may have been carried out
