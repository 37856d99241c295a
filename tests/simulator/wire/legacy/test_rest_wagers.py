"""Placing, cancelling and listing wagers, and the errors that they lead to."""

from __future__ import annotations

import time
from typing import Any

import pytest
from small_world import GAME, MONEYLINE, SPREAD

from mmbot.domain.instant import HOUR
from mmbot.simulator.venue.settings import VenueSettings


async def test_a_placement_is_accepted_into_the_queue_and_then_opens(partner: Any) -> None:
    wager = await partner.place("run-1", odds=-117, stake=25.0)
    assert wager["external_id"] == "run-1"
    assert wager["line_id"] == partner.line_id(0)
    assert (wager["odds"], wager["stake"], wager["profit"]) == (-117, 25.0, 21.37)
    assert (wager["matched_stake"], wager["unmatched_stake"]) == (0, 25.0)
    assert (wager["status"], wager["matching_status"], wager["winning_status"]) == ("inactive", "unmatched", "tbd")
    assert (wager["sport_event_id"], wager["market_id"], wager["outcome_id"]) == (GAME, MONEYLINE, 4)
    opened = await partner.opened(wager["id"])
    assert opened["status"] == "open"
    _, body = await partner.get("mm/get_balance")
    assert body["data"]["unmatched_wager_balance"] == 25.0
    assert body["data"]["balance"] == 1000.0  # money is taken at the match


async def test_odds_may_be_written_as_a_float_that_is_whole(partner: Any) -> None:
    assert (await partner.place("run-1", odds=110.0))["odds"] == 110


async def test_the_line_of_a_wager_is_its_outcome_s_own(partner: Any) -> None:
    wagers = [
        {"external_id": f"s{side}", "line_id": partner.line_id(side, SPREAD, -14), "odds": 110, "stake": 5}
        for side in (0, 1)
    ]
    _, body = await partner.post("mm/place_multiple_wagers", {"data": wagers})
    assert [each["line"] for each in body["data"]["succeed_wagers"]] == [-3.5, 3.5]


async def test_a_batch_answers_200_with_failed_and_succeeded_wagers(partner: Any) -> None:
    items = [
        {"external_id": "a", "line_id": partner.line_id(0), "odds": 110, "stake": 10},
        {"external_id": "b", "line_id": partner.line_id(0), "odds": 113.5, "stake": 10},
        {"external_id": "a", "line_id": partner.line_id(0), "odds": 110, "stake": 10},
        {"external_id": "c", "line_id": "0" * 32, "odds": 110, "stake": 10},
        {"external_id": "d", "line_id": partner.line_id(0), "odds": 110, "stake": 0.5},
    ]
    status, body = await partner.post("mm/place_multiple_wagers", {"data": items})
    assert status == 200
    (placed,) = body["data"]["succeed_wagers"]
    assert placed["external_id"] == "a"
    failed = body["data"]["failed_wagers"]
    assert [(each["index"], each["error"]) for each in failed] == [
        (1, "wager_invalid_odds"),
        (2, "wager_external_id_existed"),
        (3, "market_line_invalid"),
        (4, "invalid_request"),
    ]
    assert failed[0]["request"] == items[1]
    assert failed[3]["message"] == "your wager stake is below the minimum allowed"


