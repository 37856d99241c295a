"""The exchange's own way of being spoken to: a client written from its documents finds the local exchange as they say.

The client is a process of its own (``example_client.py``); here its account of what it saw is held against the words.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e_processes import KEYS, PATIENCE_S, Exchange

CLIENT = Path(__file__).parents[1] / "support" / "example_client.py"

Saw = dict[str, dict[str, Any]]


def walk(exchange: Exchange) -> Saw:
    """Run the client, and return what it saw in each step."""
    done = subprocess.run(
        [sys.executable, CLIENT, exchange.ready["base_url"], *KEYS.values()],
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return {line["step"]: line for line in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module", params=["plain", "full"])
def saw(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saw]:
    folder = tmp_path_factory.mktemp("example")
    exchange = Exchange(folder, "--board", request.param, "--sport-events", 2, "--hours", 12, rate=4.0)
    try:
        found = walk(exchange)
        assert exchange.live_wagers() == []
        made_up = [breach for breach in exchange.referee()["broken"] if breach["invariant"] == 0]
        assert made_up == []  # the other rules are the bot's, and this client breaks some on purpose
        yield found
    finally:
        exchange.close()


def test_it_walks_to_the_end(saw: Saw) -> None:
    assert list(saw) == [
        "session",
        "seed",
        "connect",
        "single",
        "batch",
        "matched",
        "cancel_all",
        "book",
        "history",
        "end",
    ]


def test_a_log_in_gives_two_tokens_and_a_refresh_another_for_twenty_minutes(saw: Saw) -> None:
    session = saw["session"]
    assert session["unauthorised"] == [401, "unauthorized"]
    assert session["members"] == ["access_expire_time", "access_token", "refresh_expire_time", "refresh_token"]
    assert {"access_token", "access_expire_time"} <= set(session["refreshed"])
    assert session["life_s"] == pytest.approx(20 * 60, abs=10)  # the clock there is not ours


def test_seeding_finds_the_wallet_the_ladder_sport_events_and_lines(saw: Saw) -> None:
    seed = saw["seed"]
    assert set(seed["balance"]) == {
        "balance",
        "matched_wager_balance",
        "unmatched_wager_balance",
        "unmatched_wager_balance_status",
        "unmatched_wager_last_synced_at",
    }
    assert (seed["balance"]["balance"], seed["ticks"], seed["sport_events"]) == (10_000, 555, 2)
    assert seed["lines"] >= 6


def test_a_registration_gives_a_broadcast_and_a_private_channel_with_a_health_check(saw: Saw) -> None:
    broadcast, private = saw["connect"]["bound"]
    assert {"general", "tournament_132", "tournament_31"} <= set(broadcast)
    assert set(private) == {"wagers", "health_check"}
    assert len(saw["connect"]["channels"]) == 2
    assert saw["connect"]["beat"] == {}


def test_a_wager_is_inactive_then_open_and_canceled_as_the_feed_says(saw: Saw) -> None:
    single = saw["single"]
    assert (single["placed"]["status"], single["placed"]["matching_status"]) == ("inactive", "unmatched")
    assert (single["opened"]["status"], single["opened"]["update_type"]) == ("open", "status")
    assert single["asked"]["status"] == "open"
    assert (single["canceled"]["status"], single["canceled"]["matching_status"]) == ("canceled", "unmatched")
    assert {each["id"] for each in (single["placed"], single["opened"], single["asked"])} == {single["placed"]["id"]}


def test_rejections_are_those_of_the_error_table(saw: Saw) -> None:
    single = saw["single"]
    assert single["repeated"] == [400, "wager_external_id_existed"]
    assert single["off_ladder"] == [400, "wager_invalid_odds"]
    assert single["mismatch"] == [400, "wager_not_matching_external_id"]
    assert single["cancelled_twice"] == [400, "wager_already_cancelled"]
    assert saw["batch"]["too_many"] == [400, "wager_limit_exceeded"]
    assert saw["cancel_all"]["nothing"] == [404, "no_cancellable_wagers"]


def test_a_batch_says_of_each_wager_what_became_of_it(saw: Saw) -> None:
    batch = saw["batch"]
    assert batch["placed"] == batch["asked"][:3]
    (failed,) = batch["failed"]
    assert (failed["index"], failed["error"]) == (3, "wager_invalid_odds")
    assert failed["request"]["external_id"] == batch["asked"][3]
    assert [each["success"] for each in batch["cancelled"]] == [True, True]


def test_a_match_is_told_in_private_and_in_public_and_taken_from_the_wallet(saw: Saw) -> None:
    matched = saw["matched"]
    match, printed = matched["match"], matched["printed"]
    assert (match["status"], match["matching_status"]) == ("open", "partially_matched")
    assert match["stake"] == 3_000
    assert match["totally_matched_stake"] + match["unmatched_stake"] == pytest.approx(3_000, abs=0.001)
    assert printed["matched_stake"] == match["matched_stake"]
    assert printed["matched_odds"] == match["matched_odds"]
    assert matched["bets"] == len(matched["detail"])
    total = sum(each["matched_stake"] for each in matched["detail"])
    assert matched["balances"][0] - matched["balances"][1] == pytest.approx(total, abs=0.001)


def test_what_is_cancelled_after_a_part_was_matched_stays_open_with_its_stake_cut(saw: Saw) -> None:
    """Source: docs/protocol.md 6.3."""
    left = saw["matched"]["left"]
    assert (left["status"], left["matching_status"]) == ("open", "fully_matched")
    assert left["stake"] == left["totally_matched_stake"] < 3_000
    assert left["unmatched_stake"] == 0


def test_books_from_messages_are_those_of_a_read(saw: Saw) -> None:
    assert saw["book"]["lines"] >= 2


def test_the_history_knows_them_all(saw: Saw) -> None:
    history = saw["history"]
    assert sorted(history["statuses"].values()) == ["canceled"] * 7 + ["open"]
    assert {"DEPOSIT", "BET"} <= set(history["transactions"])
