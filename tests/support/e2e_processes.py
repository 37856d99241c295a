"""A local exchange and a daemon as processes of their own, and what can be asked of them.

Nothing here looks inside either: all is read over HTTP, from the log on standard error and from exit codes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec

from mmbot.engine.status import EngineStatus, LineStatus

ROOT = Path(__file__).parents[2]
KEYS = {"PROPHETX_ACCESS_KEY": "e2e-access-key-314159", "PROPHETX_SECRET_KEY": "e2e-secret-key-271828"}
RATE = 10.0
"""The clock of exchange and daemon runs this much faster than the machine's; network timeouts stay a second long."""

PATIENCE_S = 30.0
"""Of the machine. Conditions are met long before; a slow machine is no failure."""

T = TypeVar("T")


class Late(AssertionError):
    """Something did not come about in time."""


def wait_for(what: str, look: Callable[[], T | None], within_s: float = PATIENCE_S, watch: Daemon | None = None) -> T:
    """Return the result of ``look`` as soon as it is true. Raises Late if it stays false or ``watch`` has died."""
    until = time.monotonic() + within_s
    while True:
        try:
            if found := look():
                return found
        except OSError:  # nobody answers: because nobody is left?
            if watch is None or watch.process.poll() is None:
                raise
        if watch is not None and watch.process.poll() is not None:
            raise Late(f"{what}: the daemon ended with {watch.process.returncode}\n{watch.tail()}")
        if time.monotonic() >= until:
            raise Late(f"{what}: not within {within_s:g} s" + (f"\n{watch.tail()}" if watch else ""))
        time.sleep(0.02)


def ask(method: str, url: str, body: object = None, headers: Mapping[str, str] = {}) -> tuple[int, bytes]:
    """One request; returns status and body, whatever the status. Raises OSError if nothing answers."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def environment(keys: Mapping[str, str] = KEYS) -> dict[str, str]:
    """This process's own, with these credentials and no others."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PROPHETX_")}
    return plain | {"PYTHONUNBUFFERED": "1"} | dict(keys)


def command(*arguments: object) -> list[str]:
    """The program with these arguments."""
    return [sys.executable, "-m", "mmbot", *(str(argument) for argument in arguments)]


def mmbot(*arguments: object, keys: Mapping[str, str] = KEYS) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, env=environment(keys), timeout=PATIENCE_S + 30, check=False
    )


