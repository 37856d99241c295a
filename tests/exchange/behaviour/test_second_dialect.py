"""The seam of the dialects holds: the real client, session keeper and feed work with a dialect that shares no name with
ProphetX, and load nothing of another one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    script, folder = ROOT / "tests/support/tiny_exchange.py", tmp_path_factory.mktemp("tiny")
    run = subprocess.run(
        [sys.executable, str(script), str(folder)],
        capture_output=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONPATH": f"{ROOT}"},
    )
    assert run.returncode == 0, run.stderr.decode()
    return orjson.loads(run.stdout)


def test_no_other_dialect_is_loaded(found: dict[str, Any]) -> None:
    assert found["loaded"] == []


def test_a_log_in_comes_first_and_each_call_goes_where_the_dialect_says(found: dict[str, Any]) -> None:
    assert found["asked"][:7] == [
        "POST /door",
        "POST /slips",
        "DELETE /slips/s1",
        "DELETE /slips/s2",
        "DELETE /slips",
        "GET /slips",
        "DELETE /slips/s3",
    ]


def test_a_batch_is_placed_and_a_code_gets_its_neutral_reason(found: dict[str, Any]) -> None:
    (accepted,), (failed,) = found["placed"]["accepted"], found["placed"]["failed"]
    assert (accepted["wager_id"], accepted["odds"], accepted["stake"]) == ("s1", 110, 500)
    assert (failed["external_id"], failed["failure"], failed["reason"]) == ("r-2", "bug", "off_ladder")


def test_cancels_are_accepted_rejected_and_find_nothing(found: dict[str, Any]) -> None:
    assert found["cancelled"]["accepted"] == ["r-1"]
    (failed,) = found["matched"]["failed"]
    assert (failed["external_id"], failed["code"], failed["reason"]) == ("r-2", "E2", "nothing_left")
    assert found["nothing_open"] is True
    assert found["busy"] == ["retryable", "too_many", "E4"]


def test_a_page_of_the_history_is_read(found: dict[str, Any]) -> None:
    (wager,) = found["page"]["wagers"]
    assert (wager["external_id"], wager["status"]) == ("r-1", "open")
    assert (found["page"]["next_cursor"], found["page"]["last_synced_at"]) == ("p2", 12)


def test_a_call_that_the_dialect_lacks_is_not_sent(found: dict[str, Any]) -> None:
    assert found["lacking"] == "not_offered"


def test_each_socket_signs_in_and_says_what_it_covers(found: dict[str, Any]) -> None:
    assert found["signed_in"] == ["1.0", "2.0", "3.0"]
    assert found["channels"] == {
        "1": [
            {"name": "g7", "sport_events": [7], "private": False},
            {"name": "me", "sport_events": [], "private": True},
        ],
        "2": [{"name": "g8", "sport_events": [8], "private": False}],
    }


def test_a_book_and_a_private_message_are_heard(found: dict[str, Any]) -> None:
    assert found["book"] == [
        1,
        [7, 1, 0],
        3,
        [[{"odds": 110, "value": 500}], [{"odds": -120, "value": 700}, {"odds": -125, "value": 100}]],
    ]
    assert found["private"] == [1, "r-1", "open"]


def test_a_socket_without_a_private_channel_is_opened_again_without_an_order(found: dict[str, Any]) -> None:
    assert found["again"] == [2, 3, ["g8"]]
