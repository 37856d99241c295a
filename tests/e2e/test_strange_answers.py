"""Answers of a strange form: wagers that cannot be read, cancels without content, bodies without end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e_house import House
from e2e_processes import wait_for

OVER: dict[str, Any] = {"external_id": "", "line_id": "zz", "odds": 120, "stake": 5.0, "matched_stake": 0}
STRANGE = [
    OVER | {"id": "w-1", "matched_stake": 5.0, "status": "settled", "winning_status": "void"},
    OVER | {"id": "w-2", "matched_stake": 5.0, "status": "settled", "winning_status": "half_won"},
    OVER | {"id": "w-3", "status": "canceled", "odds": 2.5},
    OVER | {"id": "w-4", "status": "canceled", "odds": None},
    OVER | {"id": "w-5", "status": "canceled", "odds": 1234.56},
    OVER | {"id": "w-6", "status": "canceled", "stake": 5.123},
    OVER | {"id": "w-7", "status": "canceled", "stake": "five"},
    OVER | {"id": "w-8", "status": "canceled", "external_id": 77},
    OVER | {"id": "w-9", "status": "expired"},
    OVER | {"id": "w-10", "status": "canceled", "stake": 1e15, "odds": 10**9, "market_id": 10**30},
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), sport_events=1, stop={"deadline_s": 120}) as house:
        yield house


@pytest.fixture(autouse=True)
def healed(house: House) -> Iterator[None]:
    yield
    house.exchange.heal()
    for daemon in house.daemons:
        if daemon.process.poll() is None:
            daemon.signal(signal.SIGTERM)
            daemon.ended()


def ends_clear(house: House) -> None:
    daemon = house.daemon
    daemon.signal(signal.SIGTERM)
    assert daemon.ended() == 0, daemon.tail()
    assert not house.exchange.live_wagers()
    house.judged()


def test_wagers_that_are_over_and_cannot_be_read_keep_no_start_and_no_stop_waiting(house: House) -> None:
    house.exchange.inflict("add_wagers", times=None, wagers=STRANGE)
    daemon = house.quoting()
    assert daemon.status().counts.unread_wagers >= 8
    assert len(daemon.events("wager.unread")) == daemon.status().counts.unread_wagers
    ends_clear(house)


@pytest.mark.parametrize("body", ["", "{}", '{"data":null}'])
def test_cancels_of_everything_may_be_answered_without_content(house: House, body: str) -> None:
    house.exchange.inflict(
        "replace_answer", endpoint="cancel_all_wagers", times=None, status=200 if body else 204, body=body
    )
    house.quoting()
    ends_clear(house)


def test_cancels_of_everything_that_are_never_answered_end_in_a_proof(house: House) -> None:
    house.quoting()
    house.exchange.inflict("hang_answer", endpoint="cancel_all_wagers", times=None)
    ends_clear(house)


def test_an_answer_without_end_takes_no_memory(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("endless_answer", endpoint="get_*", times=6)
    wait_for("faults met", lambda: not house.exchange.faults(), watch=daemon)
    pages = int(Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1])
    assert pages * os.sysconf("SC_PAGE_SIZE") < 400 << 20
    house.until_quoting(daemon)
    ends_clear(house)


def test_a_retry_after_beyond_every_calendar_ends_nothing(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict(
        "replace_answer",
        endpoint="*",
        times=10,
        status=429,
        body='{"error":"rate_limit_reached"}',
        headers={"Retry-After": "Fri, 31 Dec 99999999999999999999 23:59:59 GMT"},
    )
    wait_for("faults met", lambda: not house.exchange.faults(), watch=daemon)
    house.until_quoting(daemon)
    ends_clear(house)


def test_a_feed_over_its_quota_comes_back_by_itself(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("pusher_error", code=4004, times=1)
    house.exchange.inflict("close_socket", code=4200)
    daemon.said("feed.rejected", 1)
    house.until_quoting(daemon)
    assert not [guard for guard in daemon.status().guards if guard.guard == "feed_rejected"]
    ends_clear(house)


def test_a_pipe_for_prices_keeps_no_stop_waiting(house: House) -> None:
    pipe = house.folder / "prices.json"
    os.mkfifo(pipe)
    house.configure(prices={"file": str(pipe), "poll_s": 1})
    daemon = house.quoting()
    daemon.said("prices.unreadable", 1)
    ends_clear(house)
    house.configure()