async def test_more_than_twenty_wagers_are_rejected_as_a_whole(partner: Any) -> None:
    items = [{"external_id": f"a{n}", "line_id": partner.line_id(0), "odds": 110, "stake": 10} for n in range(21)]
    status, body = await partner.post("mm/place_multiple_wagers", {"data": items})
    assert (status, body["error"]) == (400, "wager_limit_exceeded")
    status, _ = await partner.post("mm/place_multiple_wagers", {"data": items[:20]})
    assert status == 200
    status, body = await partner.post("mm/place_multiple_wagers", {"data": []})
    assert (status, body["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"odds": 101.5}, 400, "wager_invalid_odds"),
        ({"odds": -100}, 400, "wager_invalid_odds"),
        ({"odds": 131}, 400, "wager_invalid_odds"),
        ({"odds": 0}, 400, "wager_invalid_odds"),
        ({"stake": 0.5}, 400, "invalid_request"),
        ({"stake": 0.003}, 400, "invalid_request"),
        ({"stake": 10.001}, 400, "invalid_stake"),
        ({"stake": 100_000_001}, 400, "wager_stake_exceeds_max"),
        ({"line_id": "f" * 32}, 400, "market_line_invalid"),
        ({"line_id": "f" * 31}, 400, "invalid_line_id"),
        ({"external_id": "no spaces"}, 400, "invalid_external_id"),
        ({"external_id": "x" * 101}, 400, "invalid_external_id"),
        ({"external_id": ""}, 400, "invalid_external_id"),
        ({"stake": "ten"}, 400, "invalid_request"),
        ({"stake": None}, 400, "invalid_request"),
        ({"wager_strategy": "hope"}, 400, "invalid_request"),
    ],
)
async def test_an_invalid_placement_is_rejected_with_its_code(
    partner: Any, change: dict[str, object], status: int, code: str
) -> None:
    wager: dict[str, object] = {"external_id": "x", "line_id": partner.line_id(0), "odds": 110, "stake": 10}
    answered, body = await partner.post("mm/place_wager", wager | change)
    assert (answered, body["error"]) == (status, code)
    assert body["message"]


async def test_an_external_id_can_be_used_only_once(partner: Any) -> None:
    wager = await partner.place("once")
    await partner.opened(wager["id"])
    await partner.post("mm/cancel_wager", {"wager_id": wager["id"], "external_id": "once"})
    again = {"external_id": "once", "line_id": partner.line_id(0), "odds": 110, "stake": 10}
    status, body = await partner.post("mm/place_wager", again)
    assert (status, body["error"]) == (400, "wager_external_id_existed")


async def test_two_own_wagers_that_could_match_are_rejected(partner: Any) -> None:
    await partner.place("a", side=0, odds=-117)
    against = {"external_id": "b", "line_id": partner.line_id(1), "odds": 110, "stake": 10}
    status, body = await partner.post("mm/place_wager", against)
    assert (status, body["error"]) == (400, "self_match")


async def test_a_wager_that_the_funds_do_not_allow_becomes_invalid_after_its_200(partner: Any) -> None:
    wager = await partner.place("big", stake=10_000.01)
    after = await partner.until(wager["id"], lambda each: each["status"] != "inactive")
    assert after["status"] == "invalid"


async def test_a_cancel_and_each_reason_to_reject_it(partner: Any) -> None:
    wager = await partner.place("c")
    ids = {"wager_id": wager["id"], "external_id": "c"}
    await partner.opened(wager["id"])
    status, body = await partner.post("mm/cancel_wager", ids | {"external_id": "other"})
    assert (status, body["error"]) == (400, "wager_not_matching_external_id")
    status, body = await partner.post("mm/cancel_wager", ids)
    assert (status, body["data"]["success"]) == (200, True)
    assert (await partner.get(f"mm/get_wager/{wager['id']}"))[1]["data"]["status"] == "canceled"
    status, body = await partner.post("mm/cancel_wager", ids)
    assert (status, body["error"]) == (400, "wager_already_cancelled")
    assert "already cancelled" in body["message"]
    status, body = await partner.post("mm/cancel_wager", {"wager_id": "nobody", "external_id": "c"})
    assert (status, body["error"]) == (404, "data_not_found")


async def test_a_wager_that_is_placing_cannot_be_cancelled_yet(partner: Any) -> None:
    await partner.fault("delay_activations", seconds=60)
    wager = await partner.place("slow")
    status, body = await partner.post("mm/cancel_wager", {"wager_id": wager["id"], "external_id": "slow"})
    assert (status, body["error"]) == (409, "wager_is_placing")


