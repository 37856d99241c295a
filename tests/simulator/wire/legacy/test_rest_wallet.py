"""The wallet, matches, and every filter and cursor of the histories."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from small_world import EMPTY, GAME, MONEYLINE, SPREAD, TOTAL

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MILLISECOND
from mmbot.simulator.venue.settings import VenueSettings

HISTORY = "v2/mm/get_wager_histories"
TRANSACTIONS = "v2/mm/get_transactions"
BETS = "mm/get_matched_bets"
DETAIL, DETAIL_OF = "mm/get_wager_matching_detail", "v2/mm/get_wager_matching_detail"


@pytest.fixture
def venue_settings() -> VenueSettings:
    """Without the history's lag: what a wager's look-up shows, the history shows too."""
    return VenueSettings(activation_ns=20 * MILLISECOND, history_lag_ns=0)


def second() -> int:
    return int(time.time())


def around(**more: object) -> dict[str, object]:
    return {"from": second() - 60, "to": second() + 60, **more}


async def matched_wager(partner: Any, external_id: str, *matches: int, odds: int = 110) -> dict[str, Any]:
    """A wager with matches of so many dollars each; of several the crowd takes the one at the shortest odds."""
    wager: dict[str, Any] = await partner.place(external_id, side=0, odds=odds, stake=10.0)
    await partner.opened(wager["id"])
    for dollars in matches:
        partner.crowd_rests(1, -odds, dollars * odds)
    matched = await partner.until(wager["id"], lambda each: each["matched_stake"] == sum(matches))
    return dict(matched)


# --- the wallet ---------------------------------------------------------------------------------------------------


async def wallet_lines(partner: Any, **query: object) -> list[dict[str, Any]]:
    status, body = await partner.get(TRANSACTIONS, **{"limit": 1000, **query})
    assert status == 200, body
    assert body["data"]["next_cursor"] == ""
    return list(body["data"]["transactions"])


async def test_every_movement_of_the_wallet_is_a_line_and_they_add_up(partner: Any) -> None:
    venue, account = partner.exchange.venue, partner.exchange.account
    won = await matched_wager(partner, "won", 10)
    pushed = await partner.place("pushed", side=0, odds=150, stake=10.0)
    await partner.opened(pushed["id"])
    await partner.sim("POST", f"sim/settle/{GAME}?winner=0&market={MONEYLINE}")
    await partner.until(won["id"], lambda each: each["status"] == "closed")
    await partner.fault("correct", event=GAME, market=MONEYLINE, winner=1)
    await partner.fault("correct", event=GAME, market=MONEYLINE, winner=0)
    await partner.fault("void", event=GAME, market=MONEYLINE)
    for amount in (50_00, -20_00):
        venue.deposit(account, amount, partner.exchange.tick())
    by_hand = ("REFUND", "REJECT_WITHDRAW", "APPROVE_WITHDRAW")
    for place, kind in enumerate(by_hand):
        venue.deposit(account, (3_00, 20_00, 0)[place], partner.exchange.tick(), kind)
    lines = await wallet_lines(partner)
    assert [line["transaction_type"] for line in reversed(lines)] == [
        "DEPOSIT",
        "BET",
        "PAY",
        "COMMISSION",
        "ADJUSTMENT_REDUCE",
        "COMMISSION",
        "ADJUSTMENT_INCREASE",
        "COMMISSION",
        "VOID",
        "COMMISSION",
        "DEPOSIT",
        "WITHDRAW",
        *by_hand,
    ]
    _, body = await partner.get("mm/get_balance")
    assert lines[0]["balance"] == body["data"]["balance"]
    for line, before in zip(lines, [*lines[1:], {"balance": 0.0}], strict=True):
        assert line["amount"] == abs(line["change"])
        assert math.isclose(line["balance"] - line["change"], before["balance"], abs_tol=1e-9)
        assert math.isclose(line["balance_before"], before["balance"], abs_tol=1e-9)
    paid = next(line for line in lines if line["transaction_type"] == "PAY")
    assert paid | {"created_at": ""} == {
        "status": "Completed",
        "transaction_type": "PAY",
        "transaction_sub_type": None,
        "amount": 21.0,
        "change": 21.0,
        "balance": 1011.0,
        "balance_before": 990.0,
        "wager_id": won["id"],
        "event_id": str(GAME),
        "market_id": str(MONEYLINE),
        "details": "",
        "description": "",
        "created_at": "",
    }
    assert venue.unbalanced() == 0


async def test_a_push_gives_the_stake_back(partner: Any) -> None:
    wager = await matched_wager(partner, "a", 10)
    await partner.sim("POST", f"sim/settle/{GAME}?winner=push&market={MONEYLINE}")
    await partner.until(wager["id"], lambda each: each["status"] == "closed")
    (line,) = await wallet_lines(partner, transaction_type="PUSH")
    assert (line["change"], line["balance"]) == (10.0, 1000.0)


@pytest.mark.parametrize("venue_settings", [VenueSettings(activation_ns=MILLISECOND, funds="at_placement")])
async def test_with_funds_taken_at_placement_a_cancel_gives_them_back(partner: Any) -> None:
    wager = await partner.place("a", side=0, odds=110, stake=10.0)
    await partner.opened(wager["id"])
    status, _ = await partner.post("mm/cancel_wager", {"wager_id": wager["id"], "external_id": "a"})
    assert status == 200
    assert [(line["transaction_type"], line["change"]) for line in await wallet_lines(partner)] == [
        ("CANCEL", 10.0),
        ("BET", -10.0),
        ("DEPOSIT", 1000.0),
    ]


async def test_each_filter_of_the_wallet_s_lines(partner: Any) -> None:
    first = await matched_wager(partner, "one", 3)
    later = await matched_wager(partner, "two", 2, odds=105)
    everything = await wallet_lines(partner)
    assert [line["transaction_type"] for line in everything] == ["BET", "BET", "DEPOSIT"]
    assert await wallet_lines(partner, transaction_type="BET") == everything[:2]
    assert await wallet_lines(partner, transaction_type="WITHDRAW") == []
    assert await wallet_lines(partner, event_id=GAME) == everything[:2]
    assert await wallet_lines(partner, event_id=EMPTY) == []
    assert await wallet_lines(partner, market_id=MONEYLINE) == everything[:2]
    assert await wallet_lines(partner, market_id=TOTAL) == []
    assert await wallet_lines(partner, wager_id=first["id"]) == everything[1:2]
    assert await wallet_lines(partner, wager_id=later["id"]) == everything[:1]
    assert await wallet_lines(partner, **around()) == everything
    assert await wallet_lines(partner, **{"from": second() + 60}) == []
    assert await wallet_lines(partner, to=second() - 60) == []


async def test_the_wallet_s_lines_come_in_pages_that_new_ones_do_not_shift(partner: Any) -> None:
    for number in range(6):
        partner.exchange.venue.deposit(partner.exchange.account, 100 + number, partner.exchange.tick())
    everything = await wallet_lines(partner)
    read: list[object] = []
    cursor = ""
    while True:
        status, body = await partner.get(TRANSACTIONS, limit=3, next_cursor=cursor, transaction_type="DEPOSIT")
        assert status == 200
        read += body["data"]["transactions"]
        cursor = body["data"]["next_cursor"]
        if not cursor:
            break
        assert len(body["data"]["transactions"]) == 3
        partner.exchange.venue.deposit(partner.exchange.account, 9_99, partner.exchange.tick())
    assert read == everything


async def test_twenty_lines_come_where_no_limit_is_asked_for(partner: Any) -> None:
    for _ in range(25):
        partner.exchange.venue.deposit(partner.exchange.account, 100, partner.exchange.tick())
    _, body = await partner.get(TRANSACTIONS)
    assert len(body["data"]["transactions"]) == 20


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 0}, "invalid_param"),
        ({"limit": 1001}, "invalid_param"),
        ({"limit": "all"}, "invalid_param"),
        ({"transaction_type": "GIFT"}, "invalid_param"),
        ({"transaction_type": "bet"}, "invalid_param"),
        ({"from": "yesterday"}, "invalid_from"),
        ({"to": "2026-01-01"}, "invalid_to"),
        ({"from": -1}, "invalid_from"),
        ({"from": 2, "to": 1}, "from_date_greater_than_to_date"),
        ({"event_id": "x"}, "invalid_event_id"),
        ({"market_id": "x"}, "invalid_market_id"),
        ({"next_cursor": "x"}, "invalid_cursor"),
    ],
)
async def test_invalid_queries_of_the_wallets_lines_are_rejected(
    partner: Any, query: dict[str, object], code: str
) -> None:
    status, body = await partner.get(TRANSACTIONS, **query)
    assert (status, body["error"]) == (400, code)


# --- matches ------------------------------------------------------------------------------------------------------


async def test_the_matches_of_several_wagers_come_whole(partner: Any) -> None:
    one = await matched_wager(partner, "one", 1, 2)
    two = await matched_wager(partner, "two", 3, 4, odds=105)
    status, body = await partner.get(DETAIL, wager_ids=f"{two['id']},{one['id']},nobody", limit=1)
    assert status == 200
    details = body["data"]["matching_details"]
    assert [(each["wager_id"], each["matched_odds"], each["matched_stake"]) for each in details] == [
        (two["id"], 105, 3.0),
        (two["id"], 105, 4.0),
        (one["id"], 110, 1.0),
        (one["id"], 110, 2.0),
    ]
    assert body["data"]["next_cursor"] == ""
    assert body["last_synced_at"].endswith("Z")


@pytest.mark.parametrize(("side", "number"), [(0, -3.5), (1, 3.5)])
async def test_a_match_has_the_line_of_the_outcome_that_was_backed(partner: Any, side: int, number: float) -> None:
    line = LineKey(GAME, SPREAD, -14)
    item = {"external_id": "a", "line_id": partner.line_id(side, SPREAD, -14), "odds": 110, "stake": 10}
    _, body = await partner.post("mm/place_wager", item)
    wager = await partner.opened(body["data"]["wager"]["id"])
    partner.crowd_rests(1 - side, -110, 2_20, line)
    for path, query in ((DETAIL, {"wager_ids": wager["id"]}), ("mm/get_matched_bets", {"from": second() - 60})):
        _, body = await partner.get(path, **query)
        (found,) = body["data"].get("matching_details") or body["data"]["matched_bets"]
        assert (found["line"], wager["line"]) == (number, number)


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (DETAIL, {}, "invalid_wager_id"),
        (DETAIL, {"wager_id": "a"}, "invalid_wager_id"),
        (DETAIL, {"wager_ids": ",".join(f"w{n}" for n in range(101))}, "invalid_wager_id"),
        (DETAIL_OF, {}, "invalid_wager_id"),
        (DETAIL_OF, {"wager_ids": "a"}, "invalid_wager_id"),
        (DETAIL_OF, {"wager_id": "a", "limit": 101}, "invalid_param"),
        (DETAIL_OF, {"wager_id": "a", "next_cursor": "x"}, "invalid_cursor"),
        (DETAIL_OF, {"wager_id": "a", "next_cursor": "-1"}, "invalid_cursor"),
        (DETAIL_OF, {"wager_id": "a", "from": "x"}, "invalid_from"),
    ],
)
async def test_invalid_queries_of_matches_are_rejected(
    partner: Any, path: str, query: dict[str, object], code: str
) -> None:
    status, body = await partner.get(path, **query)
    assert (status, body["error"]) == (400, code)


async def test_the_matches_of_one_wager_come_in_pages_and_by_time(partner: Any) -> None:
    wager = await matched_wager(partner, "one", 1, 1, 1, 1, 1)
    _, whole = await partner.get(DETAIL, wager_ids=wager["id"])
    read: list[object] = []
    sizes: list[int] = []
    cursor = ""
    while True:
        status, body = await partner.get(DETAIL_OF, wager_id=wager["id"], limit=2, next_cursor=cursor)
        assert status == 200
        read += body["data"]["matching_details"]
        sizes.append(len(body["data"]["matching_details"]))
        cursor = body["data"]["next_cursor"]
        if not cursor:
            break
    assert (read, sizes) == (whole["data"]["matching_details"], [2, 2, 1])
    for query, count in (
        (around(), 5),
        ({"from": second() + 60}, 0),
        ({"to": second() - 60}, 0),
    ):
        _, body = await partner.get(DETAIL_OF, wager_id=wager["id"], **query)
        assert len(body["data"]["matching_details"]) == count
    assert (await partner.get(DETAIL_OF, wager_id="nobody"))[1]["data"]["matching_details"] == []


async def test_matched_bets_come_in_pages_oldest_first(partner: Any) -> None:
    wager = await matched_wager(partner, "one", 1, 2, 3, 1, 2)
    read: list[float] = []
    cursor = ""
    while True:
        status, body = await partner.get(BETS, **around(limit=2, next_cursor=cursor))
        assert status == 200
        assert {each["wager_id"] for each in body["data"]["matched_bets"]} == {wager["id"]}
        read += [each["matched_stake"] for each in body["data"]["matched_bets"]]
        cursor = body["data"]["next_cursor"]
        if not cursor:
            break
        assert len(body["data"]["matched_bets"]) == 2
    assert read == [1, 2, 3, 1, 2]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "missing_date_range"),
        ({"from": 2, "to": 1}, "from_date_greater_than_to_date"),
        ({"from": 1, "to": 8 * 86_400}, "invalid_from_to_range"),
        ({"from": "x"}, "invalid_from"),
        ({"from": 1, "to": 2, "next_cursor": "x"}, "invalid_cursor"),
        ({"from": 1, "to": 2, "limit": 0}, "invalid_param"),
    ],
)
async def test_invalid_queries_of_matched_bets_are_rejected(partner: Any, query: dict[str, object], code: str) -> None:
    status, body = await partner.get(BETS, **query)
    assert (status, body["error"]) == (400, code)


# --- histories ----------------------------------------------------------------------------------------------------


async def listed(partner: Any, **query: object) -> list[str]:
    status, body = await partner.get(HISTORY, **query)
    assert status == 200, body
    return [each["external_id"] for each in body["data"]["wagers"]]


async def test_each_filter_of_the_history(partner: Any) -> None:
    await matched_wager(partner, "part", 1)
    held = {"part": "", "open": "", "gone": ""}
    for name in ("open", "gone"):
        held[name] = (await partner.place(name, side=0, odds=150, stake=10.0))["id"]
        await partner.opened(held[name])
    total = {"external_id": "total", "line_id": partner.line_id(1, TOTAL, 886), "odds": 120, "stake": 5}
    _, body = await partner.post("mm/place_wager", total)
    await partner.opened(body["data"]["wager"]["id"])
    await partner.post("mm/cancel_wager", {"wager_id": held["gone"], "external_id": "gone"})
    await partner.until(held["gone"], lambda each: each["status"] == "canceled")
    everything = ["part", "open", "gone", "total"]
    assert await listed(partner, **around()) == everything
    for query, expected in (
        ({"status": "open"}, ["part", "open", "total"]),
        ({"status": "canceled"}, ["gone"]),
        ({"status": "settled"}, []),
        ({"matching_status": "partially_matched"}, ["part"]),
        ({"matching_status": "unmatched"}, ["open", "gone", "total"]),
        ({"matching_status": "unmatched", "status": "open"}, ["open", "total"]),
        ({"market_id": TOTAL}, ["total"]),
        ({"market_id": MONEYLINE, "status": "open"}, ["part", "open"]),
        ({"event_id": GAME}, everything),
        ({"event_id": EMPTY}, []),
    ):
        assert await listed(partner, **around(**query)) == expected, query
        changed = {"updated_at_from": second() - 60, "updated_at_to": second() + 60}
        assert await listed(partner, **changed, **query) == expected, query
    assert await listed(partner, **around(updated_at_from=second() + 1, updated_at_to=second() + 60)) == []
    assert await listed(partner, updated_at_from=second() - 60) == everything
    assert await listed(partner, to=second() + 1) == everything


@pytest.mark.parametrize("path", [HISTORY, "mm/get_wager_histories"])
@pytest.mark.parametrize("query", [{}, {"status": "open"}, {"market_id": MONEYLINE, "event_id": GAME}])
async def test_the_history_comes_in_pages_under_every_filter(partner: Any, path: str, query: dict[str, Any]) -> None:
    wagers = [
        {"external_id": f"w{n}", "line_id": partner.line_id(0), "odds": 110 + 2 * n, "stake": 5} for n in range(7)
    ]
    status, body = await partner.post("mm/place_multiple_wagers", {"data": wagers})
    assert status == 200
    await partner.opened(body["data"]["succeed_wagers"][-1]["id"])
    read: list[str] = []
    cursor = ""
    while True:
        status, body = await partner.get(path, **around(limit=3, next_cursor=cursor, **query))
        assert status == 200
        assert body["last_synced_at"].endswith("Z")
        read += [each["external_id"] for each in body["data"]["wagers"]]
        cursor = body["data"]["next_cursor"]
        if not cursor:
            break
        assert len(body["data"]["wagers"]) == 3
    assert read == [f"w{n}" for n in range(7)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"status": "asleep"}, "invalid_param"),
        ({"matching_status": "half"}, "invalid_param"),
        ({"market_id": "x"}, "invalid_market_id"),
        ({"event_id": "x"}, "invalid_event_id"),
        ({"next_cursor": "x"}, "invalid_cursor"),
        ({"updated_at_from": "x"}, "invalid_updated_at_from"),
        ({"updated_at_to": "x"}, "invalid_updated_at_to"),
        ({"updated_at_from": 1, "updated_at_to": 3 * 86_400}, "invalid_updated_at_range"),
        ({"limit": 1001}, "invalid_param"),
    ],
)
async def test_invalid_filters_of_the_history_are_rejected(partner: Any, query: dict[str, object], code: str) -> None:
    status, body = await partner.get(HISTORY, **around(**query))
    assert (status, body["error"]) == (400, code)


async def test_the_balance_in_the_legacy_names(partner: Any) -> None:
    status, body = await partner.get("mm/get_balance")
    assert status == 200
    data = body["data"]
    assert data.pop("unmatched_wager_last_synced_at").endswith("Z")
    assert data == {
        "balance": 1000.0,
        "matched_wager_balance": 0.0,
        "unmatched_wager_balance": 0.0,
        "unmatched_wager_balance_status": "active",
    }
