"""After a killed daemon or a lost journal, the next start cancels first and recovers its state."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_house import House
from e2e_processes import Daemon, wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), sport_events=2) as house:
        yield house


def killed(house: House, daemon: Daemon) -> set[str]:
    """Kill it outright; returns the strays that it leaves."""
    house.exchange.inflict("gone")
    daemon.signal(signal.SIGKILL)
    assert daemon.ended() == -signal.SIGKILL
    strays = {wager["external_id"] for wager in house.exchange.live_wagers()}
    assert strays
    return strays


def started_clean(house: House, strays: set[str]) -> Daemon:
    """Start another; the strays are gone before it places anything, and it knows what the exchange knows."""
    placed = house.exchange.referee()["placed"]
    daemon = house.start()
    first = daemon.said("life.clear")
    assert first["cause"] == "start"
    house.until_quoting(daemon)
    assert not daemon.events("life.live_after_clear")
    assert first["at"] < daemon.first_placed()["at"]
    assert strays.isdisjoint(wager["external_id"] for wager in house.exchange.live_wagers())
    assert house.exchange.referee()["placed"] > placed
    house.agree(daemon)
    return daemon


def matched(house: House) -> int:
    return sum(figure["matches"] for figure in house.exchange.referee()["matched"])


def test_strays_are_cancelled_and_what_matched_meanwhile_is_counted(house: House) -> None:
    daemon = house.quoting()
    house.until_matched(daemon, 3)
    strays = killed(house, daemon)
    before = matched(house)
    wait_for("matches while nobody watches", lambda: matched(house) > before)
    started_clean(house, strays)
    house.judged()


def test_a_result_that_came_while_nobody_watched(house: House) -> None:
    daemon = house.quoting()
    board = house.exchange.board()
    sport_event = board["events"][0]
    held = daemon.until("something matched there", lambda s: any(ln.profit != (0, 0) for ln in s.sport_events[0].lines))
    assert held.sport_events[0].sport_event == sport_event["id"]
    strays = killed(house, daemon)
    house.exchange.post(f"/sim/settle/{sport_event['id']}?winner=1")
    again = started_clean(house, strays)
    report = house.judged()
    assert again.status().profit.realised == report["profit"]["gross"] != 0
    assert again.status().profit.commission == report["profit"]["commission"]


def test_killed_with_a_placement_on_its_way(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("delay_answer", endpoint="place_multiple_wagers", seconds=20)
    wait_for("a placement without an answer", lambda: not house.exchange.faults(), watch=daemon)
    started_clean(house, killed(house, daemon))
    house.judged()


def test_killed_twice_while_starting(house: House) -> None:
    strays = killed(house, house.quoting())
    for moment in ("daemon.started", "life.clear"):
        half = house.start()
        half.said(moment)
        half.signal(signal.SIGKILL)
        half.ended()
    started_clean(house, strays)
    house.judged()


def test_what_the_journal_did_not_hold_yet_is_known_by_its_id(house: House) -> None:
    daemon = house.quoting()
    behind = house.folder / "behind"
    daemon.signal(signal.SIGSTOP)
    shutil.copytree(house.state, behind)
    daemon.signal(signal.SIGCONT)
    house.until_matched(daemon, 4)
    house.until_quoting(daemon)
    strays = killed(house, daemon)
    shutil.rmtree(house.state)
    behind.rename(house.state)
    again = started_clean(house, strays)
    assert not again.events("wager.foreign")
    house.judged()


def test_without_its_journal_it_still_cancels_what_it_finds(house: House) -> None:
    strays = killed(house, house.quoting())
    shutil.rmtree(house.state)
    daemon = house.start()
    daemon.said("life.clear")
    wait_for(
        "the strays gone",
        lambda: strays.isdisjoint(wager["external_id"] for wager in house.exchange.live_wagers()),
        watch=daemon,
    )
    house.until_quoting(daemon)
    house.judged()


def test_a_journal_of_another_exchange_is_told_before_anything_is_placed(tmp_path: Path) -> None:
    with House(tmp_path) as first:
        first.until_matched(first.quoting())
    with House(tmp_path) as house:  # a new exchange, with the old state directory
        daemon = house.start()
        assert daemon.ended() == 2
        last = daemon.events("daemon.stopped")[-1]
        assert last["reason"] == "state_of_another"
        assert "move all journal.sqlite* files away" in last["hint"]
        assert str(house.state) in last["hint"]
        assert house.exchange.referee()["placed"] == 0
        house.configure(state_dir="another")
        house.quoting()
