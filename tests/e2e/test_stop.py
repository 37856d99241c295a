"""A stop without faults, with a lost feed, with a slow or silent exchange and without the proof, and the next start."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from e2e_house import House
from e2e_processes import Daemon, wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), sport_events=1, stop={"deadline_s": 60}) as house:
        yield house


@pytest.fixture(autouse=True)
def healed(house: House) -> Iterator[None]:
    yield
    house.exchange.heal()


def clear_after(house: House, daemon: Daemon, code: int = 0) -> dict[str, Any]:
    """Assert that the daemon ends with this code and no open wager, and return its last log entry."""
    assert daemon.ended() == code, daemon.tail()
    assert not house.exchange.live_wagers()
    house.judged()
    return daemon.events("daemon.stopped")[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_clear(house: House, number: signal.Signals) -> None:
    daemon = house.quoting()
    house.until_matched(daemon)
    daemon.signal(number)
    said = clear_after(house, daemon)
    assert said["clear"] is True
    assert said["unanswered"] == []
    house.exchange.inflict("latched", cause="stop")  # nothing may come from it any more
    house.exchange.inflict("resumed")


def test_with_a_dead_feed(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("reject_socket")
    house.exchange.inflict("drop_socket")
    daemon.signal(signal.SIGTERM)
    clear_after(house, daemon)


def test_with_a_feed_that_was_never_up(house: House) -> None:
    house.exchange.inflict("reject_socket")
    daemon = house.start()
    daemon.until("waiting for the feed", lambda status: status.phase == "connecting")
    daemon.signal(signal.SIGTERM)
    clear_after(house, daemon)
    assert not daemon.events("feed.up")


def test_while_the_exchange_is_slow(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("delay_answer", seconds=5, times=None)
    daemon.signal(signal.SIGTERM)
    clear_after(house, daemon)


def test_with_a_placement_still_on_its_way(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("delay_request", endpoint="place_multiple_wagers", seconds=6)
    wait_for("a placement that is held", lambda: not house.exchange.faults(), watch=daemon)
    before = house.exchange.referee()["placed"]
    daemon.signal(signal.SIGTERM)
    clear_after(house, daemon)
    assert house.exchange.referee()["placed"] > before  # it came after the first cancel_all, and is gone all the same
    assert house.exchange.requests("cancel_all_wagers") > 1


def test_with_a_placement_of_unknown_outcome(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("hang_answer", endpoint="place_multiple_wagers")
    wait_for("a placement without an answer", lambda: not house.exchange.faults(), watch=daemon)
    daemon.signal(signal.SIGTERM)
    clear_after(house, daemon)


def test_while_answers_are_lost(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("lose_answer", endpoint="cancel_all_wagers", times=2)
    house.exchange.inflict("lose_answer", endpoint="get_*", times=3)
    daemon.signal(signal.SIGTERM)
    clear_after(house, daemon)
    assert not house.exchange.faults()


def test_while_the_exchange_fails(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("fail_request", endpoint="cancel_all_wagers", times=3, status=503)
    house.exchange.inflict("fail_request", endpoint="get_wager_histories", times=2, status=500)
    daemon.signal(signal.SIGTERM)
    clear_after(house, daemon)
    assert not house.exchange.faults()


def test_a_second_signal_skips_the_waiting_and_not_the_cancel(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("hang_answer", endpoint="get_wager_histories", times=None)
    daemon.signal(signal.SIGINT)
    daemon.said("stop.asked")
    daemon.signal(signal.SIGINT)
    said = clear_after(house, daemon, 3)
    assert said["clear"] is False
    assert daemon.said("stop.asked", 2)["hurry"] is True


def test_cancelled_and_yet_not_proved_is_told_by_the_exit_code(house: House) -> None:
    house.configure(stop={"deadline_s": 15})
    daemon = house.quoting()
    house.exchange.inflict("fail_request", endpoint="get_wager_histories", times=None, status=503)
    daemon.signal(signal.SIGTERM)
    said = clear_after(house, daemon, 3)
    assert said["clear"] is False


def test_an_exchange_that_hears_nothing_and_the_start_that_follows(house: House) -> None:
    house.configure(stop={"deadline_s": 10})
    daemon = house.quoting()
    house.exchange.inflict("lose_request", times=None)
    daemon.signal(signal.SIGTERM)
    assert daemon.ended() == 3
    strays = {wager["external_id"] for wager in house.exchange.live_wagers()}
    assert strays
    house.exchange.heal()
    # What it left behind goes first.
    house.configure()
    again = house.start()
    clear = again.said("life.clear")
    assert clear["at"] < again.first_placed()["at"]
    house.until_quoting(again)
    assert strays.isdisjoint(wager["external_id"] for wager in house.exchange.live_wagers())
    house.agree(again)
    house.judged()
