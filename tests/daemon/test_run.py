"""One life of the daemon: what keeps it from starting, how signals end it, and what it leaves behind."""

import asyncio
import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest
import scripted_daemon
from scripted_daemon import KEYS, HeldClient, HeldWire, ScriptedEngine, settings, until

from mmbot.config import ClockConfig
from mmbot.config.settings import JournalConfig
from mmbot.daemon.run import FAULT, NOT_CLEAR, NOT_STARTED, STOPPED, run
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.store import latch
from mmbot.store.heartbeat import HeartbeatFile
from mmbot.store.journal import Journal
from mmbot.store.state_dir import StateDir, holder_of

SCRIPT = Path(scripted_daemon.__file__)


def report(wager_id, external_id):
    """A wager that is open and unmatched, in a page of the history."""
    return WagerReport(wager_id, external_id, 1, 2, "l", -110, 500, Status.OPEN, Matching.UNMATCHED, Winning.TBD, 0)


class Life:
    """A daemon in this process."""

    def __init__(self, directory, client=None, environ=KEYS, **changes):
        self.out, self.client = io.StringIO(), client or HeldClient()
        self.wire = HeldWire(self.client)
        self.engine = None
        self.opened = False
        self.task = asyncio.create_task(
            run(settings(**changes), (), directory, self.open, self.make, environ=environ, out=self.out)
        )

    async def open(self, surroundings):
        self.opened, self.around = True, surroundings
        return self.wire

    def make(self, *given):
        self.engine = ScriptedEngine(*given)
        return self.engine

    async def up(self):
        await until(lambda: self.engine is not None and self.engine.heard)

    async def ended(self):
        async with asyncio.timeout(10):
            return await self.task

    def logged(self):
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def events(self):
        return [line["event"] for line in self.logged()]


class Process:
    """A daemon in a process of its own, of which the requests are read."""

    def __init__(self, directory, *mode):
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(directory), *mode],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | KEYS,
        )

    def wait_for(self, line):
        for said in self.process.stdout:
            if said.strip() == line:
                return
        raise AssertionError(f"it ended without {line!r}: {self.process.stderr.read()}")

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self):
        """The exit code, the requests that were not yet read, and the log."""
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out.split(), [json.loads(line) for line in err.splitlines()]

    def logged(self, event):
        for line in self.process.stderr:
            if json.loads(line)["event"] == event:
                return
        raise AssertionError(f"it ended without {event}")


@pytest.fixture
def process(tmp_path):
    started = []

    def start(*mode):
        started.append(Process(tmp_path, *mode))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        one.process.stdout.close()
        one.process.stderr.close()


# --- starting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, ("PROPHETX_ACCESS_KEY", "PROPHETX_SECRET_KEY")),
        ({"PROPHETX_ACCESS_KEY": "the-access-key"}, ("PROPHETX_SECRET_KEY",)),
        ({"PROPHETX_ACCESS_KEY": " ", "PROPHETX_SECRET_KEY": "the-secret-key"}, ("PROPHETX_ACCESS_KEY",)),
    ],
)
async def test_without_credentials_it_names_the_variables_and_no_value(tmp_path, environ, named):
    life = Life(tmp_path, environ=environ)
    assert await life.ended() == NOT_STARTED
    assert not life.opened
    (line,) = life.logged()
    assert line["event"] == "start.failed"
    assert all(name in line["why"] for name in named)
    assert "PROPHETX_ACCESS_KEY=local-access-key PROPHETX_SECRET_KEY=local-secret-key" in line["why"]
    assert "the-" not in life.out.getvalue()


async def test_the_local_keys_are_not_for_another_environment(tmp_path):
    life = Life(tmp_path, environ={}, environment="sandbox")
    assert await life.ended() == NOT_STARTED
    assert "local-" not in life.out.getvalue()


async def test_wrong_keys_are_told_with_what_to_check(tmp_path):
    life = Life(tmp_path, environment="sandbox")
    await life.up()
    life.engine.outbox.append(o.Exit(NOT_STARTED, "login_rejected"))
    life.around.deliver(e.Beat(1))
    assert await life.ended() == NOT_STARTED
    last = life.logged()[-1]
    assert last["event"] == "daemon.stopped"
    assert last["hint"] == "check PROPHETX_ACCESS_KEY and PROPHETX_SECRET_KEY for environment sandbox"