class Exchange:
    """The local exchange as a process."""

    def __init__(self, folder: Path, *options: object, rate: float = RATE) -> None:
        self._err = (folder / "exchange.err").open("w+")
        self.process = subprocess.Popen(
            command("exchange", "--json", "--port", 0, "--speed", rate, *options),
            stdout=subprocess.PIPE,
            stderr=self._err,
            text=True,
            env=environment(),
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self._err.seek(0)
            raise AssertionError(f"the exchange did not start: {self._err.read()}")
        self.ready: dict[str, Any] = json.loads(line)
        self.url: str = self.ready["referee"].removesuffix("/referee")
        self.rate = rate

    def get(self, path: str) -> Any:
        """The decoded answer of one of the simulation's own doors."""
        status, body = ask("GET", self.url + path)
        assert status == 200, (status, body)
        return json.loads(body)

    def post(self, path: str, body: object = None) -> Any:
        """The same of a POST."""
        status, answer = ask("POST", self.url + path, {} if body is None else body)
        assert status == 200, (status, answer)
        return json.loads(answer)

    def inflict(self, fault: str, **fields: object) -> Any:
        """Let something go wrong; see ``mmbot.simulator.wire.faults`` and ``one_off_faults``."""
        return self.post("/sim/faults", {"fault": fault, **fields})

    def heal(self) -> int:
        """Lift all faults that stand; returns how many did."""
        status, body = ask("DELETE", self.url + "/sim/faults")
        assert status == 200
        return int(json.loads(body)["lifted"])

    def faults(self) -> list[Any]:
        """Those that stand."""
        return list(self.get("/sim/faults"))

    def board(self) -> Any:
        """Sport events, books and the account's live wagers."""
        return self.get("/sim/board")

    def live_wagers(self) -> list[Any]:
        """Return the account's wagers that could still match."""
        return list(self.board()["live_wagers"])

    def referee(self) -> Any:
        """The judgement so far."""
        return self.get("/referee")

    def now(self) -> int:
        """Return the time of the exchange's clock."""
        return int(self.get("/sim/clock")["now_ns"])

    def requests(self, endpoint: str) -> int:
        """How many requests the account has sent to an endpoint."""
        return int(self.referee()["requests"].get(endpoint, 0))

    def end(self) -> int:
        """Stop it by a signal; returns the exit code."""
        return _end(self.process, signal.SIGTERM)

    def close(self) -> None:
        """End the process, whatever it does, and close its pipes."""
        _kill(self.process)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._err.close()


class Daemon:
    """``mmbot run`` as a process."""

    def __init__(self, config: Path, log: Path, keys: Mapping[str, str] = KEYS, options: Sequence[str] = ()) -> None:
        self._log = log
        with log.open("w") as sink:
            self.process = subprocess.Popen(
                command("run", "-c", config, *options),
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
                env=environment(keys),
            )
        self._door: str | None = None

    # --- what it says ------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """Return the process's log so far."""
        return self._log.read_text()

    def tail(self) -> str:
        """The end of it, for a failure's message."""
        return "\n".join(self.text().splitlines()[-25:])

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the log as events, or only those of one name. A line that is only half written is left for later."""
        lines = [json.loads(line) for line in self.text().splitlines(keepends=True) if line.endswith("}\n")]
        return [line for line in lines if name is None or line["event"] == name]

    def said(self, name: str, count: int = 1, **fields: object) -> dict[str, Any]:
        """Wait until it has logged an event with these fields so many times; returns the last of these."""

        def look() -> dict[str, Any] | None:
            found = [line for line in self.events(name) if fields.items() <= line.items()]
            return found[count - 1] if len(found) >= count else None

        return wait_for(f"{name} {fields} in the log, {count} times", look, watch=self)

    @property
    def door(self) -> str:
        """Where its HTTP door is."""
        if self._door is None:
            self._door = str(self.said("daemon.started")["http"])
        return self._door

    def status(self) -> EngineStatus:
        """Return the daemon's ``/status``."""
        status, body = ask("GET", f"{self.door}/status")
        assert status == 200, body
        return msgspec.json.decode(body, type=EngineStatus)

    def until(
        self, what: str, condition: Callable[[EngineStatus], object], within_s: float = PATIENCE_S
    ) -> EngineStatus:
        """Wait for a status of which something holds."""

        def look() -> EngineStatus | None:
            status = self.status()
            return status if condition(status) else None

        return wait_for(what, look, within_s, watch=self)

    def first_placed(self) -> dict[str, Any]:
        """Wait for the first wager that this run placed and the exchange opened."""
        own = f"{self.said('daemon.started')['run']}-"
        return wait_for(
            "a wager of its own",
            lambda: next((e for e in self.events("wager.opened") if e["external_id"].startswith(own)), None),
            watch=self,
        )

    def lines(self) -> Iterator[LineStatus]:
        """The lines that it looks after."""
        return (line for sport_event in self.status().sport_events for line in sport_event.lines)

    # --- what is done to it ------------------------------------------------------------------------------------------

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def ended(self, within_s: float = PATIENCE_S) -> int:
        """Wait for its end; returns the exit code."""
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise Late(f"the daemon did not end within {within_s:g} s\n{self.tail()}") from None

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        return _end(self.process, signal.SIGTERM)

    def close(self) -> None:
        """End the process, whatever it does."""
        _kill(self.process)
        assert self.process.stdout is not None
        self.process.stdout.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _end(process: subprocess.Popen[str], number: signal.Signals) -> int:
    process.send_signal(number)
    try:
        return process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise Late(f"process {process.pid} did not end on {number.name}") from None


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)  # one that is held would not die
        process.kill()
        process.wait()
