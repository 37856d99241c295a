"""Wagers that are strange in some part: what they were worth may be lost, but never whether they can still match."""

from __future__ import annotations

import base64
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from legacy_bodies import NOW, body, wager

from mmbot.domain.bounds import LONGEST_ODDS
from mmbot.domain.instant import iso
from mmbot.domain.wager import Matching, Status, UnreadWager, WagerReport, Winning
from mmbot.exchange.legacy import feed, wagers

OVER: dict[str, Any] = {
    "id": "w-1",
    "external_id": "",
    "line_id": "zz",
    "odds": 120,
    "stake": 5.0,
    "matched_stake": 0,
    "status": "canceled",
}
STRANGE: list[object] = [
    None, True, "", "x", "5.00", "-5", "1e3", "NaN", 0, -1, 0.5, 2.5, 5.123, 1234.56, 10**15, 10**30, -(10**30), [], {},
    [1], {"a": 1}, 77, "٣", "9" * 5_000, "\0", "é" * 300,
]  # fmt: skip
PARTS = (
    "external_id", "line_id", "odds", "stake", "matched_stake", "unmatched_stake", "winning_status", "sport_event_id",
    "market_id", "created_at", "totally_matched_stake", "event_id",
)  # fmt: skip


def item(**changed: object) -> bytes:
    """A wager as JSON, whose integers may be of any size."""
    return json.dumps({name: value for name, value in (OVER | changed).items() if value is not ...}).encode()


def read(raw: bytes) -> WagerReport | UnreadWager:
    page = wagers.history_page(
        1, b'{"data":{"wagers":[' + raw + b']},"last_synced_at":"' + iso(NOW).encode() + b'"}', []
    )
    assert page.last_synced_at == NOW, "one wager loses no page"
    (found,) = (*page.wagers, *page.unread)
    return found


def rests(found: WagerReport | UnreadWager) -> bool:
    if isinstance(found, UnreadWager):
        return found.may_rest
    return found.resting or found.status is Status.INACTIVE


@pytest.mark.parametrize(
    "status", ["canceled", "cancelled", "CANCELED", "void", "wiped", "settled", "closed", "expired"]
)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", STRANGE, ids=lambda value: repr(value)[:20])
def test_a_wager_that_is_over_by_its_status_never_rests(status: str, part: str, value: object) -> None:
    assert not rests(read(item(status=status, **{part: value})))


@pytest.mark.parametrize("status", ["open", "inactive", "Open"])
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", STRANGE, ids=lambda value: repr(value)[:20])
def test_a_wager_that_is_open_by_its_status_rests_whatever_else_is_strange(
    status: str, part: str, value: object
) -> None:
    found = read(item(status=status, matching_status="unmatched", **{part: value}))
    assert rests(found)
    worst = found.at_worst() if isinstance(found, UnreadWager) else found
    assert worst.resting or worst.status is Status.INACTIVE


@pytest.mark.parametrize(
    ("changed", "may_rest"),
    [
        ({"status": "expired"}, False),
        ({"status": "rejected"}, False),
        ({"status": "Timed Out"}, False),
        ({"status": "sleeping"}, True),
        ({"status": "partially_canceled"}, True),
        ({"status": "pending"}, True),
        ({"status": None}, True),
        ({"status": ...}, True),
        ({"status": 7}, True),
        ({"status": ["canceled"]}, True),
        ({"status": "sleeping", "matching_status": "fully_matched"}, False),
        ({"status": "sleeping", "winning_status": "half_won"}, False),
        ({"status": "sleeping", "winning_status": "tbd"}, True),
        ({"status": None, "winning_status": "lost"}, False),
        ({"status": "open", "odds": None, "matching_status": "fully_matched"}, False),
        ({"status": "inactive", "odds": None, "matching_status": "fully_matched"}, True),
        ({"status": "open", "odds": None, "winning_status": "won"}, True),
        ({"status": "settled", "winning_status": "void"}, False),
        ({"status": "settled", "winning_status": "half_won"}, False),
    ],
)
def test_only_what_a_wager_says_of_itself_tells_that_it_is_over(changed: dict[str, object], may_rest: bool) -> None:
    found = read(item(**changed))
    assert isinstance(found, UnreadWager)
    assert found.may_rest is may_rest
    assert found.wager_id == "w-1"


@pytest.mark.parametrize("raw", [b"null", b"7", b'"x"', b"[]", b"true", b"{}", b'{"id":null}', b'{"id":[1]}'])
def test_an_item_that_is_no_wager_loses_no_page_and_may_be_anything(raw: bytes) -> None:
    found = read(raw)
    assert isinstance(found, UnreadWager)
    assert (found.wager_id, found.may_rest) == ("", True)


def test_numbers_that_no_float_holds_hide_no_other_part() -> None:
    raw = item(odds=4242).replace(b"4242", b"1e400")
    found = read(raw)
    assert isinstance(found, UnreadWager)
    assert (found.status, found.stake, found.odds, found.may_rest) == (Status.CANCELED, 500, None, False)


def test_an_unread_part_counts_at_the_worst() -> None:
    found = read(item(status="open", odds=2.5, stake=5.123, sport_event_id=7, market_id="x"))
    assert isinstance(found, UnreadWager)
    worst = found.at_worst()
    assert (worst.odds, worst.stake, worst.matched) == (-LONGEST_ODDS, 513, 0)
    assert (worst.status, worst.matching, worst.winning) == (Status.OPEN, Matching.UNMATCHED, Winning.TBD)
    assert (worst.sport_event_id, worst.market_id) == (7, 0)


def test_an_id_that_cannot_be_read_is_not_taken_for_none() -> None:
    assert read(item(status="x", external_id=[1])).named is False  # type: ignore[union-attr]
    assert read(item(status="x", external_id=None)).named is True  # type: ignore[union-attr]
    assert read(item(status="x")).named is True  # type: ignore[union-attr]
    assert read(b"null").named is False  # type: ignore[union-attr]


@given(st.dictionaries(st.sampled_from([*PARTS, "status", "id", "matching_status"]), st.sampled_from(STRANGE)))
def test_no_wager_loses_its_page(changed: dict[str, object]) -> None:
    found = read(item(**changed))
    if isinstance(found, UnreadWager):
        assert isinstance(found.at_worst(), WagerReport)


def test_a_message_about_a_wager_that_is_over_tells_that_it_is_over() -> None:
    info = wager(status="canceled", odds=2.5, matched_stake=3)
    payload = base64.b64encode(orjson.dumps({"info": info})).decode()
    (message,) = feed.decode(1, "wager", orjson.dumps({"change_type": "wager", "payload": payload}))
    assert (message.wager.wager_id, message.wager.may_rest) == ("w1", False)  # type: ignore[union-attr]
    assert message.wager.matched is None, "one match, and not the total"  # type: ignore[union-attr]


def test_a_look_up_is_read_as_far_as_it_can_be() -> None:
    found = wagers.wager_of(body({"wager": wager(status="expired")}))
    assert isinstance(found, UnreadWager)
    assert not found.may_rest
