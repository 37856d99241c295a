"""Requests that fail while the daemon quotes: lost, late or rejected ones, and sessions that end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from e2e_house import House
from e2e_processes import Daemon, wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), sport_events=1) as house:
        house.quoting()
        yield house
        house.agree(house.daemon)


@pytest.fixture
def daemon(house: House) -> Iterator[Daemon]:
    daemon = house.quoting()
    yield daemon
    house.exchange.heal()


def met(house: House, daemon: Daemon) -> None:
    """Every fault has befallen a request."""
    wait_for("faults met", lambda: not house.exchange.faults(), watch=daemon)


def sound(house: House, daemon: Daemon) -> None:
    """Assert that each outcome has a wager, that bot and exchange agree, and that no wager was sent twice."""
    house.until_quoting(daemon)
    house.agree(daemon)

    def single() -> bool:
        status = daemon.status()
        live = house.exchange.live_wagers()
        lines = [line for sport_event in status.sport_events for line in sport_event.lines]
        ours = sum(len(line.own) for line in lines)
        return status.counts.unknown_wagers == 0 and ours == len(live) <= 4 * len(lines)

    wait_for("no more wagers than are wanted, none unknown", single, watch=daemon)
    house.judged()


PLACE = "place_multiple_wagers"


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "lose_answer"},
        {"fault": "lose_request"},
        {"fault": "hang_answer"},
        {"fault": "fail_answer", "status": 500},
        {"fault": "fail_request", "status": 503},
        {"fault": "garble_answer"},
        {"fault": "delay_answer", "seconds": 8},
    ],
    ids=lambda fault: fault["fault"],
)
def test_a_placement_that_goes_wrong_is_neither_lost_nor_doubled(
    house: House, daemon: Daemon, fault: dict[str, Any]
) -> None:
    house.exchange.inflict(**fault, endpoint=PLACE)
    met(house, daemon)
    sound(house, daemon)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "lose_answer"},
        {"fault": "lose_request"},
        {"fault": "fail_answer", "status": 500, "code": "opened_retry"},
        {"fault": "fail_request", "status": 425, "code": "opened_retry"},
        {"fault": "garble_answer"},
    ],
    ids=lambda fault: f"{fault['fault']}-{fault.get('status', '')}",
)
def test_a_cancel_that_goes_wrong_is_repeated(house: House, daemon: Daemon, fault: dict[str, Any]) -> None:
    house.exchange.inflict(**fault, endpoint="cancel_multiple_wagers")
    met(house, daemon)
    sound(house, daemon)


def test_an_expired_token_is_renewed_without_tearing_the_feed_down(house: House, daemon: Daemon) -> None:
    lost = len(daemon.events("feed.lost"))
    renewed = len(daemon.events("session.refreshed"))
    house.exchange.inflict("expire_tokens")
    daemon.said("session.refreshed", renewed + 1)
    house.until_matched(daemon)
    sound(house, daemon)
    assert len(daemon.events("feed.lost")) == lost
    assert len(daemon.events("session.logged_in")) == 1


def test_a_session_that_was_ended_is_opened_anew(house: House, daemon: Daemon) -> None:
    lost = len(daemon.events("feed.lost"))
    opened = len(daemon.events("session.logged_in"))
    house.exchange.inflict("expire_sessions")
    daemon.said("session.logged_in", opened + 1)
    sound(house, daemon)
    assert len(daemon.events("feed.lost")) == lost


def test_a_storm_of_429_is_waited_out(house: House, daemon: Daemon) -> None:
    house.exchange.inflict("fail_request", times=None, status=429, code="rate_limit_reached", retry_after=5)
    failed = len(daemon.events("request.failed"))
    daemon.said("request.failed", failed + 1)
    began, before = house.exchange.now(), sum(house.exchange.referee()["requests"].values())
    wait_for("half a minute of its clock", lambda: house.exchange.now() > began + 30_000_000_000)
    sent = sum(house.exchange.referee()["requests"].values()) - before
    assert sent < 100  # in half a minute: cancels and the proof of clear go on, once a second each; nothing else does
    house.exchange.heal()
    sound(house, daemon)


def test_reads_that_fail_for_a_while(house: House, daemon: Daemon) -> None:
    house.exchange.inflict("fail_request", endpoint="get_*", times=5, status=502)
    house.exchange.inflict("lose_answer", endpoint=PLACE)  # its outcome can only be read
    met(house, daemon)
    sound(house, daemon)


def test_everything_fails_half_of_the_time(house: House, daemon: Daemon) -> None:
    for fault in ("lose_answer", "lose_request"):
        for endpoint in ("place_*", "cancel_*", "get_*"):
            house.exchange.inflict(fault, endpoint=endpoint, times=3)
    house.exchange.inflict("fail_request", endpoint="place_*", status=500, times=2)
    met(house, daemon)
    sound(house, daemon)


def test_wagers_that_activate_late(house: House, daemon: Daemon) -> None:
    house.exchange.inflict("delay_activations", seconds=4)
    house.until_matched(daemon, 2)
    house.exchange.heal()
    sound(house, daemon)