class TestJustOpened:
    """A wager that has just opened."""

    @pytest.fixture
    def venue_settings(self) -> VenueSettings:
        return VenueSettings(activation_ns=0, opened_retry_ns=HOUR)

    async def test_is_to_be_cancelled_again_in_a_moment(self, partner: Any) -> None:
        wager = await partner.place("fresh")
        await partner.opened(wager["id"])
        status, body = await partner.post("mm/cancel_wager", {"wager_id": wager["id"], "external_id": "fresh"})
        assert (status, body["error"]) == (425, "wager_opened_retry")


async def test_a_cancel_after_a_match_cuts_the_stake_to_the_matched_part(partner: Any) -> None:
    wager = await partner.place("m", side=0, odds=110, stake=10.0)
    await partner.opened(wager["id"])
    partner.crowd_rests(1, -110, 3_30)
    matched = await partner.until(wager["id"], lambda each: each["matching_status"] == "partially_matched")
    assert (matched["matched_stake"], matched["unmatched_stake"], matched["stake"]) == (3.0, 7.0, 10.0)
    status, _ = await partner.post("mm/cancel_wager", {"wager_id": wager["id"], "external_id": "m"})
    assert status == 200
    _, body = await partner.get(f"mm/get_wager/{wager['id']}")
    left = body["data"]
    assert (left["status"], left["matching_status"], left["stake"]) == ("open", "fully_matched", 3.0)
    status, body = await partner.post("mm/cancel_wager", {"wager_id": wager["id"], "external_id": "m"})
    assert (status, body["error"]) == (400, "wager_already_matched")
    _, body = await partner.get("mm/get_balance")
    assert body["data"]["balance"] == 997.0
    assert body["data"]["matched_wager_balance"] == 3.0


async def test_a_batch_of_cancels_is_a_list_with_a_result_for_each(partner: Any) -> None:
    wager = await partner.place("d")
    await partner.opened(wager["id"])
    items = [{"wager_id": wager["id"], "external_id": "d"}, {"wager_id": "gone", "external_id": "e"}]
    status, body = await partner.post("mm/cancel_multiple_wagers", {"data": items})
    assert status == 200
    done, rejected = body["data"]
    assert done == {"success": True, "wager": {"id": wager["id"], "external_id": "d"}}
    assert (rejected["success"], rejected["statusCode"], rejected["error"]["error"]) == (False, 404, "data_not_found")
    assert rejected["wager"]["external_id"] == "e"


async def test_bulk_cancels_take_their_scope_and_404_when_nothing_is_open(partner: Any) -> None:
    status, body = await partner.post("mm/cancel_all_wagers", {})
    assert (status, body["error"]) == (404, "no_cancellable_wagers")
    status, body = await partner.post("mm/cancel_wagers_by_event", {"event_id": GAME})
    assert (status, body["error"]) == (404, "data_not_found")
    scopes: list[tuple[str, dict[str, object] | None]] = [
        ("cancel_wagers_by_market", {"event_id": GAME, "market_id": MONEYLINE, "line_id": partner.line_id(0)}),
        ("cancel_wagers_by_market", {"event_id": GAME, "market_id": MONEYLINE}),
        ("cancel_wagers_by_event", {"event_id": GAME}),
        ("cancel_all_wagers", None),
    ]
    for number, (path, body) in enumerate(scopes):
        wager = await partner.place(f"bulk-{number}")
        await partner.opened(wager["id"])
        status, answer = await partner.post(f"mm/{path}", body)
        assert (status, answer) == (200, {"data": {"success": True}})
        assert (await partner.get(f"mm/get_wager/{wager['id']}"))[1]["data"]["status"] == "canceled"
    wager = await partner.place("kept")
    await partner.opened(wager["id"])
    elsewhere = {"event_id": GAME, "market_id": SPREAD}
    assert (await partner.post("mm/cancel_wagers_by_market", elsewhere))[0] == 404
    assert (await partner.get(f"mm/get_wager/{wager['id']}"))[1]["data"]["status"] == "open"