async def test_a_directory_in_use_is_rejected_before_anything_is_sent(tmp_path):
    with StateDir(tmp_path):
        life = Life(tmp_path)
        assert await life.ended() == NOT_STARTED
    assert not life.opened
    assert f"process {os.getpid()}" in life.logged()[0]["why"]


async def test_a_port_in_use_is_rejected_before_anything_is_sent(tmp_path):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        life = Life(tmp_path, telemetry={"port": port})
        assert await life.ended() == NOT_STARTED
    assert life.client.sent == []
    assert life.wire.closed
    assert f"127.0.0.1:{port}" in life.logged()[-1]["why"]
    assert holder_of(tmp_path) is None


EPOCH = time.time_ns()
FAST = ClockConfig(anchor_ns=EPOCH, epoch_ns=EPOCH, rate=100.0)
"""The reads of a proof are a second apart by this clock."""


def complete_to():
    return EPOCH + (time.time_ns() - EPOCH) * 100 + 10**9


class Proving(HeldClient):
    """An exchange whose history shows nothing open, complete up to the present."""

    async def perform(self, request):
        if isinstance(request, r.ReadHistory):
            self.sent.append(request)
            now = complete_to()
            return e.HistoryRead(request.id, (), "", now, now)
        return await super().perform(request)


def damaged(directory):
    (directory / "journal.sqlite").write_bytes(b"not a database" * 500)


async def test_after_a_damaged_journal_everything_is_cancelled_before_the_start_is_rejected(tmp_path):
    damaged(tmp_path)
    life = Life(tmp_path, Proving(), exchange={"clock": FAST})
    assert await life.ended() == NOT_STARTED
    assert [type(sent) for sent in life.client.sent[:1]] == [r.CancelAll]
    assert life.wire.closed
    assert "journal.sqlite" in life.logged()[0]["why"]
    assert life.events() == ["start.failed", "start.clearing", "start.cleared"]
    assert holder_of(tmp_path) is None


async def test_a_start_that_fails_and_cannot_cancel_says_so_within_the_deadline(tmp_path):
    damaged(tmp_path)

    class Barred(HeldClient):
        async def perform(self, request):
            return e.Failed(
                request.id, e.Failure.RETRYABLE, "connection", "refused", reason=e.FailureReason.UNREACHABLE
            )

    life = Life(tmp_path, Barred(), stop={"deadline_s": 0.2})
    assert await life.ended() == NOT_STARTED
    assert life.logged()[-1]["event"] == "start.not_cleared"
    assert life.logged()[-1]["why"] == "connection: refused"


async def test_wrong_keys_after_a_damaged_journal_are_not_waited_for(tmp_path):
    damaged(tmp_path)

    class Refused(HeldClient):
        async def perform(self, request):
            return e.Failed(request.id, e.Failure.REJECTED, "login_refused", reason=e.FailureReason.LOGIN)

    life = Life(tmp_path, Refused(), stop={"deadline_s": 600.0})
    assert await life.ended() == NOT_STARTED
    assert life.logged()[-1]["why"] == "login_refused"


async def test_an_engine_that_cannot_be_made_leaves_no_wager_of_an_earlier_run(tmp_path):
    class Broken(Life):
        def make(self, *given):
            raise KeyError("a row of the journal")

    life = Broken(tmp_path, Proving(), exchange={"clock": FAST})
    assert await life.ended() == NOT_STARTED
    assert [type(sent) for sent in life.client.sent[:1]] == [r.CancelAll]
    assert life.events() == ["start.failed", "start.clearing", "start.cleared"]


@pytest.mark.parametrize("clean", [True, False])
async def test_a_port_in_use_cancels_only_wagers_of_a_run_that_did_not_end_in_order(tmp_path, clean):
    with HeartbeatFile(tmp_path) as heartbeat:
        heartbeat.begin("1abcde", 1, 1, 0)
        if clean:
            heartbeat.end()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        life = Life(tmp_path, Proving(), exchange={"clock": FAST}, telemetry={"port": taken.getsockname()[1]})
        assert await life.ended() == NOT_STARTED
    assert any(isinstance(sent, r.CancelAll) for sent in life.client.sent) is not clean


