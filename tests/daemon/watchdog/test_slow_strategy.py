"""A strategy that does not return loses the wagers of its sport event, and the engine hears of it afterwards."""

import io
import json
import threading
import time

import pytest
from scripted_daemon import HeldClient

from mmbot.daemon.watchdog.pulse import Pulse
from mmbot.daemon.watchdog.slow_strategy import SlowStrategies
from mmbot.daemon.watchdog.vital import Interruptions
from mmbot.domain.catalogue import SportEvent
from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import SECOND
from mmbot.domain.odds import Ladder
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.strategy.interface import EventView, Result, depth_of
from mmbot.telemetry.logs import LineWriter, Secrets, logger

LIMIT_S = 0.2

RATE = 20.0
"""Reads of the history are a second apart by the exchange's clock."""


def is_ours(external_id):
    return external_id.startswith("1abc")


class Client(HeldClient):
    """Answers each cancel, or says that it cannot."""

    def __init__(self, fails=0):
        super().__init__()
        self.fails, self.threads, self.closed = fails, set(), False

    async def perform(self, request):
        self.threads.add(threading.current_thread())
        self.sent.append(request)
        if self.fails:
            self.fails -= 1
            return e.Failed(request.id, e.Failure.RETRYABLE, "connection")
        return e.CancelledAll(request.id, nothing_open=False)

    async def close(self):
        self.closed = True


class SharedAccount(Client):
    """A shared account with one wager of ours on sport event 10, one on sport event 11, and one placed by hand."""

    def __init__(self, fails=0):
        super().__init__(fails)
        self.open = {"w1": ("1abc-1", 10), "w2": ("1abc-2", 11), "w3": ("by-hand", 10)}
        self.clock = SystemClock(rate=RATE)

    async def perform(self, request):
        self.sent.append(request)
        if self.fails:
            self.fails -= 1
            return e.Failed(request.id, e.Failure.RETRYABLE, "connection")
        if isinstance(request, r.CancelMany):
            for item in request.items:
                self.open.pop(item.wager_id, None)
            return e.Cancelled(request.id, tuple(item.external_id for item in request.items), ())
        shown = self.open.items() if request.matching == Matching.UNMATCHED.value else ()
        wagers = tuple(
            WagerReport(key, ours, game, 2, "l", -110, 500, Status.OPEN, Matching.UNMATCHED, Winning.TBD, 0)
            for key, (ours, game) in shown
        )
        return e.HistoryRead(request.id, wagers, "", self.clock.now())


class Sleeper:
    """A strategy that sleeps once, for a given time."""

    book_depth = 3

    def __init__(self):
        self.seconds = 0.0

    def quote(self, view, state):
        seconds, self.seconds = self.seconds, 0.0
        time.sleep(seconds)
        return Result({}, state)


class Rig:
    def __init__(self, client, ours=None):
        self.client = client
        self.sleeper = Sleeper()
        self.out = io.StringIO()
        log = logger(LineWriter(self.out), Secrets())
        self.slow = SlowStrategies(LIMIT_S, lambda: client, SystemClock(rate=RATE), ours, log)
        (self.strategy,) = self.slow.watched([self.sleeper])
        self.vital = Interruptions(Pulse(None, 60 * SECOND, lambda _: None), self.slow)
        self.slow.start()

    def logged(self, event):
        lines = [json.loads(line) for line in self.out.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]

    def ask(self, seconds=0.0, sport_event=10):
        self.sleeper.seconds = seconds
        game = SportEvent(sport_event, 132, "Herons at Larks", "not_started", None, ())
        return self.strategy.quote(EventView(game, (), Ladder((100,)), 0, None), None)


@pytest.fixture
def rig():
    rigs = []

    def make(client=None, ours=None):
        rigs.append(Rig(client or Client(), ours))
        return rigs[-1]

    yield make
    for one in rigs:
        one.slow.close()


def test_a_quick_strategy_is_left_alone(rig):
    one = rig()
    begun = time.monotonic()
    while time.monotonic() - begun < 3 * LIMIT_S:
        assert one.ask() == Result({}, None)
    time.sleep(2 * LIMIT_S)
    assert one.client.sent == []
    assert one.vital.interrupted_at() == 0
    assert depth_of(one.strategy) == 3


def test_a_slow_one_is_cancelled_for_meanwhile_in_a_thread_of_its_own(rig):
    one = rig()
    one.ask(0.6)
    assert [type(sent) for sent in one.client.sent] == [r.CancelSportEvent]
    assert one.client.sent[0].sport_event == 10
    assert threading.current_thread() not in one.client.threads
    assert one.vital.interrupted_at() == 1
    (overran,) = one.vital.take()
    assert overran.sport_event == 10
    assert 0.5 * SECOND < overran.took < 2 * SECOND
    assert one.vital.take() == []
    one.ask(0.6, sport_event=11)
    assert one.client.sent[-1].sport_event == 11
    assert one.vital.interrupted_at() == 2


def test_a_cancel_is_repeated_while_the_call_lasts_and_sooner_after_a_failure(rig):
    one = rig(Client(fails=2))
    one.ask(2.2)
    assert 4 <= len(one.client.sent) <= 5  # at 0.2, 0.5, 0.8 and 1.8 s
    sent = len(one.client.sent)
    time.sleep(0.5)
    assert len(one.client.sent) == sent


def test_a_strategy_that_raises_is_not_taken_for_one_that_hangs(rig):
    one = rig()

    def broken(view, state):
        raise ZeroDivisionError

    one.sleeper.quote = broken
    (one.strategy,) = one.slow.watched([one.sleeper])
    with pytest.raises(ZeroDivisionError):
        one.ask()
    time.sleep(2 * LIMIT_S)
    assert one.client.sent == []


def test_a_client_that_was_needed_is_closed_at_the_end(rig):
    one = rig()
    one.ask(0.5)
    one.slow.close()
    assert one.client.closed


def test_on_a_shared_account_our_wagers_of_the_sport_event_are_cancelled(rig):
    one = rig(SharedAccount(), is_ours)
    one.ask(1.5)
    assert sorted(one.client.open) == ["w2", "w3"]
    assert one.logged("strategy.not_cancelled") == []


def test_on_a_shared_account_failed_reads_are_logged_and_repeated(rig):
    one = rig(SharedAccount(fails=3), is_ours)
    one.ask(3.0)
    assert sorted(one.client.open) == ["w2", "w3"]
    assert [line["code"] for line in one.logged("strategy.not_cancelled")] == ["connection"] * 3


def test_on_a_shared_account_that_cannot_be_read_the_log_says_that_nothing_is_cancelled(rig):
    one = rig(SharedAccount(fails=10_000), is_ours)
    one.ask(1.0)
    assert len(one.logged("strategy.not_cancelled")) >= 2
    assert {type(sent) for sent in one.client.sent} == {r.ReadHistory}
