"""A feed that is lost in several ways: the daemon cancels over HTTP, reads the truth, reconnects and quotes again."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from e2e_house import House
from e2e_processes import Daemon, wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), sport_events=1) as house:
        yield house


@pytest.fixture
def daemon(house: House) -> Iterator[Daemon]:
    """A daemon that quotes; and after the test, however it went, a world without faults."""
    daemon = house.quoting()
    yield daemon
    house.exchange.process.send_signal(signal.SIGCONT)
    house.exchange.heal()


def lost(daemon: Daemon) -> int:
    """How often the feed was lost so far."""
    return len(daemon.events("feed.lost"))


def cleared_since(house: House, at: int) -> list[float]:
    """Seconds to clear of each loss since an instant, by the referee; an open one fails."""
    found = [each for each in house.judged()["clearings"] if each["at"] >= at]
    assert all(each["cause"] == "feed" and each["took_ns"] is not None for each in found), found
    return [each["took_ns"] / 1e9 for each in found]


def recovered(house: House, daemon: Daemon, losses: int) -> None:
    """Assert that the daemon lost the feed, became clear, quotes again, and agrees with the exchange."""
    feed_lost = daemon.said("feed.lost", losses + 1)
    up = wait_for(
        "the feed up again", lambda: [e for e in daemon.events("feed.up") if e["at"] > feed_lost["at"]], watch=daemon
    )
    clear = [e for e in daemon.events("life.clear") if feed_lost["at"] <= e["at"]]
    assert clear
    assert clear[0]["at"] < up[0]["at"]
    house.until_quoting(daemon)
    house.agree(daemon)
    house.judged()


def test_lost_private_messages_are_found_out_by_asking(house: House, daemon: Daemon) -> None:
    # First of all: a connection is given up for this every five minutes at most.
    house.exchange.inflict("drop_messages", change_type="wager")
    found = daemon.said("feed.lost", lost(daemon) + 1)
    assert "activation" in found["reason"]
    house.exchange.heal()
    house.until_quoting(daemon)
    house.agree(daemon)
    house.judged()


def test_a_dropped_socket(house: House, daemon: Daemon) -> None:
    losses, at = lost(daemon), house.exchange.now()
    assert house.exchange.inflict("drop_socket")["sockets"] == 1
    recovered(house, daemon, losses)
    took = cleared_since(house, at)
    assert took
    assert max(took) < 10


def test_a_feed_that_stays_away_leaves_nothing_resting(house: House, daemon: Daemon) -> None:
    losses = lost(daemon)
    house.exchange.inflict("reject_socket")
    house.exchange.inflict("drop_socket")
    daemon.said("feed.lost", losses + 1)
    house.until_clear()
    status = daemon.until("clear by its own word", lambda status: status.clear and not status.feed_up)
    assert not status.quoting
    assert any(guard.guard == "feed" for guard in status.guards)
    placed = house.exchange.referee()["placed"]
    until = house.exchange.now() + 10_000_000_000
    wait_for("ten seconds of its clock", lambda: house.exchange.now() > until)
    assert house.exchange.referee()["placed"] == placed
    house.exchange.heal()
    recovered(house, daemon, losses)


def test_an_exchange_that_asks_to_reconnect(house: House, daemon: Daemon) -> None:
    losses = lost(daemon)
    house.exchange.inflict("close_socket", code=4200)
    recovered(house, daemon, losses)


@pytest.mark.parametrize("fault", ["silence", "half_open", "stall_frame"])
def test_a_socket_that_stands_and_says_nothing(house: House, daemon: Daemon, fault: str) -> None:
    losses, at = lost(daemon), house.exchange.now()
    house.exchange.inflict(fault)
    recovered(house, daemon, losses)
    if fault != "half_open":  # there, a ping without an answer tells sooner
        assert 25 <= daemon.events("feed.lost")[losses]["silent_s"] < 45
    assert max(cleared_since(house, at)) < 45


def test_a_frame_that_is_no_json_harms_nothing(house: House, daemon: Daemon) -> None:
    house.exchange.inflict("garble_socket")
    house.until_matched(daemon)
    house.until_quoting(daemon)
    house.agree(daemon)
    house.judged()


def test_a_lost_match_message_is_found_by_its_print(house: House, daemon: Daemon) -> None:
    house.until_quoting(daemon)
    before = {line["external_id"] for line in daemon.events("wager.matched")}

    def missed() -> bool:
        # The first wager message from here is lost, whatever it says, until one of them was a match.
        house.exchange.inflict("drop_messages", change_type="wager", times=1)
        wait_for("a message lost", lambda: not house.exchange.faults())
        house.agree(daemon)
        return bool({line["external_id"] for line in daemon.events("wager.matched")} - before)

    wait_for("matches in spite of it", missed, watch=daemon)
    house.until_quoting(daemon)
    house.judged()


def test_http_and_feed_dead_and_back(house: House, daemon: Daemon) -> None:
    losses = lost(daemon)
    failures = len(daemon.events("request.failed"))
    house.exchange.inflict("reject_socket")
    house.exchange.inflict("lose_request", times=None)
    house.exchange.inflict("drop_socket")
    daemon.said("feed.lost", losses + 1)

    def failed() -> bool:
        return len([e for e in daemon.events("request.failed")[failures:] if e["request"] == "CancelAll"]) >= 2

    wait_for("cancels that get no answer", failed, watch=daemon)
    assert not daemon.status().clear
    house.exchange.heal()
    house.until_clear()
    recovered(house, daemon, losses)


def test_an_exchange_that_stands_still_for_a_while(house: House, daemon: Daemon) -> None:
    losses = lost(daemon)
    house.exchange.process.send_signal(signal.SIGSTOP)
    daemon.said("feed.lost", losses + 1)
    wait_for("a cancel that got no answer", lambda: daemon.events("request.failed"), watch=daemon)
    house.exchange.process.send_signal(signal.SIGCONT)
    recovered(house, daemon, losses)
