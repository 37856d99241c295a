"""The demo as a person runs it: three processes, ended in different ways, with nothing open and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

WITHIN_S = 40.0

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")


class Demo:
    """A demo that runs."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._folder = folder
        environ = dict(os.environ) | {"TMPDIR": str(folder)}
        environ |= {"PROPHETX_ACCESS_KEY": "a-real-account", "PROPHETX_SECRET_KEY": "of-the-user"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mmbot", "demo", "--speed", "20", *arguments],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def log(self) -> list[dict[str, object]]:
        """Return the daemon's log so far."""
        logs = list(self._folder.glob("mmbot-demo-*/daemon.log"))
        if not logs:
            return []
        lines = logs[0].read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def logged(self, event: str) -> dict[str, object] | None:
        """The first line of its log about something."""
        return next((line for line in self.log() if line["event"] == event), None)

    def quotes(self) -> None:
        """Wait until something of it rests at the exchange."""
        until(lambda: self.logged("wager.opened") is not None, self)

    def children(self) -> list[int]:
        """Return the ids of the demo's two processes."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in found]

    def end(self) -> str:
        """Wait until the demo has ended, and return its output."""
        return self.process.communicate(timeout=WITHIN_S)[0]


def until(condition: Callable[[], bool], running: Demo | None = None) -> None:
    """Wait for a condition, as long as the demo lives."""
    limit = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < limit, "it took too long"
        assert running is None or running.process.poll() is None, running and running.end()
        time.sleep(0.05)


def lives(pid: int) -> bool:
    """Return whether a process runs, and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Starts demos, and leaves none behind."""
    with ExitStack() as stack:

        def start(*arguments: str) -> Demo:
            running = Demo(tmp_path, *arguments)
            stack.enter_context(running.process)
            stack.callback(running.process.kill)
            return running

        yield start


def test_ctrl_c_ends_it_clear_and_confirmed_with_both_books_equal(demo: Callable[..., Demo], tmp_path: Path) -> None:
    with ExitStack() as taken:
        for port in (9000, 9464):  # whoever has these, the demo takes others
            try:
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
        running = demo("--keep")
        running.quotes()
        children = running.children()
        assert len(children) == 2
        running.process.send_signal(signal.SIGINT)
        said = running.end()
    assert running.process.returncode == 0, said
    assert "stopped: by your request" in said
    assert "confirmed by the exchange: none of" in said
    assert "daemon and exchange agree on" in said or "nothing was matched" in said
    assert "no broken invariant" in said
    assert not any(map(lives, children))
    last = running.logged("daemon.stopped")
    assert last is not None
    assert (last["code"], last["clear"]) == (0, True)
    written = "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())
    assert "a-real-account" not in written  # keys of a real account are not handed on
    assert "of-the-user" not in written


def test_it_ends_by_itself_after_its_seconds_and_removes_its_folder(demo: Callable[..., Demo], tmp_path: Path) -> None:
    running = demo("--seconds", "1", "--seed", "3")
    said = running.end()
    assert running.process.returncode == 0, said
    assert "stopped: the time given by --seconds is over" in said
    assert "\x1b" not in said  # no terminal, no control sequences
    settings = said.splitlines()[0].split()[1].rstrip(",")  # for mmbot why -c, while it runs
    assert Path(settings).parent.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_is_killed_leaves_a_daemon_that_ends_clear_and_then_an_exchange_that_ends(
    demo: Callable[..., Demo],
) -> None:
    running = demo()
    running.quotes()
    children = running.children()
    assert len(children) == 2
    running.process.kill()
    until(lambda: not any(map(lives, children)))
    last = running.logged("daemon.stopped")
    assert last is not None
    assert (last["code"], last["clear"]) == (0, True)


def test_a_daemon_that_dies_ends_the_demo_and_is_told(demo: Callable[..., Demo]) -> None:
    running = demo()
    running.quotes()
    started = running.logged("daemon.started")
    assert started is not None
    os.kill(int(str(started["pid"])), signal.SIGKILL)
    said = running.end()
    assert running.process.returncode in (1, 3), said
    assert "the daemon ended on its own" in said
    assert "the daemon was killed" in said
    assert running.log()  # what went wrong can be looked at


def test_it_ends_in_time_though_its_folder_was_removed(demo: Callable[..., Demo], tmp_path: Path) -> None:
    running = demo("--plain", "--seconds", "8")
    running.quotes()
    time.sleep(1.5)  # the demo reads the daemon's address every half second
    (folder,) = tmp_path.glob("mmbot-demo-*")
    shutil.rmtree(folder)
    until(lambda: running.process.poll() is not None)
    said = running.end()
    assert "the time given by --seconds is over" in said
    assert "the daemon ended with exit code" in said
    assert "confirmed by the exchange: none of" in said
