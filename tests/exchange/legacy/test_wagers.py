"""Wagers, the history and matches in the legacy dialect: the others are read in spite of a bad item."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from legacy_bodies import NOW, body, wager

from mmbot.domain.instant import iso
from mmbot.domain.wager import Matching, Status, UnreadWager, WagerReport, Winning
from mmbot.exchange.legacy import wagers


def read(**changed: object) -> Any:
    return wagers.wager_of(body(wager(**changed)))


# --- one wager --------------------------------------------------------------------------------------------------------


def test_a_wager() -> None:
    report = read()
    assert (report.wager_id, report.external_id, report.line_id) == ("w1", "run-s-1", "line-a")
    assert (report.sport_event_id, report.market_id, report.odds) == (7, 219, -110)
    assert (report.stake, report.matched) == (2_550, 1_025)
    assert (report.status, report.matching, report.winning) == (
        Status.OPEN,
        Matching.PARTIALLY_MATCHED,
        Winning.TBD,
    )
    assert report.created_at == 1_789_999_205_500_000_000
    assert (report.sequence, report.match_stake, report.match_odds) == (0, None, None)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("matching", list(Matching))
@pytest.mark.parametrize("winning", list(Winning))
def test_every_status_is_known(status: Status, matching: Matching, winning: Winning) -> None:
    report = read(status=status.value, matching_status=matching.value, winning_status=winning.value)
    assert (report.status, report.matching, report.winning) == (status, matching, winning)


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({"id": ..., "wager_id": "w9"}, "wager_id", "w9"),
        ({"id": 12345}, "wager_id", "12345"),
        ({"external_id": None}, "external_id", ""),
        ({"sport_event_id": ..., "event_id": "8"}, "sport_event_id", 8),
        ({"sport_event_id": None}, "sport_event_id", 0),
        ({"market_id": 219.0}, "market_id", 219),
        ({"odds": 110.0}, "odds", 110),
        ({"odds": -100}, "odds", 100),
        ({"stake": 25}, "stake", 2_500),
        ({"matched_stake": 0.1 + 0.2}, "matched", 30),
        ({"totally_matched_stake": 12, "matched_stake": 2}, "matched", 1_200),
        ({"matched_stake": None}, "matched", 1_025),
        ({"matched_stake": None, "unmatched_stake": None, "matching_status": "fully_matched"}, "matched", 2_550),
        ({"matched_stake": None, "unmatched_stake": None, "matching_status": "unmatched"}, "matched", 0),
        ({"matched_stake": ..., "matching_status": "", "status": "canceled"}, "matched", 0),
        ({"matching_status": None}, "matching", Matching.PARTIALLY_MATCHED),
        ({"matching_status": None, "matched_stake": 0}, "matching", Matching.UNMATCHED),
        ({"matching_status": None, "matched_stake": 25.5}, "matching", Matching.FULLY_MATCHED),
        ({"winning_status": None}, "winning", Winning.TBD),
        ({"winning_status": ""}, "winning", Winning.TBD),
        ({"winning_status": "profit"}, "winning", Winning.WON),
        ({"winning_status": "loss"}, "winning", Winning.LOST),
        ({"status": "cancelled"}, "status", Status.CANCELED),
        ({"created_at": "yesterday"}, "created_at", None),
        ({"created_at": 5}, "created_at", None),
        ({"created_at": "0001-01-01T00:00:00Z"}, "created_at", None),
        ({"something_new": {"deep": [1, 2]}}, "stake", 2_550),
        ({"external_id": 77}, "external_id", "77"),
        ({"line_id": 5}, "line_id", "5"),
        ({"stake": "25.50"}, "stake", 2_550),
        ({"matched_stake": "10.25"}, "matched", 1_025),
        ({"odds": "-110"}, "odds", -110),
        ({"odds": "+120"}, "odds", 120),
        ({"status": " Cancelled"}, "status", Status.CANCELED),
        ({"matching_status": "Fully Matched"}, "matching", Matching.FULLY_MATCHED),
        ({"winning_status": "Won"}, "winning", Winning.WON),
    ],
)
def test_a_wager_is_read_tolerantly(changed: dict[str, object], field: str, value: object) -> None:
    assert getattr(read(**changed), field) == value


@pytest.mark.parametrize(
    "changed",
    [
        {"id": ...},
        {"id": None},
        {"odds": 10**15},
        {"odds": "2.5"},
        {"odds": 2.5},
        {"stake": 10**15},
        {"stake": 5.123},
        {"market_id": 2**63},
        {"status": "sleeping"},
        {"status": ...},
        {"matching_status": "half"},
        {"winning_status": "perhaps"},
        {"stake": ...},
        {"stake": 1.005},
        {"stake": -1},
        {"stake": "25 dollars"},
        {"matched_stake": 0.001},
        {"matched_stake": -1},
        {"matched_stake": None, "unmatched_stake": None},
        {"matched_stake": None, "unmatched_stake": 1_000_000},
        {"odds": 110.5},
        {"odds": 50},
        {"odds": None},
        {"market_id": "abc"},
        {"market_id": 1.5},
    ],
)
def test_a_wager_that_makes_no_sense_is_not_read(changed: dict[str, object]) -> None:
    unread = read(**changed)
    assert isinstance(unread, UnreadWager)
    assert unread.why
    assert unread.may_rest, "its status says open, or nothing"
    assert unread.at_worst().resting or unread.at_worst().status is Status.INACTIVE


# --- the history ------------------------------------------------------------------------------------------------------


def test_a_page_with_bad_wagers_keeps_the_others_and_names_the_bad_ones() -> None:
    items = [wager(id="w1"), wager(id="w2", status="sleeping"), "what", wager(id="w3")]
    malformed: list[str] = []
    page = wagers.history_page(4, body({"wagers": items, "next_cursor": "c"}, last_synced_at=iso(NOW)), malformed)
    assert [report.wager_id for report in page.wagers] == ["w1", "w3"]
    assert (page.request, page.next_cursor, page.last_synced_at) == (4, "c", NOW)
    assert [(unread.wager_id, unread.may_rest) for unread in page.unread] == [("w2", True), ("", True)]
    assert len(malformed) == 2
    assert any("run-s-1" in reason and "sleeping" in reason for reason in malformed)


@pytest.mark.parametrize("where", ["beside", "inside"])
def test_a_whole_page_says_up_to_when_it_is_complete(where: str) -> None:
    inside = {"wagers": None} | ({"last_synced_at": iso(NOW)} if where == "inside" else {})
    beside = {"last_synced_at": iso(NOW)} if where == "beside" else {}
    page = wagers.history_page(1, body(inside, **beside), [])
    assert (page.wagers, page.next_cursor, page.last_synced_at) == ((), "", NOW)


@pytest.mark.parametrize("synced", [None, "", "soon", 5, "0001-01-01T00:00:00Z"])
def test_a_page_that_does_not_say_proves_nothing(synced: object) -> None:
    assert wagers.history_page(1, body({"wagers": []}, last_synced_at=synced), []).last_synced_at is None


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"data":null}', b'{"data":[]}', b"[]", b'{"data":{"wagers":7}}'])
def test_a_history_that_cannot_be_read_is_no_empty_page(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wagers.history_page(1, raw, [])


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" * 400, b"0.1e-400"])
def test_numbers_beyond_every_float_are_rejected_or_harmless(number: bytes) -> None:
    raw = orjson.dumps({"data": wager(stake=0)}).replace(b'"stake":0', b'"stake":' + number)
    found = wagers.wager_of(raw)
    if isinstance(found, WagerReport):
        assert math.isfinite(found.stake)
    else:
        assert (found.wager_id, found.stake, found.odds) == ("w1", None, -110)


# --- matches ----------------------------------------------------------------------------------------------------------


def test_a_page_names_the_wagers_with_a_match_that_cannot_be_read() -> None:
    good = {"wager_id": "w1", "matched_stake": 1, "matched_odds": 110}
    malformed: list[str] = []
    page = wagers.match_page(
        body({"matching_details": [good, good | {"wager_id": "w2", "matched_odds": None}]}), malformed
    )
    assert [match.wager_id for match in page.matches] == ["w1"]
    assert page.malformed == {"w2"}
    assert len(malformed) == 1


def test_a_match_without_its_wager_makes_the_page_malformed() -> None:
    with pytest.raises(ValueError, match="names no wager"):
        wagers.match_page(body([{"id": "m1", "matched_stake": 1, "matched_odds": 110}]), [])


def test_odds_of_a_match_need_not_be_on_the_ladder() -> None:
    page = wagers.match_page(body([{"wager_id": "w1", "matched_stake": 1, "matched_odds": 133}]), [])
    assert page.matches[0].odds == 133


@pytest.mark.parametrize("name", ["id", "external_id", "line_id", "status", "winning_status"])
def test_a_wager_with_a_text_beyond_its_bound_is_not_read_as_a_whole(name: str) -> None:
    found = read(**{name: "x" * 1_001})
    assert isinstance(found, UnreadWager)
    assert max(len(found.wager_id), len(found.external_id), len(found.line_id)) <= 200
