"""Starts and stops the two processes of the demo, and reads the exchange's reports. Both processes end with the
demo."""

from __future__ import annotations

import http.client
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from mmbot.config import ClockConfig
from mmbot.domain.bounds import UNREADABLE
from mmbot.simulator.judge.verdict import RefereeReport

START_WITHIN_S: Final = 30.0
ASK_WITHIN_S: Final = 5.0
_LARGEST: Final = 1 << 24  # most bytes of an answer of the local exchange
_LAST_LINES: Final = 12
_LOOK_S: Final = 0.1

_Answer = TypeVar("_Answer")


class PartFailed(Exception):
    """Raised if a process of the demo did not start or does not answer. The message names the process and the
    reason."""


class Ready(msgspec.Struct, frozen=True):
    """The addresses and the clock of the local exchange. The exchange writes them on one line when it is ready."""

    base_url: str
    ws_url: str
    referee: str
    clock: ClockConfig


class World(msgspec.Struct, frozen=True):
    """The state of the local exchange's clock."""

    now_ns: int
    finished: bool
    """True if nothing more will happen at the exchange of the demo."""


class Part:
    """One child process of the demo. It has its own terminal session, so Ctrl-C on the terminal does not reach it.

    Args:
        name: the name of the process in messages.
        arguments: the arguments of ``mmbot``.
        log: the file for standard error. Standard output goes there too, unless ``read`` is true.
        environ: the environment variables of the process.
        holds: other processes that must not end before this one, even if the demo is killed.
        read: True to read standard output with ``first_line``.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        log: Path,
        environ: Mapping[str, str],
        *,
        holds: Sequence[Part] = (),
        read: bool = False,
    ) -> None:
        self.name: Final = name
        self.log: Final = log
        there, here = os.pipe()
        self.leash = here
        """The demo's end of the pipe to the process. The process stops when every copy of this end is closed."""
        try:
            with log.open("ab") as file:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "mmbot.demo.leash", *arguments],
                    stdin=there,
                    stdout=subprocess.PIPE if read else file,
                    stderr=file,
                    env=dict(environ),
                    start_new_session=True,
                    pass_fds=[part.leash for part in holds],
                )
        except OSError:
            os.close(here)
            raise
        finally:
            os.close(there)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code of the process. None while it runs."""
        return self._process.poll()

    def first_line(self, give_up: Callable[[], bool]) -> bytes | None:
        """Wait for the first line that the process writes. Returns None if ``give_up`` returns True before a line
        comes.

        Raises:
            PartFailed: if the process ends without a line, or takes too long.
        """
        output = self._process.stdout
        assert output is not None, "the part is not read"
        line = b""
        until = time.monotonic() + START_WITHIN_S
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if give_up():
                    return None
                if time.monotonic() > until:
                    raise PartFailed(f"the {self.name} was not ready in {START_WITHIN_S:g} s{self.last_words()}")
                if selector.select(_LOOK_S):
                    letters = os.read(output.fileno(), 4096)
                    if not letters:
                        self._process.wait()
                        raise PartFailed(f"the {self.name} did not start{self.last_words()}")
                    line += letters
        return line

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process if it still runs."""
        self._process.send_signal(number)

    def wait(self, timeout_s: float) -> int | None:
        """Wait until the process ends, and return its exit code. Returns None if it still runs after ``timeout_s``
        seconds."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def end(self, patience_s: float) -> int:
        """Stop the process with SIGTERM. If it has not ended after ``patience_s`` seconds, use SIGKILL. Returns the
        exit code."""
        self.signal(signal.SIGTERM)
        code = self.wait(patience_s)
        if code is None:
            self.signal(signal.SIGKILL)
            code = self._process.wait()
        if self.leash >= 0:
            os.close(self.leash)
            self.leash = -1
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def last_words(self) -> str:
        """Return the final lines of the log, for the end of a message. The text is empty if the log has no lines."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        except OSError:
            return ""
        return "\n  ".join([":", *lines]) if lines else ""


def free_port(wanted: int) -> int:
    """Return the wanted port if it is free on this machine's loopback address. Otherwise return 0, which means any free
    port."""
    if wanted == 0:
        return 0
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted


def referee_report(ready: Ready) -> RefereeReport:
    """Return the report of the exchange's referee, which checks the daemon.

    Raises:
        PartFailed: if the exchange does not answer.
    """
    return _get(ready.referee, RefereeReport)


def world_of(ready: Ready) -> World:
    """Return the time of the local exchange, and whether it has played its board or tape to the end.

    Raises:
        PartFailed: if the exchange does not answer.
    """
    return _get(ready.referee.removesuffix("/referee") + "/sim/clock", World)


def _get(url: str, kind: type[_Answer]) -> _Answer:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port or 80, timeout=ASK_WITHIN_S)
    try:
        connection.request("GET", where.path)
        answer = connection.getresponse()
        body = answer.read(_LARGEST)
        if answer.status != 200:
            raise PartFailed(f"{url} answers {answer.status}")
        return msgspec.json.decode(body, type=kind)
    except (OSError, http.client.HTTPException, *UNREADABLE) as bad:
        raise PartFailed(f"the local exchange does not answer at {url}: {bad}") from bad
    finally:
        connection.close()
