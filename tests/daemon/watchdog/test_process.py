"""The watchdog cancels over its client, with few requests a second, and on a shared account only what is ours."""

import asyncio
import io
import json
import time

import pytest
from scripted_daemon import KEYS, HeldClient, HeldWire, settings

from mmbot.daemon.start_watchdog import WATCHDOG_TOKEN_FILE, run_watchdog
from mmbot.daemon.watchdog.paced import Paced
from mmbot.daemon.watchdog.process import RESERVE, Ended, Watchdog
from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import SECOND
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.store.heartbeat import HeartbeatFile, read_heartbeat, since_boot
from mmbot.store.state_dir import StateDir
from mmbot.telemetry.logs import LineWriter, Secrets, logger

RATE = 50.0
"""Reads of the history are a second apart by the exchange's clock."""

SILENCE_S = 0.6


async def until(condition):
    """Wait for a proof, which takes some seconds of the machine."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.01)


class Exchange(HeldClient):
    """Holds open wagers: the id of the exchange and ours of each."""

    def __init__(self, clock, **wagers):
        super().__init__()
        self.clock, self.open, self.at = clock, wagers, []
        self.failing = 0

    async def perform(self, request):
        self.sent.append(request)
        self.at.append(time.monotonic())
        now = self.clock.now() + SECOND
        if self.failing:
            self.failing -= 1
            return e.Failed(request.id, e.Failure.RETRYABLE, "connection")
        if isinstance(request, r.CancelAll):
            self.open.clear()
            return e.CancelledAll(request.id, nothing_open=False, date=now)
        if isinstance(request, r.CancelMany):
            for item in request.items:
                self.open.pop(item.wager_id, None)
            return e.Cancelled(request.id, tuple(item.external_id for item in request.items), (), now)
        shown = request.status == Status.OPEN.value and request.matching == Matching.UNMATCHED.value
        wagers = [open_wager(*wager) for wager in self.open.items()] if shown else []
        return e.HistoryRead(request.id, tuple(wagers), "", now, now)


def open_wager(wager_id, external_id):
    return WagerReport(wager_id, external_id, 1, 2, "l", -110, 500, Status.OPEN, Matching.UNMATCHED, Winning.TBD, 0)


class Rig:
    """A watchdog in this process."""

    def __init__(self, directory, account="exclusive", with_daemon=False, **wagers):
        self.clock = SystemClock(rate=RATE)
        self.exchange = Exchange(self.clock, **wagers)
        self.out = io.StringIO()
        log = logger(LineWriter(self.out), Secrets())
        self.watchdog = Watchdog(directory, self.exchange, self.clock, account, SILENCE_S, log, with_daemon=with_daemon)
        self.file = HeartbeatFile(directory)
        self.task = asyncio.create_task(self.watchdog.run())

    def beat(self):
        self.file.beat(since_boot(), time.time_ns(), self.file.fence())

    async def beats(self, seconds):
        """Beat for a while, as a daemon does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.beat()
            await asyncio.sleep(0.05)

    def logged(self, event):
        lines = [json.loads(line) for line in self.out.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]


@pytest.fixture
async def rig(tmp_path):
    rigs = []

    def make(**options):
        rigs.append(Rig(tmp_path, **options))
        return rigs[-1]

    yield make
    for one in rigs:
        one.task.cancel()
        await asyncio.gather(one.task, return_exceptions=True)
        one.file.close()


async def test_a_silent_run_is_cancelled_for_and_the_fence_says_so(tmp_path, rig):
    one = rig(w1="by-hand")
    one.file.begin("1abcde", since_boot(), 0, 0)
    await one.beats(1.0)
    assert one.exchange.sent == []
    quiet = time.monotonic()
    await until(lambda: one.exchange.sent)
    assert SILENCE_S - 0.1 < time.monotonic() - quiet < SILENCE_S + 0.6
    assert isinstance(one.exchange.sent[0], r.CancelAll)
    heartbeat = read_heartbeat(tmp_path)
    assert (heartbeat.fence, heartbeat.fenced_beat, heartbeat.proved) == (1, heartbeat.beat, False)
    await until(lambda: read_heartbeat(tmp_path).proved)
    assert one.exchange.open == {}
    sent = len(one.exchange.sent)
    await asyncio.sleep(0.5)
    assert len(one.exchange.sent) == sent
    assert len(one.logged("watchdog.acted")) == 1


async def test_it_goes_on_until_the_exchange_answers(tmp_path, rig):
    one = rig(w1="by-hand")
    one.exchange.failing = 4
    one.file.begin("1abcde", since_boot(), 0, 0)
    await until(lambda: read_heartbeat(tmp_path).proved)
    assert one.exchange.open == {}