async def test_on_a_shared_account_the_heartbeat_tells_whose_wagers_they_are(tmp_path):
    """The journal knows the run ids, and it is damaged."""
    damaged(tmp_path)
    with HeartbeatFile(tmp_path) as heartbeat:
        heartbeat.begin("1abcde", 1, 1, 0)
    ours, others = report("w1", "1abcde-a-1"), report("w2", "by-hand")

    class Shared(HeldClient):
        async def perform(self, request):
            self.sent.append(request)
            now = complete_to()
            if isinstance(request, r.CancelMany):
                return e.Cancelled(request.id, tuple(item.external_id for item in request.items), (), now)
            cancelled = any(isinstance(sent, r.CancelMany) for sent in self.sent)
            return e.HistoryRead(request.id, (others,) if cancelled else (ours, others), "", now, now)

    life = Life(tmp_path, Shared(), exchange={"account": "shared", "clock": FAST})
    assert await life.ended() == NOT_STARTED
    cancels = [sent for sent in life.client.sent if isinstance(sent, r.CancelMany)]
    assert [item.wager_id for cancel in cancels for item in cancel.items] == ["w1"]
    assert life.events() == ["start.failed", "start.clearing", "start.cleared"]


async def test_on_a_shared_account_without_any_run_id_nothing_is_cancelled(tmp_path):
    damaged(tmp_path)
    life = Life(tmp_path, Proving(), exchange={"account": "shared"})
    assert await life.ended() == NOT_STARTED
    assert life.client.sent == []
    assert life.events() == ["start.failed", "start.not_cleared"]


async def test_the_engine_starts_from_what_the_last_run_left(tmp_path):
    first = Life(tmp_path)
    await first.up()
    day = o.SaveDay(20_000, 5, 6)
    first.engine.outbox.append(o.Save((day,)))
    first.around.deliver(e.KillRequested("drill"))
    await until(lambda: latch.read(tmp_path))
    first.around.deliver(e.StopRequested())
    assert await first.ended() == STOPPED
    second = Life(tmp_path)
    await second.up()
    assert second.engine.seed.latched == "drill"
    assert second.engine.seed.day == day
    assert second.engine.seed.run_id != first.engine.seed.run_id
    assert second.engine.seed.end_sequence > second.engine.seed.next_sequence
    second.around.deliver(e.StopRequested())
    await second.ended()


async def test_where_it_is_reached_is_published_while_it_lives(tmp_path):
    life = Life(tmp_path)
    await life.up()
    holder = holder_of(tmp_path)
    assert holder.pid == os.getpid()
    assert holder.url.startswith("http://127.0.0.1:")
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED
    assert holder_of(tmp_path) is None
    assert life.wire.closed


# --- orders -------------------------------------------------------------------------------------------------------


async def test_orders_are_carried_out_and_reported_back(tmp_path):
    life = Life(tmp_path)
    await life.up()
    life.engine.outbox += [
        o.Connect("start"),
        o.ReserveBlock(7_000),
        o.Alert(o.Severity.WARNING, "wager.odd", {"event": 3, "level": "soft"}),
        o.WriteLatch("why", 5),
    ]
    life.around.deliver(e.Beat(1))
    await until(lambda: e.BlockReserved(7_000) in [event for event, _ in life.engine.heard])
    await until(lambda: e.LatchWritten(reason="why") in [event for event, _ in life.engine.heard])
    assert life.wire.connects == ["start"]
    assert latch.read(tmp_path) == latch.Latch("why", 5)
    life.engine.outbox.append(o.ReleaseLatch())
    life.around.deliver(e.Beat(1))
    await until(lambda: latch.read(tmp_path) is None)
    life.around.deliver(e.StopRequested())
    await life.ended()
    (alert,) = [line for line in life.logged() if line["event"] == "wager.odd"]
    assert (alert["level"], alert["event_"], alert["level_"]) == ("warning", 3, "soft")


async def test_a_latch_that_cannot_be_written_is_reported_to_the_engine(tmp_path):
    life = Life(tmp_path)
    await life.up()
    (tmp_path / "latch.json").mkdir()
    (tmp_path / "latch.json" / "occupied").touch()
    life.engine.outbox.append(o.WriteLatch("why", 5))
    life.around.deliver(e.Beat(1))
    await until(lambda: any(isinstance(event, e.LatchWritten) for event, _ in life.engine.heard))
    (heard,) = [event for event, _ in life.engine.heard if isinstance(event, e.LatchWritten)]
    assert heard.error
    life.around.deliver(e.StopRequested())
    await life.ended()
    assert "latch.not_written" in life.events()


