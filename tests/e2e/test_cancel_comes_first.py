"""Wagers of a daemon that died or hangs are cancelled soon, whatever is wrong with the next start."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml
from e2e_house import House
from e2e_processes import command, environment, mmbot, wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), sport_events=1, rate=4.0) as house:
        yield house


def killed(house: House) -> None:
    """Kill the daemon outright while it quotes."""
    daemon = house.quoting()
    house.exchange.inflict("gone")
    daemon.signal(signal.SIGKILL)
    daemon.ended()
    assert house.exchange.live_wagers()


def test_a_rejected_refresh_token_does_not_make_the_cancel_wait_for_the_cool_down(house: House) -> None:
    killed(house)
    house.exchange.inflict("fail_request", endpoint="refresh", code="unauthorized", status=401, times=None)
    started = time.monotonic()
    house.start()
    wait_for("nothing open", lambda: not house.exchange.live_wagers())
    assert time.monotonic() - started < 8  # the cool-down is 15 s of the machine
    house.exchange.heal()
    house.quoting()
    house.judged()


def test_a_damaged_journal_ends_the_start_only_after_everything_is_cancelled(house: House) -> None:
    killed(house)
    journal = house.state / "journal.sqlite"
    for file in house.state.glob("journal.sqlite*"):
        file.unlink()
    journal.write_bytes(b"not a database" * 500)
    done = mmbot("run", "-c", house.config)
    assert done.returncode == 2, done
    assert "start.cleared" in done.stderr
    assert "journal.sqlite" in done.stderr
    assert not house.exchange.live_wagers()
    journal.unlink()
    house.quoting()
    house.judged()


def test_a_strategy_that_is_gone_leaves_no_wager_of_the_last_run(house: House) -> None:
    killed(house)
    rule = house.settings()["quoting"][0] | {"strategy": "strategies.fair_value:NoSuchMaker"}
    broken = house.folder / "broken.yaml"
    broken.write_text(yaml.safe_dump(house.settings(quoting=[rule])))
    done = mmbot("run", "-c", broken)
    assert done.returncode == 2, done
    assert "NoSuchMaker" in done.stderr
    assert not house.exchange.live_wagers()
    house.quoting()
    house.judged()


def test_a_kill_beside_a_hung_daemon_cancels_within_five_seconds(house: House) -> None:
    daemon = house.quoting()
    cancels = house.exchange.requests("cancel_all_wagers")
    daemon.signal(signal.SIGSTOP)
    called = time.monotonic()
    process = subprocess.Popen(command("kill", "-c", house.config), stdout=subprocess.DEVNULL, env=environment())
    try:
        wait_for("a cancel", lambda: house.exchange.requests("cancel_all_wagers") > cancels)
        assert time.monotonic() - called < 5
        assert process.wait(60) == 0
    finally:
        daemon.signal(signal.SIGCONT)
    daemon.until("latched as well", lambda status: status.latched is not None and status.clear)
    house.exchange.inflict("resumed")
    assert mmbot("resume", "-c", house.config).returncode == 0
    house.judged()
