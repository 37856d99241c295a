"""The kill switch by signal and by command, without a daemon and with one that hangs, and its release."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e_house import House
from e2e_processes import Daemon, ask, mmbot, wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), sport_events=1) as house:
        house.configure(exchange={"ws_url": None})  # for once the exchange is asked where its feed is
        yield house


@pytest.fixture(autouse=True)
def unlatched(house: House) -> Iterator[None]:
    """After each test, however it went: no faults, no latch."""
    yield
    house.exchange.heal()
    released(house)


def latch_file(house: House) -> Path:
    return house.state / "latch.json"


def released(house: House) -> None:
    """Take the latch away, as a person would."""
    if latch_file(house).exists():
        house.exchange.inflict("resumed")
        done = mmbot("resume", "-c", house.config)
        assert done.returncode == 0, done
    assert not latch_file(house).exists()


def latched(house: House, daemon: Daemon, reason: str) -> None:
    """Assert that the daemon runs, is latched on the disk too, and is clear, with no open wager at the exchange."""
    daemon.until("latched", lambda status: status.latched == reason)
    house.exchange.inflict("latched", cause="kill")
    daemon.until("clear", lambda status: status.clear)
    assert not house.exchange.live_wagers()
    wait_for("the latch on disk", latch_file(house).exists)
    assert json.loads(latch_file(house).read_text())["reason"] == reason
    status = daemon.status()
    assert not status.quoting
    assert ask("GET", f"{daemon.door}/readyz")[0] == 503
    house.agree(daemon)
    judged(house, "kill")


def judged(house: House, cause: str) -> None:
    clearings: list[Any] = house.judged()["clearings"]
    assert clearings[-1]["cause"] == cause
    assert clearings[-1]["took_ns"] is not None


def nobody_home(house: House) -> None:
    """End the daemon that lives, if one does; what a person places after that is nobody's to cancel."""
    house.exchange.inflict("gone")
    if house.daemons and house.daemon.process.poll() is None:
        assert house.daemon.stop() == 0


def by_hand(house: House) -> str:
    """A wager on the account that no daemon placed: what a stray looks like."""
    market = house.exchange.board()["events"][0]["markets"][0]
    line_id = market["lines"][0]["line_ids"][0]
    count = len(list(house.folder.glob("stray-*")))
    (house.folder / f"stray-{count}").touch()
    placed = house.exchange.inflict(
        "place_wager", external_id=f"by-hand-{count}", line_id=line_id, odds=2000, stake=5.0
    )
    return str(placed["wager_id"])


def test_a_signal_latches_and_the_latch_outlives_the_process(house: House) -> None:
    daemon = house.quoting()
    house.until_matched(daemon)
    daemon.signal(signal.SIGUSR1)
    latched(house, daemon, "SIGUSR1")
    assert daemon.stop() == 0
    again = house.start()
    status = again.until("clear and latched", lambda status: status.clear and status.feed_up)
    assert status.latched == "SIGUSR1"
    again.said("life.ready")
    assert not again.status().quoting
    placed = house.exchange.referee()["placed"]
    house.exchange.inflict("resumed")
    done = mmbot("resume", "-c", house.config)
    assert done.returncode == 0, done
    assert "resumed" in done.stdout
    house.until_quoting(again)
    assert house.exchange.referee()["placed"] > placed
    assert not latch_file(house).exists()
    house.agree(again)
    house.judged()


def test_the_command_latches_a_living_daemon_and_waits_for_clear(house: House) -> None:
    daemon = house.quoting()
    done = mmbot("kill", "-c", house.config, "--reason", "enough for today")
    assert done.returncode == 0, done
    assert "kill switch on, and clear: enough for today" in done.stdout
    latched(house, daemon, "enough for today")
    said = mmbot("why", "-c", house.config)
    assert said.returncode == 0
    assert "enough for today" in said.stdout


def test_a_kill_during_start_up_places_nothing(house: House) -> None:
    nobody_home(house)
    stray = by_hand(house)
    placed = house.exchange.referee()["placed"]
    house.exchange.inflict("delay_answer", endpoint="get_*", seconds=2, times=None)
    daemon = house.start()
    wait_for("the daemon's pid in the lock", lambda: str(daemon.process.pid) in lock(house), watch=daemon)
    daemon.said("daemon.started")
    daemon.signal(signal.SIGUSR1)
    latched(house, daemon, "SIGUSR1")
    assert house.exchange.referee()["placed"] == placed
    assert stray not in {wager["wager_id"] for wager in house.exchange.live_wagers()}
    assert daemon.events("latch.written")
    assert daemon.stop() == 0


def test_the_command_finds_a_daemon_that_has_only_just_begun(house: House) -> None:
    nobody_home(house)
    by_hand(house)
    placed = house.exchange.referee()["placed"]
    daemon = house.start()
    done = mmbot("kill", "-c", house.config)
    # Whichever of the two had the state directory first: nothing rests, nothing was placed, and it stays so.
    assert done.returncode == 0, done
    assert latch_file(house).exists()
    assert not house.exchange.live_wagers()
    assert house.exchange.referee()["placed"] == placed
    if daemon.process.poll() is None:
        assert daemon.status().latched is not None
        assert daemon.stop() == 0
    else:
        assert daemon.process.returncode == 2
    house.judged()


def lock(house: House) -> str:
    file = house.state / "lock"
    return file.read_text() if file.exists() else ""


def test_a_kill_while_the_feed_is_down_and_cancels_get_lost(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("reject_socket")
    house.exchange.inflict("lose_request", endpoint="cancel_all_wagers", times=2)
    house.exchange.inflict("drop_socket")
    daemon.signal(signal.SIGUSR1)
    latched(house, daemon, "SIGUSR1")
    house.exchange.heal()
    released(house)
    house.until_quoting(daemon)


def test_without_a_daemon_the_command_cancels_by_itself_and_latches_the_next(house: House) -> None:
    nobody_home(house)
    by_hand(house)
    assert house.exchange.live_wagers()
    done = mmbot("kill", "-c", house.config, "--reason", "nobody home")
    assert done.returncode == 0, done
    assert "clear, proved" in done.stdout
    assert not house.exchange.live_wagers()
    house.exchange.inflict("latched", cause="kill")
    daemon = house.start()
    daemon.said("life.ready")
    assert daemon.status().latched == "nobody home"
    assert daemon.stop() == 0
    house.exchange.inflict("resumed")
    done = mmbot("resume", "-c", house.config)
    assert done.returncode == 0, done
    assert not latch_file(house).exists()
    house.agree(house.quoting())
    house.judged()


def test_without_keys_the_command_says_that_nothing_was_cancelled(house: House) -> None:
    nobody_home(house)
    done = mmbot("kill", "-c", house.config, keys={})
    assert done.returncode == 2, done
    assert "NOTHING WAS CANCELLED" in done.stdout
    assert "PROPHETX_ACCESS_KEY" in done.stdout
    assert latch_file(house).exists()
    house.judged()


def test_a_daemon_that_hangs_is_gone_around(house: House) -> None:
    daemon = house.quoting()
    daemon.signal(signal.SIGSTOP)
    try:
        done = mmbot("kill", "-c", house.config, "--wait", 1)
        assert done.returncode == 0, done
        assert "cancelling everything from here" in done.stdout
        assert not house.exchange.live_wagers()
        assert latch_file(house).exists()
    finally:
        daemon.signal(signal.SIGCONT)
    daemon.until("latched as well", lambda status: status.latched is not None and status.clear)
    assert not house.exchange.live_wagers()
    house.agree(daemon)
    house.judged()