@pytest.mark.parametrize(
    ("scope", "status", "code"),
    [
        ({"event_id": 0}, 400, "invalid_event_id"),
        ({"event_id": 99}, 404, "sport_event_not_found"),
        ({"event_id": GAME, "market_id": 0}, 400, "invalid_market_id"),
        ({"event_id": 99, "market_id": MONEYLINE}, 404, "sport_event_not_found"),
    ],
)
async def test_a_bulk_cancel_for_an_unknown_sport_event_or_market_is_rejected(
    partner: Any, scope: dict[str, int], status: int, code: str
) -> None:
    path = "mm/cancel_wagers_by_market" if "market_id" in scope else "mm/cancel_wagers_by_event"
    answered, body = await partner.post(path, scope)
    assert (answered, body["error"]) == (status, code)


async def test_an_unknown_wager_is_404(partner: Any) -> None:
    status, body = await partner.get("mm/get_wager/partner_x")
    assert (status, body) == (404, {"error": "data_not_found", "message": "Record not found"})


@pytest.mark.parametrize("path", ["v2/mm/get_wager_histories", "mm/get_wager_histories"])
async def test_the_history_is_paged_and_says_up_to_when_it_is_complete(partner: Any, path: str) -> None:
    wagers = [await partner.place(f"h{n}", odds=110 + n) for n in range(5)]
    await partner.opened(wagers[-1]["id"])
    now = int(time.time())
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        status, body = await partner.get(path, **{"from": now - 60, "to": now + 60, "limit": 2, "next_cursor": cursor})
        assert status == 200
        assert body["last_synced_at"].startswith("20")
        seen += [each["external_id"] for each in body["data"]["wagers"]]
        cursor = body["data"]["next_cursor"]
    assert seen == ["h0", "h1", "h2", "h3", "h4"]
    assert cursor == ""
    _, body = await partner.get(path, updated_at_from=now - 60, status="open", event_id=GAME, market_id=MONEYLINE)
    assert len(body["data"]["wagers"]) == 5
    _, body = await partner.get(path, updated_at_from=now - 60, matching_status="fully_matched")
    assert body["data"] == {"wagers": [], "next_cursor": ""}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "missing_date_range"),
        ({"from": 0, "to": 8 * 86_400}, "invalid_from_to_range"),
        ({"updated_at_from": 0, "updated_at_to": 3 * 86_400}, "invalid_updated_at_range"),
        ({"from": 100, "to": 50}, "from_date_greater_than_to_date"),
        ({"from": "soon"}, "invalid_from"),
        ({"to": "1e9"}, "invalid_to"),
        ({"updated_at_from": "x"}, "invalid_updated_at_from"),
        ({"updated_at_to": 10**19}, "invalid_updated_at_to"),
        ({"from": 1, "to": 2, "next_cursor": "?"}, "invalid_cursor"),
        ({"from": 1, "to": 2, "limit": 1001}, "invalid_param"),
        ({"from": 1, "to": 2, "limit": 0}, "invalid_param"),
        ({"from": 1, "to": 2, "status": "sleeping"}, "invalid_param"),
        ({"from": 1, "to": 2, "market_id": "x"}, "invalid_market_id"),
        ({"from": 1, "to": 2, "event_id": "x"}, "invalid_event_id"),
    ],
)
async def test_an_invalid_history_query_is_rejected_with_its_code(
    partner: Any, query: dict[str, object], code: str
) -> None:
    status, body = await partner.get("v2/mm/get_wager_histories", **query)
    assert (status, body["error"]) == (400, code)


