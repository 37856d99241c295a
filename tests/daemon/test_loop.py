"""The pump: bursts before decisions, answers back in, wakes on time, and nothing lost at the end."""

import asyncio
import io

import pytest
from scripted_daemon import HeldClient, ScriptedEngine, until

from mmbot.daemon.loop import IDLE_S, Pump
from mmbot.domain.book import Book
from mmbot.domain.catalogue import LineKey
from mmbot.domain.clock import ManualClock, SystemClock
from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.telemetry.logs import LineWriter, Secrets, logger


class Timed:
    """Timings that a test can look at."""

    def __init__(self):
        self.ticks, self.matches = [], []

    def tick_to_wire(self, took):
        self.ticks.append(took)

    def match_to_wire(self, took):
        self.matches.append(took)


class Rig:
    """A pump with its engine and client."""

    def __init__(self, clock=None, client=None, engine=None):
        self.clock = clock or SystemClock()
        self.engine = engine or ScriptedEngine()
        self.client = client or HeldClient()
        self.orders, self.timed, self.out = [], Timed(), io.StringIO()
        self.lines = LineWriter(self.out)
        log = logger(self.lines, Secrets())
        self.pump = Pump(self.clock, self.orders.append, self.timed, log)

    def start(self):
        return asyncio.create_task(self.pump.run(self.engine, self.client))

    def log(self):
        self.lines.close()
        return self.out.getvalue()


@pytest.fixture
def rig():
    return Rig()


def book(number=0):
    return e.BookMessage(1, LineKey(10, 20, number), 1, Book())


def match():
    report = WagerReport(
        "w", "x", 1, 2, "l", -110, 500, Status.OPEN, Matching.PARTIALLY_MATCHED, Winning.TBD, 100, match_stake=100
    )
    return e.WagerMessage(1, report)


async def test_a_burst_is_handled_before_the_engine_is_asked_once(rig):
    rig.engine.requests.clear()
    running = rig.start()
    await until(lambda: rig.engine.asked)
    asked = len(rig.engine.asked)
    for number in range(100):
        rig.pump.deliver(book(number))
    await until(lambda: len(rig.engine.heard) == 100)
    assert [event.line.number for event, _ in rig.engine.heard] == list(range(100))
    assert len(rig.engine.asked) == asked + 1
    running.cancel()


async def test_each_event_carries_the_instant_of_its_arrival_and_none_is_later_than_the_question():
    clock = ManualClock(SECOND)
    rig = Rig(clock)
    rig.engine.requests.clear()
    rig.pump.deliver(book(1))
    clock.advance(5)
    rig.pump.deliver(book(2))
    clock.advance(5)
    running = rig.start()
    await until(lambda: rig.engine.asked)
    assert [at for _, at in rig.engine.heard] == [SECOND, SECOND + 5]
    assert rig.engine.asked[0] == SECOND + 10
    running.cancel()


async def test_requests_go_out_in_the_engines_order_and_answers_come_back_as_events(rig):
    rig.engine.requests = [r.CancelAll(1), r.ReadBalance(2), r.ReadLadder(3)]
    running = rig.start()
    await until(lambda: len(rig.client.sent) == 3)
    assert [request.id for request in rig.client.sent] == [1, 2, 3]
    rig.client.waiting[3].set_result(e.LadderRead(3, (100,)))
    await until(lambda: len(rig.engine.heard) == 2)
    assert [event.request for event, _ in rig.engine.heard] == [1, 3]
    running.cancel()
    await rig.pump.finish(0)


async def test_what_came_before_the_engine_is_the_first_that_it_hears(rig):
    rig.pump.deliver(e.StopRequested())
    assert rig.pump.waiting == 1
    end = await asyncio.wait_for(rig.start(), 5)
    assert end == o.Exit(0, "stopped")
    assert isinstance(rig.engine.heard[0][0], e.StopRequested)
    assert all(isinstance(request, r.CancelAll) for request in rig.client.sent)


async def test_everything_ordered_beside_the_exit_is_still_carried_out(rig):
    day = o.Save((o.SaveDay(1, 2, 3),))
    alert = o.Alert(o.Severity.INFO, "bye", {})
    rig.engine.outbox = [day, o.Exit(3, "over"), alert]
    assert await asyncio.wait_for(rig.start(), 5) == o.Exit(3, "over")
    assert rig.orders == [day, alert]