async def test_a_daemon_that_goes_on_is_left_alone(tmp_path, rig):
    one = rig()
    one.exchange.failing = 10_000
    one.file.begin("1abcde", since_boot(), 0, 0)
    await until(lambda: one.exchange.sent)
    await one.beats(0.5)
    await until(lambda: one.logged("watchdog.daemon_back"))
    sent = len(one.exchange.sent)
    await one.beats(0.8)
    assert len(one.exchange.sent) <= sent + 1  # one that was under way
    assert not read_heartbeat(tmp_path).proved


async def test_it_sends_at_most_four_requests_a_second_besides_those_of_its_session(rig):
    one = rig(account="shared", **{f"w{number}": f"1abcde-a-{number}" for number in range(150)})
    one.file.begin("1abcde", since_boot(), 0, 0)
    await until(lambda: one.exchange.open == {})
    at = one.exchange.at
    assert len(at) > 6
    for number, first in enumerate(at):
        assert sum(1 for other in at[number:] if other < first + 0.99) <= RESERVE - 1


async def test_on_a_shared_account_it_cancels_what_is_ours_as_soon_as_the_time_is_over(tmp_path, rig):
    one = rig(account="shared", w1="1abcde-a-1", w2="by-hand", w3="0other-a-1")
    one.file.begin("1abcde", since_boot(), 0, 0)
    begun = time.monotonic()
    await until(lambda: "w1" not in one.exchange.open)
    assert SILENCE_S - 0.1 < time.monotonic() - begun < SILENCE_S + 0.7
    kinds = [type(sent) for sent in one.exchange.sent]
    assert kinds.index(r.CancelMany) == 3  # it had read the history before the time was over
    await until(lambda: read_heartbeat(tmp_path).proved)
    assert sorted(one.exchange.open) == ["w2", "w3"]
    assert not any(isinstance(sent, r.CancelAll) for sent in one.exchange.sent)


async def test_a_daemon_that_stands_still_is_cancelled_for_again_and_again(tmp_path, rig, monkeypatch):
    """The daemon may run for a moment, send a decided request, and stand still again without a beat."""
    monkeypatch.setattr("mmbot.daemon.watchdog.process.AGAIN_S", 0.5)
    with StateDir(tmp_path):
        one = rig()
        one.file.begin("1abcde", since_boot(), 0, 0)
        await until(lambda: read_heartbeat(tmp_path).proved)
        one.exchange.open["w1"] = "1abcde-a-1"
        await until(lambda: one.exchange.open == {})
    assert len(one.logged("watchdog.acted")) == 1


async def test_stop_waits_for_a_cancel_that_is_under_way_and_a_second_one_does_not(rig):
    one = rig()
    one.exchange.failing = 10_000
    one.file.begin("1abcde", since_boot(), 0, 0)
    await until(lambda: one.exchange.sent)
    one.watchdog.stop()
    await asyncio.sleep(0.5)
    assert not one.task.done()
    one.watchdog.stop()
    assert await asyncio.wait_for(one.task, 2) is Ended.ASKED


async def test_with_the_daemon_it_ends_when_nothing_is_left_to_do(tmp_path, rig):
    with StateDir(tmp_path):
        one = rig(with_daemon=True)
        one.file.begin("1abcde", since_boot(), 0, 0)
        await one.beats(0.4)
        one.file.end()
        await asyncio.sleep(0.3)
        assert not one.task.done()
    assert await asyncio.wait_for(one.task, 2) is Ended.WITH_DAEMON
    assert one.exchange.sent == []


async def test_paced_requests_keep_their_order():
    client = HeldClient()
    paced = Paced(client, 3)
    await asyncio.gather(*(paced.perform(r.CancelAll(number)) for number in range(5)))
    assert [sent.id for sent in client.sent] == [0, 1, 2, 3, 4]


async def test_it_has_a_session_of_its_own_and_says_what_keeps_it_from_starting(tmp_path):
    opened = []

    async def open_wire(around):
        opened.append(around)
        return HeldWire(HeldClient())

    out = io.StringIO()
    assert await run_watchdog(settings(), tmp_path, open_wire, environ={}, out=out) == 2
    assert "PROPHETX_ACCESS_KEY" in out.getvalue()
    assert opened == []
    code = await run_watchdog(settings(), tmp_path, open_wire, environ=KEYS, out=io.StringIO(), started=Watchdog.stop)
    assert code == 0
    assert opened[0].token_file == WATCHDOG_TOKEN_FILE
    second = io.StringIO()

    def and_another(watchdog):
        again = run_watchdog(settings(), tmp_path, open_wire, environ=KEYS, out=second)
        task = asyncio.ensure_future(again)
        task.add_done_callback(lambda _: watchdog.stop())

    assert (
        await run_watchdog(settings(), tmp_path, open_wire, environ=KEYS, out=io.StringIO(), started=and_another) == 0
    )
    assert "another watchdog" in second.getvalue()
