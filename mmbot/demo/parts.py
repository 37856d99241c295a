"""The demo's two processes: how they are started, asked, ended, and kept from outliving the demo."""

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
from mmbot.simulator.judge.verdict import RefereeReport

START_WITHIN_S: Final = 30.0
ASK_WITHIN_S: Final = 5.0
_LAST_LINES: Final = 12
_LOOK_S: Final = 0.1

_Answer = TypeVar("_Answer")


class PartFailed(Exception):
    """A part of the demo did not start, or cannot be asked; the message says which and why."""


class Ready(msgspec.Struct, frozen=True):
    """What the local exchange says when it is ready."""

    base_url: str
    ws_url: str
    referee: str
    clock: ClockConfig


class World(msgspec.Struct, frozen=True):
    """The local exchange's own clock."""

    now_ns: int
    finished: bool
    """Nothing will ever happen there by itself again."""


class Part:
    """One child process, in a session of its own: Ctrl-C on the terminal does not reach it, only what is sent to it.

    Args:
        name: for messages.
        arguments: of ``mmbot``.
        log: where its standard error goes, and its standard output unless that is read.
        environ: its environment.
        holds: other parts that must not end before this one has, even if the demo is killed.
        read: whether ``first_line`` will be asked for.
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
        self._leash = here
        try:
            with log.open("ab") as file:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "mmbot.demo.leash", *arguments],
                    stdin=there,
                    stdout=subprocess.PIPE if read else file,
                    stderr=file,
                    env=dict(environ),
                    start_new_session=True,
                    pass_fds=[part._leash for part in holds],
                )
        except OSError:
            os.close(here)
            raise
        finally:
            os.close(there)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code; None while it lives."""
        return self._process.poll()

    def first_line(self, give_up: Callable[[], bool]) -> bytes | None:
        """The first line that it writes; None if ``give_up`` says so first.

        Raises:
            PartFailed: if it ends before, or takes too long.
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
        """Send a signal, if it lives."""
        self._process.send_signal(number)

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code, or None if it still lives after so long."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def end(self, patience_s: float) -> int:
        """End it: asked first, killed if it has not ended in time. Returns the exit code."""
        self.signal(signal.SIGTERM)
        code = self.wait(patience_s)
        if code is None:
            self.signal(signal.SIGKILL)
            code = self._process.wait()
        if self._leash >= 0:
            os.close(self._leash)
            self._leash = -1
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def last_words(self) -> str:
        """The end of its log, set off for a message; empty if it has none."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        except OSError:
            return ""
        return "\n  ".join([":", *lines]) if lines else ""


def free_port(wanted: int) -> int:
    """The port that is wanted if nobody on this machine's loopback has it, else 0 (any)."""
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
    """The judgement of the exchange's referee.

    Raises:
        PartFailed: if the exchange does not answer.
    """
    return _get(ready.referee, RefereeReport)


def world_of(ready: Ready) -> World:
    """The exchange's clock, and whether it is at its end.

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
        body = answer.read()
        if answer.status != 200:
            raise PartFailed(f"{url} answers {answer.status}")
        return msgspec.json.decode(body, type=kind)
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as bad:
        raise PartFailed(f"the local exchange does not answer at {url}: {bad}") from bad
    finally:
        connection.close()