async def test_what_was_saved_before_the_exit_is_in_the_journal(tmp_path):
    life = Life(tmp_path)
    await life.up()
    life.engine.outbox += [o.Save((o.SaveSettlement(1, number, 5, 0, 7),)) for number in range(50)]
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED
    with contextlib.closing(Journal(tmp_path)) as journal:
        assert len(journal.load(0).settlements) == 50


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["raises", "returns"])
async def test_a_part_that_dies_stops_the_daemon_in_order(tmp_path, how):
    async def part():
        await until(lambda: life.engine is not None and life.engine.heard)
        if how == "raises":
            raise LookupError("a bug")

    life = Life(tmp_path)
    life.wire.work = {"session": part()}
    assert await life.ended() == FAULT
    (died,) = [line for line in life.logged() if line["event"] == "part.died"]
    assert died["part"] == "session"
    assert isinstance(life.client.sent[-1], r.CancelAll)
    assert len(life.client.sent) == 2  # at the start, and at the stop
    assert life.logged()[-1]["fault"] == "session"


async def test_a_broken_engine_cancels_everything_latches_and_exits_3(tmp_path):
    class Exchange(HeldClient):
        async def perform(self, request):
            if isinstance(request, r.ReadHistory):
                self.sent.append(request)
                return e.HistoryRead(request.id, (), "", life.around.clock.now(), life.around.clock.now())
            return await super().perform(request)

    started = time.time_ns()
    life = Life(tmp_path, Exchange(), exchange={"clock": ClockConfig(anchor_ns=started, epoch_ns=started, rate=50.0)})
    await life.up()
    life.engine.requests.append(r.PlaceMany(77, ()))
    life.around.deliver(e.Beat(1))
    await until(lambda: 77 in life.client.waiting)
    before = len(life.client.sent)
    life.around.deliver(e.PriceGiven("boom", 0.5, 0))
    await until(lambda: len(life.client.sent) > before)
    assert isinstance(life.client.sent[before], r.CancelAll)  # at once, with a placement still under way
    life.client.waiting[77].set_result(e.Placed(77, (), ()))
    assert await life.ended() == NOT_CLEAR
    assert sum(isinstance(request, r.CancelAll) for request in life.client.sent[before:]) >= 2  # and after it
    raised = next(line for line in life.logged() if line["event"] == "engine.raised")
    assert "PriceGiven" in raised["over"]
    assert "the engine broke" in raised["exception"]
    assert "secret-key-of-the-test" not in life.out.getvalue()
    assert latch.read(tmp_path).reason == "the engine failed: RuntimeError"
    stopped = next(line for line in life.logged() if line["event"] == "daemon.stopped")
    assert (stopped["code"], stopped["clear"]) == (NOT_CLEAR, True)


# --- signals, in a process of their own ------------------------------------------------------------------------------


def test_sigterm_cancels_everything_and_exits_0(process, tmp_path):
    daemon = process("answering")
    daemon.wait_for("CancelAll")
    daemon.logged("daemon.started")
    daemon.signal(signal.SIGTERM)
    code, requests, log = daemon.ended()
    assert (code, requests) == (STOPPED, ["CancelAll"])
    assert [line["event"] for line in log] == ["stop.asked", "daemon.stopped"]
    assert holder_of(tmp_path) is None


SCRAPE = {"X-Prometheus-Scrape-Timeout-Seconds": "10"}


async def scraped(directory, http):
    """Scrape the daemon of a directory as Prometheus does. Return the lines of the answer; none if nobody answers."""
    holder = holder_of(directory)
    if holder is None or holder.url is None:
        return []
    try:
        async with http.get(holder.url + "/metrics", headers=SCRAPE) as answer:
            return (await answer.text()).splitlines()
    except aiohttp.ClientError:
        return []


@pytest.fixture
async def scraper():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        yield http


async def test_the_last_scrape_shows_that_a_stop_was_planned_and_clear(tmp_path, scraper):
    life = Life(tmp_path)
    await life.up()
    assert "mmbot_stopped_clear 0.0" in await scraped(tmp_path, scraper)
    os.kill(os.getpid(), signal.SIGTERM)
    await until(lambda: "daemon.stopped" in life.events())
    done, _ = await asyncio.wait({life.task}, timeout=0.3)
    assert not done
    assert "mmbot_stopped_clear 1.0" in await scraped(tmp_path, scraper)
    assert await life.ended() == STOPPED