async def test_matches_are_listed_by_wager_and_by_time(partner: Any) -> None:
    wager = await partner.place("m", side=0, odds=110, stake=10.0)
    await partner.opened(wager["id"])
    for _ in range(3):
        partner.crowd_rests(1, -110, 1_10)
    await partner.until(wager["id"], lambda each: each["matched_stake"] == 3.0)
    status, body = await partner.get("mm/get_wager_matching_detail", wager_ids=f"{wager['id']},unknown")
    assert status == 200
    details = body["data"]["matching_details"]
    assert [(each["wager_id"], each["matched_odds"], each["matched_stake"]) for each in details] == [
        (wager["id"], 110, 1.0)
    ] * 3
    status, body = await partner.get("v2/mm/get_wager_matching_detail", wager_id=wager["id"], limit=2)
    assert len(body["data"]["matching_details"]) == 2
    cursor = body["data"]["next_cursor"]
    _, body = await partner.get("v2/mm/get_wager_matching_detail", wager_id=wager["id"], limit=2, next_cursor=cursor)
    assert len(body["data"]["matching_details"]) == 1
    assert body["data"]["next_cursor"] == ""
    assert (await partner.get("mm/get_wager_matching_detail"))[0] == 400
    now = int(time.time())
    status, body = await partner.get("mm/get_matched_bets", **{"from": now - 60, "to": now + 60, "limit": 100})
    assert [each["wager_id"] for each in body["data"]["matched_bets"]] == [wager["id"]] * 3
    status, body = await partner.get("mm/get_matched_bets", **{"from": now - 60, "to": now + 60, "limit": 101})
    assert (status, body) == (400, {"error": "invalid_param", "message": "Invalid param: invalid limit param"})


async def test_a_result_pays_and_takes_commission_and_the_wallet_says_why(partner: Any) -> None:
    wager = await partner.place("w", side=0, odds=110, stake=10.0)
    await partner.opened(wager["id"])
    partner.crowd_rests(1, -110, 11_00)
    await partner.until(wager["id"], lambda each: each["matching_status"] == "fully_matched")
    await partner.sim("POST", f"sim/settle/{GAME}?winner=0")
    closed = await partner.until(wager["id"], lambda each: each["status"] == "closed")
    assert closed["winning_status"] == "won"
    _, body = await partner.get("mm/get_balance")
    assert body["data"]["balance"] == 1010.78  # 11 won less 2 % of it
    _, body = await partner.get("v2/mm/get_transactions", limit=1000)
    lines = body["data"]["transactions"]
    assert [line["transaction_type"] for line in lines][-1] == "DEPOSIT"
    (fee,) = [line for line in lines if line["transaction_type"] == "COMMISSION"]
    assert (fee["amount"], fee["change"], fee["market_id"]) == (0.22, -0.22, str(MONEYLINE))
    assert lines[0]["balance"] == 1010.78
    _, body = await partner.get("v2/mm/get_transactions", limit=1)
    _, rest = await partner.get("v2/mm/get_transactions", limit=1000, next_cursor=body["data"]["next_cursor"])
    assert body["data"]["transactions"] + rest["data"]["transactions"] == lines


async def test_wagers_on_lines_that_are_not_traded_are_rejected(partner: Any) -> None:
    wager = {"external_id": "x", "line_id": partner.line_id(0), "odds": 110, "stake": 10}
    await partner.fault("unlist_event", event=GAME)
    status, body = await partner.post("mm/place_wager", wager)
    assert (status, body["error"]) == (400, "sport_event_is_not_booked")
    await partner.fault("list_event", event=GAME)
    await partner.fault("market_status", event=GAME, market=MONEYLINE, status="suspended")
    status, body = await partner.post("mm/place_wager", wager)
    assert (status, body["error"]) == (400, "event_not_available")
    await partner.fault("market_status", event=GAME, market=MONEYLINE, status="active")
    assert (await partner.post("mm/place_wager", wager))[0] == 200


@pytest.mark.parametrize("body", ["", "{", "[]", '{"data": 1}', '"x"', '{"data": [{}]}'])
async def test_a_malformed_body_is_an_invalid_request(partner: Any, body: str) -> None:
    for path in ("place_wager", "place_multiple_wagers", "cancel_wager", "cancel_multiple_wagers"):
        url = f"{partner.server.base_url}/mm/{path}"
        headers = {"Authorization": f"Bearer {partner.token}"}
        async with partner.http.post(url, data=body.encode(), headers=headers) as answer:
            assert answer.status == 400
            assert (await answer.json())["error"] == "invalid_request"
