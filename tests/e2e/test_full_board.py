"""The full board, rescheduled sport events, and a slow feed with messages out of order, with two processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e_house import House, own_wagers
from e2e_processes import ROOT, Daemon, wait_for

from mmbot.engine.status import EngineStatus, LineStatus


def shipped() -> list[Any]:
    """The rules of the demo's settings."""
    return list(yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())["quoting"])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    options = ("--board", "full", "--balance", 1_000_000)
    with House(tmp_path, *options, hours=12, sport_events=5, rate=5.0, quoting=shipped()) as found:
        yield found


def lines_of(status: EngineStatus, sport_event: int) -> list[LineStatus]:
    return [line for each in status.sport_events for line in each.lines if each.sport_event == sport_event]


def quoted(daemon: Daemon, sport_event: int, what: str, *, there: bool = True) -> EngineStatus:
    """Wait until own wagers rest on a sport event, or until none does."""
    return daemon.until(
        f"sport event {sport_event} {what}",
        lambda status: any(line.own for line in lines_of(status, sport_event)) is there,
    )


def test_of_the_full_board_games_are_quoted_and_nothing_that_looks_like_one(house: House) -> None:
    daemon = house.quoting()
    board = house.exchange.board()
    names = {
        (sport_event["id"], market["id"]): market["name"]
        for sport_event in board["events"]
        for market in sport_event["markets"]
    }
    assert {"1st Half Moneyline", "1st Period Moneyline", "Result", "Ty Marlow points"} <= set(names.values())
    house.until_matched(daemon, 10)
    status = daemon.status()
    under_rule = {
        names[line.sport_event, line.market] for sport_event in status.sport_events for line in sport_event.lines
    }
    assert under_rule == {"Moneyline", "Spread", "Total"}
    matched = {names[tuple(figure["line"][:2])] for figure in house.exchange.referee()["matched"]}
    assert matched <= {"Moneyline", "Spread", "Total"}
    (three,) = [
        market for sport_event in board["events"] for market in sport_event["markets"] if market["name"] == "Result"
    ]
    assert [len(line["book"]) for line in three["lines"]] == [3]
    house.agree(daemon)


def test_sport_events_move_are_postponed_come_back_and_are_voided(house: House) -> None:
    daemon = house.quoting()
    first, second, third = (sport_event["id"] for sport_event in house.exchange.board()["events"][:3])
    house.exchange.inflict("move_event", event=first, starts_in=60)
    quoted(daemon, first, "left, since it starts in a minute", there=False)
    house.exchange.inflict("move_event", event=first, starts_in=7200)
    quoted(daemon, first, "quoted again")
    house.exchange.inflict("postpone_event", event=second)
    quoted(daemon, second, "left, since it is postponed", there=False)
    house.exchange.inflict("move_event", event=second, starts_in=7200)
    quoted(daemon, second, "quoted again")
    house.exchange.inflict("postpone_event", event=third)
    house.exchange.inflict("void", event=third)
    quoted(daemon, third, "left, since it is void", there=False)
    new = house.exchange.inflict("create_event", starts_in=7200, listed=False)["event"]
    assert not lines_of(daemon.status(), new)
    house.exchange.inflict("list_event", event=new)
    quoted(daemon, new, "quoted, since it was listed")
    house.agree(daemon)


def test_a_ladder_that_changes_is_read_and_followed(house: House) -> None:
    daemon = house.quoting()
    before = len(daemon.events("ladder.read"))
    ladder = [odds for odds in range(-1000, 1001, 10) if abs(odds) > 100 or odds == 100]
    house.exchange.inflict("odds_ladder", odds=ladder)
    daemon.said("ladder.read", before + 1)

    def followed() -> bool:
        resting = [own for own in own_wagers(daemon.status()) if own.state == "open"]
        return len(resting) > 10 and all(own.odds in ladder for own in resting)

    wait_for("wagers on the new ladder alone", followed, watch=daemon)
    house.agree(daemon)


def test_late_double_and_disordered_messages_and_slow_answers_change_no_cent(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("delay_messages", seconds=0.02, jitter=0.3, in_order=False)
    house.exchange.inflict("duplicate", seconds=0.02)
    house.exchange.inflict("delay_answer", seconds=0.02, jitter=0.3, times=None)
    house.until_matched(daemon, 20)
    house.exchange.heal()
    house.until_quoting(daemon)
    house.agree(daemon)
    assert not daemon.events("feed.lost")


def test_sides_that_name_nothing_while_they_are_empty_stop_no_quoting(tmp_path: Path) -> None:
    with House(
        tmp_path, "--fault", '{"fault": "bare_sides"}', hours=12, rate=4.0, guards={"hold_s": 1, "reconcile_s": 10}
    ) as house:
        daemon = house.quoting()
        house.until_matched(daemon, 5)
        reads = house.exchange.requests("get_multiple_markets")
        wait_for(
            "three rounds of reads",
            lambda: house.exchange.requests("get_multiple_markets") >= reads + 3,
            watch=daemon,
        )
        assert not [line for line in daemon.events("guard.held") if line["guard"] == "outcomes"]
        house.until_quoting(daemon)
        house.agree(daemon)


def test_one_query_a_second_is_enough(tmp_path: Path) -> None:
    with House(tmp_path, "--one-query-a-second", hours=12, sport_events=3, rate=4.0) as house:
        daemon = house.quoting()
        house.until_matched(daemon, 5)
        rejected = [line for line in daemon.events("request.failed") if line["code"] == "rate_limit_reached"]
        assert len(rejected) < 5, json.dumps(rejected)
        house.agree(daemon)


def test_an_exchange_that_puts_off_the_cancels_of_young_wagers_is_quoted_on_all_the_same(tmp_path: Path) -> None:
    """425 and 500 by its own cause, wherever a wager opened or was matched within ten seconds."""
    with House(tmp_path, "--opened-retry-ms", 10_000, hours=12, sport_events=3, rate=4.0) as house:
        daemon = house.quoting()
        house.until_matched(daemon, 10)
        wait_for("cancels", lambda: house.judged()["requests"].get("cancel_multiple_wagers", 0) >= 10, watch=daemon)
        house.agree(daemon)
        house.judged()
