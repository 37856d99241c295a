"""Signals to a daemon in a process of its own, and two such daemons with one directory."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import scripted_daemon
from scripted_daemon import KEYS

from mmbot.engine.orders import NOT_CLEAR, NOT_STARTED, STOPPED
from mmbot.store import latch
from mmbot.store.state_dir import holder_of

SCRIPT = Path(scripted_daemon.__file__)


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


def test_sigterm_cancels_everything_and_exits_0(process, tmp_path):
    daemon = process("answering")
    daemon.wait_for("CancelAll")
    daemon.logged("daemon.started")
    daemon.signal(signal.SIGTERM)
    code, requests, log = daemon.ended()
    assert (code, requests) == (STOPPED, ["CancelAll"])
    assert [line["event"] for line in log] == ["stop.asked", "daemon.stopped"]
    assert holder_of(tmp_path) is None


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
