"""A watchdog process cancels everything when the daemon is dead, stopped or hung, and leaves a living one alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from e2e_house import House
from e2e_processes import KEYS, Daemon, alive, command, environment, wait_for

SILENCE_S = 2.0


class Watchdog:
    """``mmbot watchdog`` as a process."""

    def __init__(self, house: House, *options: str) -> None:
        self._log = house.folder / f"watchdog-{len(list(house.folder.glob('watchdog-*.log')))}.log"
        with self._log.open("w") as sink:
            self.process = subprocess.Popen(
                command("watchdog", "-c", house.config, *options),
                stdout=subprocess.DEVNULL,
                stderr=sink,
                env=environment(),
            )
        self.said("watchdog.started")

    def text(self) -> str:
        return self._log.read_text()

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.text().splitlines(keepends=True) if line.endswith("}\n")]
        return [line for line in lines if line["event"] == name]

    def said(self, name: str, count: int = 1) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.events(name)
            return found[count - 1] if len(found) >= count else None

        return wait_for(f"{name} in the watchdog's log, {count} times: {self.text()}", look)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), "--activation-ms", 500, rate=4.0) as house:
        house.configure(watchdog={"silence_s": SILENCE_S})
        yield house


@pytest.fixture
def watchdog(house: House) -> Iterator[Watchdog]:
    house.configure(watchdog={"silence_s": SILENCE_S})  # a test before may have changed it
    watchdog = Watchdog(house)
    yield watchdog
    watchdog.close()
    house.exchange.heal()
    assert "Traceback" not in watchdog.text()


def nothing_open_after(house: House, since: float, within_s: float) -> None:
    """Wait until nothing is open; it has to be so within a time from ``since`` on, by the monotonic clock."""
    wait_for("nothing open", lambda: not house.exchange.live_wagers(), within_s + 10)
    assert time.monotonic() - since < within_s


def test_it_cancels_for_a_daemon_that_was_killed(house: House, watchdog: Watchdog) -> None:
    daemon = house.quoting()
    watchdog.said("watchdog.watching")
    house.exchange.inflict("delay_answer", endpoint="*", seconds=0.2 * 4, times=None)
    house.exchange.inflict("gone")
    died = time.monotonic()
    daemon.signal(signal.SIGKILL)
    daemon.ended()
    nothing_open_after(house, died, SILENCE_S + 2)
    assert watchdog.said("watchdog.acted")["daemon"] == "gone"
    assert watchdog.said("watchdog.clear")
    time.sleep(1.0)
    assert len(watchdog.events("watchdog.acted")) == 1  # for one beat it acts once
    house.exchange.heal()
    house.quoting()
    house.judged()


def test_it_cancels_for_a_daemon_that_is_stopped_and_the_daemon_reconciles_when_it_goes_on(
    house: House, watchdog: Watchdog
) -> None:
    daemon = house.quoting()
    watchdog.said("watchdog.watching")
    house.exchange.inflict("delay_answer", endpoint="*", seconds=0.2 * 4, times=None)
    stopped = time.monotonic()
    daemon.signal(signal.SIGSTOP)
    nothing_open_after(house, stopped, SILENCE_S + 2)
    assert watchdog.said("watchdog.acted")["daemon"] == "running"
    watchdog.said("watchdog.clear")
    house.exchange.heal()
    daemon.signal(signal.SIGCONT)
    stood = daemon.said("daemon.stood_still")
    assert stood["seconds"] > SILENCE_S
    watchdog.said("watchdog.daemon_back")
    house.until_quoting(daemon)
    placed = [line for line in daemon.events("wager.opened") if line["at"] > stood["at"]]
    clear = [line for line in daemon.events("life.clear") if line["at"] > stood["at"]]
    assert clear[0]["at"] < placed[0]["at"]  # nothing that was decided before was placed
    assert len(watchdog.events("watchdog.acted")) == 1
    house.agree(daemon)
    house.judged()


def test_it_does_not_act_for_a_daemon_that_stops_in_order_and_not_without_one(house: House, watchdog: Watchdog) -> None:
    daemon = house.quoting()
    watchdog.said("watchdog.watching")
    house.exchange.inflict("delay_answer", endpoint="*", seconds=2.0, times=None)  # so that the stop takes a while
    assert daemon.stop() == 0
    house.exchange.heal()
    time.sleep(SILENCE_S + 1)
    assert not watchdog.events("watchdog.acted")
    done = subprocess.run(
        command("watchdog", "-c", house.config), capture_output=True, text=True, env=environment(), timeout=30
    )
    assert done.returncode == 2
    assert "another watchdog" in done.stderr
    watchdog.process.send_signal(signal.SIGTERM)
    assert watchdog.process.wait(10) == 0


def test_a_watchdog_that_was_stopped_itself_leaves_a_living_daemon_alone(house: House, watchdog: Watchdog) -> None:
    daemon = house.quoting()
    watchdog.said("watchdog.watching")
    watchdog.process.send_signal(signal.SIGSTOP)
    time.sleep(SILENCE_S + 1)
    watchdog.process.send_signal(signal.SIGCONT)
    time.sleep(1)
    assert not watchdog.events("watchdog.acted")
    assert house.exchange.live_wagers()
    assert not daemon.events("daemon.stood_still")


def test_a_watchdog_of_its_own_outlives_the_daemon_and_ends_when_the_account_is_clear(house: House) -> None:
    if house.daemons and house.daemon.process.poll() is None:
        assert house.daemon.stop() == 0
    log = house.folder / "with-watchdog.log"
    daemon = Daemon(house.config, log, options=("--watchdog",))
    house.daemons.append(daemon)
    house.until_quoting(daemon)
    started = daemon.said("watchdog.started")
    daemon.said("watchdog.watching")
    house.exchange.inflict("gone")
    died = time.monotonic()
    daemon.signal(signal.SIGKILL)
    daemon.ended()
    nothing_open_after(house, died, SILENCE_S + 2)
    wait_for("the watchdog's end", lambda: not alive(started["pid"]), 40)
    assert daemon.events("watchdog.clear")
    assert daemon.events("watchdog.stopped")[-1]["why"] == "with_daemon"


def test_a_watchdog_of_its_own_ends_with_a_planned_stop(house: House) -> None:
    daemon = Daemon(house.config, house.folder / "with-watchdog-2.log", options=("--watchdog",))
    house.daemons.append(daemon)
    house.until_quoting(daemon)
    started = daemon.said("watchdog.started")
    assert daemon.stop() == 0
    assert not alive(started["pid"])
    assert not daemon.events("watchdog.acted")


HANGS = '''
import ctypes
import time
from pathlib import Path

from strategies.fair_value import FairValueMaker, FairValueParams

HERE = Path(__file__).parent


class Hangs(FairValueMaker):
    """Sleeps for the seconds in a file, once."""

    Params = FairValueParams

    def quote(self, view, state):
        for name, sleep in (("sleep", time.sleep), ("hold", ctypes.PyDLL(None).sleep)):
            file = HERE / name
            if file.exists():
                seconds = int(file.read_text())
                file.unlink()
                sleep(seconds)
        return super().quote(view, state)
'''


def hanging(house: House, silence_s: float = SILENCE_S) -> Daemon:
    """A daemon whose strategy can be made to hang."""
    if house.daemons and house.daemon.process.poll() is None:
        assert house.daemon.stop() == 0
    (house.folder / "hangs.py").write_text(HANGS)
    rule = house.settings()["quoting"][0] | {"strategy": "hangs:Hangs"}
    house.configure(watchdog={"silence_s": silence_s, "strategy_s": 0.5}, quoting=[rule])
    places = (str(house.folder), os.environ.get("PYTHONPATH", ""))
    house.start(keys=KEYS | {"PYTHONPATH": os.pathsep.join(filter(None, places))})
    return house.quoting()


def hang(house: House, how: str, seconds: int) -> float:
    (house.folder / how).write_text(str(seconds))
    wait_for("the strategy hanging", lambda: not (house.folder / how).exists())
    return time.monotonic()


def open_there(house: House, sport_event: int) -> int:
    """How many of our wagers are open in a sport event."""
    board = house.exchange.board()
    ids = {
        line_id
        for event in board["events"]
        if event["id"] == sport_event
        for market in event["markets"]
        for line in market["lines"]
        for line_id in line["line_ids"]
    }
    assert ids
    return sum(wager["line_id"] in ids for wager in board["live_wagers"])


def test_a_strategy_that_does_not_return_loses_the_wagers_of_its_sport_event(house: House) -> None:
    daemon = hanging(house, silence_s=20.0)
    before = len(house.exchange.live_wagers())
    since = hang(house, "sleep", 4)
    sport_event = int(daemon.said("strategy.overdue")["sport_event"])
    wait_for("its wagers cancelled", lambda: not open_there(house, sport_event))
    assert time.monotonic() - since < 2.0
    assert 0 < len(house.exchange.live_wagers()) < before  # those of another sport event are left
    slow = daemon.said("strategy.slow")
    assert slow["sport_event"] == sport_event
    assert 3.5 < slow["seconds"] < 10
    status = daemon.until("the guard", lambda s: any(guard.guard == "strategy_slow" for guard in s.guards))
    assert not status.counts.unknown_wagers
    for _ in range(10):
        time.sleep(0.1)
        assert not open_there(house, sport_event)  # nothing that was decided in that call
    assert not daemon.events("daemon.stood_still")
    house.until_quoting(daemon)  # a minute later
    house.agree(daemon)
    house.judged()


def test_a_call_that_holds_the_interpreter_is_the_watchdogs_case(house: House, watchdog: Watchdog) -> None:
    daemon = hanging(house)
    watchdog.said("watchdog.watching")
    since = hang(house, "hold", 5)
    nothing_open_after(house, since, SILENCE_S + 2)
    watchdog.said("watchdog.acted")
    assert daemon.said("daemon.stood_still")["seconds"] > SILENCE_S
    house.until_quoting(daemon)
    house.agree(daemon)
    house.judged()
