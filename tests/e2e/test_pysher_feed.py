"""The daemon with pysher as its feed: it quotes, loses the feed in three ways, reconnects, and stops clear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_house import House
from e2e_processes import Daemon, wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), sport_events=1, exchange={"transport": "pysher"}) as house:
        yield house


@pytest.fixture
def daemon(house: House) -> Iterator[Daemon]:
    daemon = house.quoting()
    yield daemon
    house.exchange.heal()


def threads(daemon: Daemon) -> int:
    """How many it has."""
    return len(list(Path(f"/proc/{daemon.process.pid}/task").iterdir()))


def test_it_quotes_and_is_matched_and_its_books_are_right(house: House, daemon: Daemon) -> None:
    house.until_matched(daemon)
    house.agree(daemon)


def test_a_feed_that_is_lost_is_found_again_and_leaves_no_thread(house: House, daemon: Daemon) -> None:
    before = threads(daemon)
    for fault in ("drop_socket", "half_open", "stall_frame", "drop_socket"):
        losses, ups = len(daemon.events("feed.lost")), len(daemon.events("feed.up"))
        house.exchange.inflict(fault)
        daemon.said("feed.lost", losses + 1)
        house.until_clear()
        house.exchange.heal()
        daemon.said("feed.up", ups + 1)
        house.until_quoting(daemon)
        house.agree(daemon)
    assert all(each["took_ns"] is not None for each in house.judged()["clearings"])
    # Two may be others': each of the four connections that ended had two of its own.
    wait_for("the threads ended", lambda: threads(daemon) <= before + 2, watch=daemon)


def test_it_stops_clear(house: House, daemon: Daemon) -> None:
    assert daemon.stop() == 0, daemon.tail()
    house.until_clear()
    assert not daemon.events("library"), "what libraries said"