async def test_without_a_scrape_before_a_stop_waits_for_none(tmp_path):
    life = Life(tmp_path)
    await life.up()
    began = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await life.ended() == STOPPED
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("how", ["signal", "mmbot kill"])
async def test_the_wait_for_the_last_scrape_is_cut_short(tmp_path, scraper, how):
    life = Life(tmp_path)
    await life.up()
    url = holder_of(tmp_path).url
    await scraped(tmp_path, scraper)
    began = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)
    await until(lambda: "daemon.stopped" in life.events())
    if how == "signal":
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        async with scraper.post(url + "/kill", json={}, headers={"X-Mmbot": "1"}) as answer:
            assert answer.status == 503  # so that ``mmbot kill`` cancels by itself
    assert await life.ended() == STOPPED
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("end", [o.Exit(STOPPED, "stopped"), o.Exit(NOT_CLEAR, "stopped")])
async def test_only_a_stop_that_is_proved_clear_is_called_planned(tmp_path, scraper, end):
    life = Life(tmp_path)
    await life.up()
    await scraped(tmp_path, scraper)
    life.engine.outbox.append(end)
    life.around.deliver(e.Beat(1))
    await until(lambda: "daemon.stopped" in life.events())
    if end.code == STOPPED:
        assert "mmbot_stopped_clear 1.0" in await scraped(tmp_path, scraper)
    assert await life.ended() == end.code  # and the other one waits for no scrape


def test_sigterm_during_start_is_heard_and_still_cancels(process):
    daemon = process("slow", "0.3")
    daemon.wait_for("opening")
    daemon.signal(signal.SIGTERM)
    code, requests, log = daemon.ended()
    assert code == STOPPED
    assert requests == ["CancelAll", "CancelAll"]
    assert [line["event"] for line in log] == ["stop.asked", "daemon.started", "daemon.stopped"]


def test_a_kill_during_start_is_latched(process, tmp_path):
    daemon = process("slow", "0.3")
    daemon.wait_for("opening")
    daemon.signal(signal.SIGUSR1)
    daemon.wait_for("CancelAll")
    daemon.logged("latch.written")
    assert latch.read(tmp_path).reason == "SIGUSR1"
    daemon.signal(signal.SIGINT)
    assert daemon.ended()[0] == STOPPED


def test_a_kill_does_not_wait_for_a_latch_that_is_no_file(process, tmp_path):
    daemon = process("answering")
    daemon.wait_for("CancelAll")
    os.mkfifo(tmp_path / "latch.json")  # whoever opens it to read waits
    daemon.signal(signal.SIGUSR1)
    daemon.wait_for("CancelAll")
    daemon.logged("latch.written")
    assert latch.read(tmp_path).reason == "SIGUSR1"
    daemon.signal(signal.SIGINT)
    assert daemon.ended()[0] == STOPPED


def test_a_second_sigint_skips_the_waiting_but_not_the_cancel(process):
    daemon = process("silent")
    daemon.wait_for("CancelAll")  # of the start
    daemon.signal(signal.SIGINT)
    daemon.wait_for("CancelAll")  # of the stop; no answer ever comes
    daemon.signal(signal.SIGINT)
    daemon.wait_for("CancelAll")  # of the hurry
    code, _, log = daemon.ended()
    assert code == NOT_CLEAR
    last = log[-1]
    assert (last["event"], last["reason"], last["clear"]) == ("daemon.stopped", "stopped in a hurry", False)
    assert last["unanswered"] == ["CancelAll"] * 3
    assert last["lived_s"] < 8


def test_a_closed_terminal_is_a_stop(process):
    daemon = process("answering")
    daemon.wait_for("CancelAll")
    daemon.signal(signal.SIGHUP)
    assert daemon.ended()[:2] == (STOPPED, ["CancelAll"])


def test_two_daemons_do_not_share_a_directory(process, tmp_path):
    first = process("answering")
    first.wait_for("CancelAll")
    second = process("answering")
    code, requests, log = second.ended()
    assert (code, requests) == (NOT_STARTED, [])
    assert f"process {first.process.pid}" in log[0]["why"]
    first.signal(signal.SIGTERM)
    assert first.ended()[0] == STOPPED


async def test_a_full_disk_is_told_to_the_engine(tmp_path):
    life = Life(tmp_path, journal=JournalConfig(min_free_mb=1_000_000))  # more than this disk has
    await life.up()
    await until(lambda: "journal.trouble" in life.events())
    told = [event.trouble for event, _ in life.engine.heard if isinstance(event, e.JournalState)]
    assert len(told) == 1
    assert "MB are free on the journal's disk" in told[0]
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED
