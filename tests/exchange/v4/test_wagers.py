"""Wagers, the history and matches in the v4 dialect."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from v4_bodies import NOW, ORDER, V4, body, order

from mmbot.domain.instant import DAY, SECOND, iso
from mmbot.domain.wager import MatchDetail, Matching, Status, UnreadWager, WagerReport, Winning
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.errors import Malformed

QUERY = ReadHistory(4, created_from=NOW - DAY, created_to=NOW)


def look_up(answer: object) -> Any:
    return V4.wagers.wager("ord-1").read(body(answer), [])


def page(answer: object, malformed: list[str] | None = None, **beside: object) -> Any:
    call = V4.wagers.history(QUERY, NOW, None, None)
    return call.read(body(answer, **beside), [] if malformed is None else malformed)


# --- one wager --------------------------------------------------------------------------------------------------------


def test_an_order_is_a_wager() -> None:
    assert look_up({"order": ORDER}) == WagerReport(
        wager_id="ord-1",
        external_id="r7-a-000017",
        sport_event_id=19458,
        market_id=251,
        line_id="aa",
        odds=-117,
        stake=2_500,
        status=Status.OPEN,
        matching=Matching.PARTIALLY_MATCHED,
        winning=Winning.TBD,
        matched=1_025,
        created_at=1_789_999_205_500_000_000,
        profit=2_137,
    )


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({"order_id": ..., "id": "ord-9"}, "wager_id", "ord-9"),
        ({"id": "other"}, "wager_id", "ord-1"),
        ({"price": 126.0}, "odds", 126),
        ({"price": -100}, "odds", 100),
        ({"quantity": "25.50"}, "stake", 2_550),
        ({"filled_quantity": None}, "matched", 1_025),
        ({"total_filled_quantity": 12, "filled_quantity": 2}, "matched", 1_200),
        ({"winning_status": "profit"}, "winning", Winning.WON),
        ({"winning_status": "loss"}, "winning", Winning.LOST),
        ({"winning_status": "won"}, "winning", Winning.WON),
        ({"winning_status": "lost"}, "winning", Winning.LOST),
        ({"winning_status": "manually_lost"}, "winning", Winning.MANUALLY_LOST),
        ({"status": "settled"}, "status", Status.SETTLED),
        ({"status": "wiped"}, "status", Status.WIPED),
        ({"odds": 500, "stake": 900, "wager_id": "w"}, "odds", -117),
    ],
)
def test_an_order_is_read_tolerantly(changed: dict[str, object], field: str, value: object) -> None:
    assert getattr(look_up(order(**changed)), field) == value


@pytest.mark.parametrize(
    "changed",
    [
        {"price": 126.5}, {"price": 50}, {"quantity": 1.005}, {"quantity": -1}, {"status": "sleeping"},
        {"order_id": ...}, {"matching_status": "half"}, {"winning_status": "perhaps"}, {"market_id": "x"},
        {"price": None},
    ],
)  # fmt: skip
def test_an_order_that_makes_no_sense_is_not_read_as_a_whole(changed: dict[str, object]) -> None:
    found = look_up({"order": order(**changed)})
    assert isinstance(found, UnreadWager)
    assert found.may_rest


def test_the_readable_parts_of_an_order_are_kept() -> None:
    found = look_up({"order": order(price=2.5, quantity=5.123, order_id=..., id="ord-7")})
    assert isinstance(found, UnreadWager)
    assert (found.wager_id, found.external_id, found.line_id) == ("ord-7", "r7-a-000017", "aa")
    assert (found.odds, found.stake, found.matched) == (None, 513, 1_025)


# --- the history ------------------------------------------------------------------------------------------------------


def test_a_page_of_the_history() -> None:
    malformed: list[str] = []
    listed = [
        order(),
        {"order_id": "ord-2", "status": "canceled", "price": 120, "quantity": 10, "filled_quantity": 0},
        order(status="sleeping"),
    ]
    read = page({"orders": listed, "next_cursor": "c2"}, malformed, last_synced_at=iso(NOW))
    assert [report.wager_id for report in read.wagers] == ["ord-1", "ord-2"]
    assert (read.request, read.next_cursor, read.last_synced_at, len(read.unread)) == (4, "c2", NOW, 1)
    assert len(malformed) == 1


@pytest.mark.parametrize("cursor", ["", None])
def test_the_final_page_has_no_cursor(cursor: object) -> None:
    assert page({"orders": [], "next_cursor": cursor}).next_cursor == ""


@pytest.mark.parametrize("limit", [1, 100, 101, 1_000])
def test_a_page_is_asked_for_100_wagers_at_most(limit: int) -> None:
    query = ReadHistory(1, created_from=NOW - DAY, created_to=NOW, limit=limit)
    sent = parse_qs(urlsplit(V4.wagers.history(query, NOW, None, None).path).query)
    assert sent["limit"] == [str(min(limit, 100))]


def test_the_filters_of_the_history_have_their_names() -> None:
    query = ReadHistory(1, updated_from=NOW - DAY, updated_to=NOW, status="open", matching="unmatched", cursor="c")
    sent = parse_qs(urlsplit(V4.wagers.history(query, NOW, 251, 19458).path).query)
    assert sent == {
        "updated_at_from": [str((NOW - DAY) // SECOND)],
        "updated_at_to": [str(NOW // SECOND)],
        "status": ["open"],
        "matching_status": ["unmatched"],
        "market_id": ["251"],
        "event_id": ["19458"],
        "next_cursor": ["c"],
        "limit": ["100"],
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (ReadHistory(1), "missing_date_range"),
        (ReadHistory(1, created_from=NOW - 8 * DAY, created_to=NOW), "invalid_from_to_range"),
        (ReadHistory(1, updated_from=NOW - 3 * DAY, updated_to=NOW), "invalid_updated_at_range"),
        (ReadHistory(1, created_from=NOW, created_to=NOW - DAY), "from_date_greater_than_to_date"),
    ],
)
def test_a_range_that_the_exchange_would_reject_is_not_sent(query: ReadHistory, code: str) -> None:
    with pytest.raises(Malformed) as bad:
        V4.wagers.history(query, NOW, None, None)
    assert bad.value.code == code


# --- matches ----------------------------------------------------------------------------------------------------------

TRADE = {"order_id": "ord-9", "price": 126, "fill_price": 133.0, "filled_quantity": 7.94, "strike_id": "cc"}


@pytest.mark.parametrize(
    "answer",
    [{"trades": [TRADE], "next_cursor": "c"}, {"matching_details": [TRADE], "next_cursor": "c"}, [TRADE]],
)
def test_matches_are_read_from_trades_and_from_details(answer: object) -> None:
    read = V4.wagers.matched_bets(NOW - DAY, NOW, "", 100).read(body(answer), [])
    assert read.matches == (MatchDetail("ord-9", 794, 133),)
    assert read.next_cursor == ("" if isinstance(answer, list) else "c")


def test_a_trade_is_not_named_by_an_id_of_its_own() -> None:
    with pytest.raises(ValueError, match="names no wager"):
        V4.wagers.matches(("a",), "").read(body({"trades": [TRADE | {"order_id": None, "id": "t1"}]}), [])


def test_matches_of_one_or_many_wagers_share_a_path() -> None:
    assert V4.wagers.matches(("a b", "c"), "n&").path == (
        "/v4/mm/get_order_matched_detail?order_ids=a%20b,c&limit=100&next_cursor=n%26"
    )
    assert V4.wagers.matches_of("a", "", 500).path == "/v4/mm/get_order_matched_detail?order_id=a&limit=100"
    assert V4.wagers.matched_bets(NOW - DAY, NOW, "c", 0).path == (
        f"/v4/mm/get_trades?from={(NOW - DAY) // SECOND}&to={NOW // SECOND}&limit=1&next_cursor=c"
    )
