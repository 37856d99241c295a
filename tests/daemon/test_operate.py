"""The kill switch from another process works with a living daemon, a hung one, and none."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
import scripted_daemon
from scripted_daemon import KEYS, HeldClient, HeldWire, settings

from mmbot.config.places import located, state_dir
from mmbot.daemon import operate
from mmbot.daemon.clear_account import Cleared, emergency_limit
from mmbot.daemon.operate import (
    DONE,
    Place,
    Unreachable,
    door_of,
    fetch,
    kill,
    kill_at,
    place_of,
    resume,
    resume_at,
)
from mmbot.daemon.start import clear_alone, kill_alone
from mmbot.daemon.trouble import Troubles
from mmbot.daemon.wire import Surroundings
from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import DAY, SECOND, iso
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.orders import NOT_CLEAR
from mmbot.exchange.credentials import Credentials
from mmbot.screen import ask_daemon
from mmbot.store import latch
from mmbot.store.state_dir import Holder, StateDir, holder_of

SCRIPT = Path(scripted_daemon.__file__)


@pytest.fixture
def daemon(tmp_path):
    """Starts a scripted daemon over ``tmp_path`` and waits for its first request."""
    started = []

    def start(mode="answering"):
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(tmp_path), mode],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | KEYS,
        )
        started.append(process)
        assert process.stdout.readline() == "CancelAll\n"
        return process

    yield start
    for process in started:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def said():
    return []


def alone_in(directory, config, clock=None):
    """Return the arguments of ``mmbot kill`` without a daemon."""
    keys = Credentials("access", "secret")
    clock = clock or SystemClock()
    return Surroundings(config, keys, clock, directory, print, int, None, None, None, Troubles(), True)


def never(_left):
    raise AssertionError("no session of its own was needed")


def test_a_living_daemon_is_killed_through_its_door_and_stays_up(tmp_path, daemon, said):
    process = daemon()
    place = Place(tmp_path, None)
    assert kill(place, "drill", said.append, never) == DONE
    assert said[-1] == "kill switch on, and clear: drill"
    assert latch.read(tmp_path).reason == "drill"
    assert process.poll() is None
    assert fetch(door_of(place)).latched == "drill"
    assert resume(place, said.append) == DONE
    assert fetch(door_of(place)).latched is None


def without_door(tmp_path, process, monkeypatch):
    """Whoever asks twice which daemon holds the directory hears of no door to it; returns the real holder."""
    real = holder_of(tmp_path)
    asked = []

    def holder(path):
        asked.append(path)
        return Holder(pid=process.pid) if len(asked) <= 2 else real

    monkeypatch.setattr(operate, "holder_of", holder)
    return real


def test_a_daemon_without_a_door_is_killed_by_its_signal(tmp_path, daemon, said, monkeypatch):
    process = daemon()
    real = without_door(tmp_path, process, monkeypatch)
    assert kill(Place(tmp_path, None), "drill", said.append, never) == DONE
    assert "kill signal sent" in said[0]
    assert said[-1].startswith("kill switch on, and clear: ")  # it may be clear before the daemon has read the words
    assert operate.wait_for_status(real.url, 5.0, lambda status: status.latched == "drill").latched == "drill"
    assert latch.read(tmp_path).reason == "drill"
    assert resume(Place(tmp_path, None), said.append) == DONE
    process.send_signal(signal.SIGUSR1)  # by another hand: a kill that was released lends it no words
    assert operate.wait_for_status(real.url, 5.0, lambda status: status.latched is not None).latched == "SIGUSR1"


def test_a_signal_that_cannot_be_given_its_reason_is_sent_all_the_same(tmp_path, daemon, said, monkeypatch):
    process = daemon()
    (tmp_path / "latch.json").mkdir()
    real = without_door(tmp_path, process, monkeypatch)
    kill(Place(tmp_path, None), "drill", said.append, never)
    assert "could NOT be written" in said[0]
    assert "kill signal sent" in said[1]
    assert fetch(real.url).latched is not None


def test_a_hung_daemon_is_waited_for_two_seconds(tmp_path, daemon, said):
    daemon().send_signal(signal.SIGSTOP)
    alone = []
    called = time.monotonic()
    assert (
        kill(Place(tmp_path, None), "drill", said.append, lambda _left: alone.append(time.monotonic()) or DONE) == DONE
    )
    assert len(alone) == 1
    assert alone[0] - called < 3.5  # the log-in and the first cancel follow; they have to fit into 5 s
    assert latch.read(tmp_path).reason == "drill"


def test_a_daemon_that_gets_no_answers_is_latched_but_not_called_clear(tmp_path, daemon, said):
    daemon("silent")
    assert kill(Place(tmp_path, None), "drill", said.append, never, wait_s=0.5) == NOT_CLEAR
    assert said[-1].startswith("kill switch on, but not proved clear")


def test_without_a_daemon_it_latches_and_cancels_on_its_own_while_nobody_can_start(tmp_path, said):
    def alone(_left):
        assert latch.read(tmp_path).reason == "drill"
        assert holder_of(tmp_path).pid == os.getpid()
        return NOT_CLEAR

    assert kill(Place(tmp_path, None), "drill", said.append, alone) == NOT_CLEAR
    assert latch.read(tmp_path).reason == "drill"


def test_a_reason_that_json_cannot_hold_does_not_keep_it_from_cancelling(tmp_path, said):
    assert kill(Place(tmp_path, None), "caf\udce9", said.append, lambda _left: DONE) == DONE
    assert latch.read(tmp_path).reason == "caf?"


def test_a_latch_that_cannot_be_written_does_not_keep_it_from_cancelling(tmp_path, said):
    (tmp_path / "latch.json").mkdir()
    alone = []
    assert kill(Place(tmp_path, None), "drill", said.append, lambda _left: alone.append(1) or DONE) == NOT_CLEAR
    assert alone == [1]
    assert any("could NOT be written" in line for line in said)


def test_a_kill_says_that_the_daemon_could_not_store_the_kill_switch(tmp_path, daemon, said):
    """Somebody removed the state directory of a daemon that runs."""
    daemon()
    place = Place(tmp_path, door_of(Place(tmp_path, None)))
    shutil.rmtree(tmp_path)
    assert kill(place, "drill", said.append, never) == NOT_CLEAR
    assert "kill switch on, and clear: drill" in said
    assert "could NOT be written" in said[-1]
    assert "a restart would quote again" in said[-1]
    assert kill_at(place.door, "drill", said.append) == NOT_CLEAR
    assert "could NOT be written to the daemon's state directory" in said[-1]


def test_a_state_directory_that_cannot_be_used_does_not_keep_it_from_cancelling(tmp_path, said):
    (tmp_path / "file").touch()
    alone = []
    place = Place(tmp_path / "file" / "state", None)
    assert kill(place, "drill", said.append, lambda left: alone.append(left) or DONE) == NOT_CLEAR
    assert alone == [None]
    assert "could NOT be written" in said[-1]


def test_the_time_limit_of_a_kill_is_that_of_the_whole_command(tmp_path, daemon, said):
    daemon().send_signal(signal.SIGSTOP)
    alone = []
    assert (
        kill(Place(tmp_path, None), "drill", said.append, lambda left: alone.append(left) or DONE, wait_s=9.0) == DONE
    )
    assert 5.0 < alone[0] < 7.5


def test_a_daemon_with_another_directory_is_found_by_its_door(tmp_path, daemon, said):
    daemon()
    door = door_of(Place(tmp_path, None))
    assert kill(Place(tmp_path / "other", door), "drill", said.append, never) == DONE
    assert "does not use" in said[0]
    assert kill_at(door, "again", said.append) == DONE
    with pytest.raises(Unreachable, match="-c"):
        kill_at("http://127.0.0.1:1", "drill", said.append)


def test_resume_of_a_daemon_that_is_not_latched_says_so(tmp_path, daemon, said):
    daemon()
    assert resume(Place(tmp_path, None), said.append) == DONE
    assert said[-1].endswith("was not on")
    assert not any("cleared" in line for line in said)


@pytest.mark.parametrize("reason", ["", "x" * 2_000, "caf\udce9"])
def test_a_kill_does_not_fail_over_its_words(tmp_path, daemon, said, reason):
    daemon()
    door = door_of(Place(tmp_path, None))
    assert kill_at(door, reason, said.append) == DONE
    assert fetch(door).latched == (reason[:500].replace("\udce9", "?") or "mmbot kill")


def test_a_foreign_server_is_told_in_one_line():
    class Foreign(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(404)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Foreign) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            with pytest.raises(Unreachable) as rejected:
                fetch(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            serving.join()
    assert str(rejected.value).endswith("/status answers 404: the program there is not mmbot")


def test_a_server_whose_answer_does_not_end_is_no_daemon(monkeypatch):
    monkeypatch.setattr(ask_daemon, "LARGEST_ANSWER", 1 << 20)
    written = []

    class Endless(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                while sum(written) < 1 << 28:
                    written.append(self.wfile.write(b"x" * 65_536))

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Endless) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            with pytest.raises(Unreachable, match="its answer does not end"):
                fetch(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            serving.join()
    assert sum(written) < 1 << 25


def test_resume_without_a_daemon_removes_the_latch(tmp_path, said):
    latch.write(tmp_path, latch.Latch("why", 1))
    assert resume(Place(tmp_path, None), said.append) == DONE
    assert latch.read(tmp_path) is None
    assert resume(Place(tmp_path, None), said.append) == DONE
    assert "not on" in said[-1]


def test_what_is_no_daemon_is_not_taken_for_one(tmp_path):
    with pytest.raises(Unreachable, match="no daemon answers"):
        fetch("http://127.0.0.1:1")
    with pytest.raises(Unreachable, match=str(tmp_path)):
        door_of(Place(tmp_path, None))


@pytest.mark.parametrize(
    "ask", [fetch, lambda door: kill_at(door, "drill", print), lambda door: resume_at(door, print)]
)
@pytest.mark.parametrize(
    ("door", "why"),
    [
        ("127.0.0.1:9464", "write it like http://127.0.0.1:9464"),
        ("localhost:9464", "write it like http://"),
        ("http://", "write it like http://"),
        ("http://127.0.0.1:door", "'door'"),
    ],
)
def test_an_address_that_is_none_is_told_why(ask, door, why):
    with pytest.raises(Unreachable) as rejected:
        ask(door)
    assert str(rejected.value).startswith(f"{door} is not an address")
    assert why in str(rejected.value)


def test_the_place_follows_the_settings_wherever_a_command_is_typed(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    config = settings(state_dir="var", telemetry={"host": "0.0.0.0", "port": 9}, prices={"file": "prices.json"})
    directory = state_dir(config, tmp_path / "mine.yaml")
    assert directory == tmp_path / "var"
    assert place_of(config, directory) == Place(directory, "http://127.0.0.1:9")
    assert located(config, tmp_path / "mine.yaml").prices.file == str(tmp_path / "prices.json")


def test_without_credentials_it_says_that_nothing_was_cancelled(tmp_path, said, monkeypatch):
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    assert kill_alone(settings(), tmp_path, said.append) == 2
    assert said[0].startswith("NOTHING WAS CANCELLED")
    assert "PROPHETX_ACCESS_KEY" in said[0]


@pytest.mark.parametrize(("complete", "code"), [(True, DONE), (False, NOT_CLEAR)])
async def test_alone_it_says_whether_it_proved_it_and_closes_its_session(tmp_path, said, complete, code):
    clock = SystemClock(rate=100.0 if complete else 1.0)

    class Exchange(HeldClient):
        async def perform(self, request):
            if isinstance(request, r.ReadHistory):
                return e.HistoryRead(request.id, (), "", clock.now() if complete else 0, clock.now())
            return await super().perform(request)

    wire = HeldWire(Exchange())

    async def open_wire(_around):
        return wire

    config = settings(stop={"deadline_s": 0.1})
    around = alone_in(tmp_path, config, clock)
    assert "secret" not in repr(around.credentials)
    assert await clear_alone(around, open_wire, None, said.append) == code
    assert wire.closed
    assert said[0].startswith("clear" if code == DONE else "NOT proved clear")


COOLING = e.Failed(
    0, e.Failure.RETRYABLE, "login_cooldown", "the next log-in is at 23:59:59Z", 1 << 61, e.FailureReason.LOGIN_WAITS
)
REJECTED = e.Failed(0, e.Failure.REJECTED, "login_rejected", "unauthorized", reason=e.FailureReason.LOGIN)


@pytest.mark.parametrize(
    ("failed", "said_last"),
    [
        (COOLING, "; the next log-in is allowed at {at}Z, another mmbot kill may log in at once"),
        (REJECTED, "for environment local; another mmbot kill may log in at once"),
    ],
)
async def test_alone_without_a_log_in_it_says_that_nothing_was_cancelled(tmp_path, said, failed, said_last):
    class Barred(HeldClient):
        async def perform(self, request):
            return msgspec.structs.replace(failed, request=request.id)

    async def open_wire(_around):
        return HeldWire(Barred())

    assert await clear_alone(alone_in(tmp_path, settings()), open_wire, None, said.append, 30.0) == NOT_CLEAR
    at = "NOTHING WAS CANCELLED at http://127.0.0.1:1 in 0.0 s; last problem: "
    assert said[0].startswith(at + failed.code)
    assert said[0].endswith(said_last.format(at=iso(1 << 61)[11:19]))


async def test_alone_it_tries_for_as_long_as_it_was_told_to_wait(tmp_path, said, monkeypatch):
    limits = []

    async def run(_self, limit, patience, grace=None):
        limits.append((limit, patience, grace))
        return Cleared(True, 0, 1, 0, None)

    async def open_wire(_around):
        return HeldWire(HeldClient())

    monkeypatch.setattr("mmbot.daemon.start.AccountClearer.run", run)
    around = alone_in(tmp_path, settings(stop={"deadline_s": 20.0}, exchange={"login_cooldown_s": 7.0}))
    for wait_s in (None, 5.0, float("inf")):
        assert await clear_alone(around, open_wire, None, said.append, wait_s) == DONE
    assert limits == [(30 * SECOND, 7 * SECOND, None), (5 * SECOND, 1, 2 * SECOND), (DAY, 1, 2 * SECOND)]


def test_an_emergency_has_time_for_the_network_however_fast_the_clock_runs():
    config = settings(stop={"deadline_s": 2.0})
    assert emergency_limit(config, SystemClock()) == 2 * SECOND
    assert emergency_limit(config, SystemClock(rate=60.0)) == 600 * SECOND


def test_a_kill_that_meets_a_starting_daemon_asks_it(tmp_path, daemon, said, monkeypatch):
    """Between the look at the lock and the taking of it, a daemon was started."""
    daemon()
    real, first = operate.holder_of, [True]

    def not_yet(path):
        return None if first and first.pop() else real(path)

    monkeypatch.setattr(operate, "holder_of", not_yet)
    assert kill(Place(tmp_path, None), "drill", said.append, never) == DONE
    assert said[-1] == "kill switch on, and clear: drill"


def test_a_directory_held_by_nobody_that_answers_is_an_error_for_resume(tmp_path, said):
    with StateDir(tmp_path), pytest.raises(Unreachable):
        resume(Place(tmp_path, None), said.append)