async def test_the_engine_is_woken_at_its_deadline(rig):
    rig.engine.requests.clear()
    rig.engine.wake_at = rig.clock.now() + 30 * MILLISECOND
    running = rig.start()
    await until(lambda: rig.engine.asked and rig.engine.asked[-1] >= rig.engine.wake_at)
    assert len(rig.engine.asked) < 200  # not by asking all the time
    running.cancel()


async def test_the_engine_is_woken_by_the_clock_of_a_faster_exchange():
    clock = SystemClock(rate=1000.0)
    rig = Rig(clock)
    rig.engine.requests.clear()
    rig.engine.wake_at = clock.now() + 20 * SECOND
    running = rig.start()
    await until(lambda: rig.engine.asked and rig.engine.asked[-1] >= rig.engine.wake_at)
    running.cancel()


async def test_a_deadline_that_has_passed_does_not_make_the_pump_spin(rig, monkeypatch):
    rig.engine.requests.clear()
    rig.engine.wake_at = rig.clock.now() - SECOND
    turns = 0
    running = rig.start()
    begun = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() < begun + 0.05:
        await asyncio.sleep(0)
        turns += 1
    assert 2 <= len(rig.engine.asked) <= 60
    assert turns > len(rig.engine.asked)
    running.cancel()


async def test_an_idle_pump_still_shows_that_it_lives(rig, monkeypatch):
    monkeypatch.setattr("mmbot.daemon.loop.IDLE_S", 0.01)
    assert IDLE_S < 5
    rig.engine.requests.clear()
    running = rig.start()
    await until(lambda: rig.engine.asked)
    seen = rig.pump.pumped_at
    await until(lambda: rig.pump.pumped_at > seen)
    running.cancel()


async def test_an_engine_that_raises_ends_the_pump_and_names_the_event(rig):
    boom = e.PriceGiven("boom", 0.5, 0)
    rig.pump.deliver(book())
    rig.pump.deliver(boom)
    rig.pump.deliver(book())
    with pytest.raises(RuntimeError, match="the engine broke"):
        await asyncio.wait_for(rig.start(), 5)
    assert rig.pump.handling == boom
    assert rig.client.sent == []  # nothing is asked of an engine that broke


async def test_a_client_that_raises_leaves_an_unknown_outcome_and_stops_the_daemon(rig):
    async def perform(request):
        rig.client.sent.append(request)
        if isinstance(request, r.PlaceMany):
            raise ZeroDivisionError("a bug")
        return e.CancelledAll(request.id, nothing_open=True)

    rig.client.perform = perform
    rig.engine.requests = [r.PlaceMany(7, ())]
    end = await asyncio.wait_for(rig.start(), 5)
    heard = [event for event, _ in rig.engine.heard]
    assert heard[0] == e.Failed(7, e.Failure.UNKNOWN, "shell", "ZeroDivisionError('a bug')")
    assert isinstance(heard[1], e.StopRequested)
    assert isinstance(rig.client.sent[-1], r.CancelAll)
    assert (end.code, rig.pump.fault) == (0, "client")
    assert "request.raised" in rig.log()


async def test_at_the_end_changes_are_waited_for_and_reads_are_not(rig):
    rig.client.answer_cancels = False
    rig.engine.requests = [r.CancelAll(1), r.ReadBalance(2), r.PlaceMany(3, ())]
    running = rig.start()
    await until(lambda: len(rig.client.waiting) == 3)
    finishing = asyncio.create_task(rig.pump.finish(5))
    await until(rig.client.waiting[2].cancelled)
    assert not finishing.done()
    rig.client.waiting[1].set_result(e.CancelledAll(1, nothing_open=False))
    rig.client.waiting[3].set_result(e.Placed(3, (), ()))
    assert await asyncio.wait_for(finishing, 5) == ()
    running.cancel()


async def test_a_change_without_an_answer_is_given_up_in_time_and_named(rig):
    rig.client.answer_cancels = False
    rig.engine.requests = [r.PlaceMany(3, ())]
    running = rig.start()
    await until(lambda: rig.client.waiting)
    assert await asyncio.wait_for(rig.pump.finish(0.02), 5) == (r.PlaceMany(3, ()),)
    running.cancel()


class Replying(ScriptedEngine):
    """Answers an event with one request, in the same turn."""

    def __init__(self, reply):
        super().__init__()
        self.requests, self.reply = [], reply

    def handle(self, event, now):
        super().handle(event, now)
        if isinstance(event, e.BookMessage | e.WagerMessage):
            self.requests.append(self.reply)


@pytest.mark.parametrize(
    ("event", "reply", "ticks", "matches"),
    [
        (book(), r.PlaceMany(1, ()), 1, 0),
        (book(), r.CancelMany(1, ()), 0, 0),
        (book(), r.ReadBalance(1), 0, 0),
        (match(), r.PlaceMany(1, ()), 0, 1),
        (match(), r.CancelMany(1, ()), 0, 1),
        (match(), r.ReadBalance(1), 0, 0),
    ],
)
async def test_the_way_from_an_event_to_the_request_it_led_to_is_timed(event, reply, ticks, matches):
    rig = Rig(engine=Replying(reply))
    running = rig.start()
    rig.pump.deliver(event)
    await until(lambda: rig.client.sent)
    assert (len(rig.timed.ticks), len(rig.timed.matches)) == (ticks, matches)
    assert all(0 < took < SECOND for took in rig.timed.ticks + rig.timed.matches)
    running.cancel()
    await rig.pump.finish(0)


async def test_the_feed_is_known_up_to_its_latest_message():
    clock = ManualClock(SECOND)
    rig = Rig(clock)
    rig.pump.deliver(e.Beat(1))
    clock.advance(SECOND)
    rig.pump.deliver(e.BalanceRead(1, 1, 1, 1))
    running = rig.start()
    await until(lambda: rig.engine.asked)
    assert rig.pump.heard_at == SECOND
    running.cancel()


class Vital:
    """Interruptions that a test makes."""

    def __init__(self):
        self.count, self.events, self.beats = 0, [], 0

    def interrupted_at(self):
        return self.count

    def beat(self):
        self.beats += 1

    def take(self):
        events, self.events = self.events, []
        return events

    def interrupt(self, event):
        self.count += 1
        self.events.append(event)


class Hanging(ScriptedEngine):
    """Decides on a placement in a call that takes so long that the daemon is interrupted."""

    def __init__(self, vital):
        super().__init__()
        self.vital, self.requests, self.armed = vital, [], False

    def next_request(self, now):
        if self.armed:
            self.armed = False
            self.vital.interrupt(e.StoodStill(9 * SECOND))
            return r.PlaceMany(7, ())
        return super().next_request(now)


async def test_what_was_decided_before_a_pause_is_not_sent_and_the_engine_hears_of_the_pause_first(rig):
    vital = Vital()
    rig = Rig(engine=Hanging(vital))
    rig.pump.vital = vital
    running = rig.start()
    await until(lambda: rig.engine.asked)
    rig.engine.armed = True
    rig.pump.deliver(e.Beat(1))
    await until(lambda: rig.client.sent or len(rig.engine.heard) == 3)
    assert rig.client.sent == []
    heard = [event for event, _ in rig.engine.heard]
    assert heard[:2] == [e.Beat(1), e.StoodStill(9 * SECOND)]
    assert (heard[2].request, heard[2].failure, heard[2].code) == (7, e.Failure.RETRYABLE, "interrupted")
    assert rig.client.sent == []
    rig.engine.requests = [r.CancelAll(8)]
    rig.pump.deliver(e.Beat(1))
    await until(lambda: rig.client.sent)  # afterwards it goes on
    running.cancel()


async def test_a_pause_between_two_turns_comes_before_the_messages_that_waited(rig):
    vital = rig.pump.vital = Vital()
    rig.engine.requests.clear()
    running = rig.start()
    await until(lambda: rig.engine.asked)
    vital.interrupt(e.StoodStill(9 * SECOND))
    rig.pump.deliver(book())
    await until(lambda: any(event == book() for event, _ in rig.engine.heard))
    assert [event for event, _ in rig.engine.heard] == [e.StoodStill(9 * SECOND), book()]
    running.cancel()


async def test_it_beats_after_each_turn_of_the_engine_and_not_while_the_engine_hangs(rig):
    vital = rig.pump.vital = Vital()
    rig.engine.requests.clear()
    running = rig.start()
    await until(lambda: vital.beats == 1)
    rig.pump.deliver(book())
    await until(lambda: vital.beats == 2)
    running.cancel()
