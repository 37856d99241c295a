"""Placements and cancels in the v4 dialect: the body that is sent, and the answer for each item."""

from __future__ import annotations

import json

import pytest
from v4_bodies import CANCELS, SENT, V4, body, order

from mmbot.domain.wager import Matching, Status
from mmbot.engine.events import Failure, FailureReason
from mmbot.engine.requests import Cancellation

FIRST, SECOND = "r7-a-000017", "r7-a-000018"


# --- placements -------------------------------------------------------------------------------------------------------


def test_a_placement_has_the_v4_names_and_its_strategy() -> None:
    call = V4.changes.place_many(1, SENT)
    assert (call.method, call.path) == ("POST", "/v4/mm/submit_multiple_orders")
    assert json.loads(call.body or b"") == {
        "data": [
            {"external_id": FIRST, "strike_id": "aa", "price": -117, "quantity": 25.0},
            {
                "external_id": SECOND,
                "strike_id": "bb",
                "price": 120,
                "quantity": 10.0,
                "order_strategy": "fillOrKill",
            },
        ]
    }
    assert json.loads(V4.changes.place_one(SENT[0]).body or b"")["quantity"] == 25.0


def test_one_placement_is_queued() -> None:
    wire = order(status="inactive", matching_status="unmatched", filled_quantity=0, open_quantity=25.0)
    call = V4.changes.place_one(SENT[0])
    report = call.read(body({"success": True, "order": wire}), [])
    assert (report.wager_id, report.status, report.matched) == ("ord-1", Status.INACTIVE, 0)
    with pytest.raises(ValueError, match="no success"):
        call.read(body({"success": False, "order": wire}), [])
    with pytest.raises(ValueError, match="another wager"):
        call.read(body({"success": True, "order": wire | {"price": 120}}), [])


def placed(answer: object) -> tuple[list[str], dict[str, tuple[Failure, str, FailureReason]], list[str]]:
    malformed: list[str] = []
    read = V4.changes.place_many(1, SENT).read(body(answer), malformed)
    failed = {item.external_id: (item.failure, item.code, item.reason) for item in read.failed}
    return [report.external_id for report in read.accepted], failed, malformed


def test_a_batch_names_accepted_and_failed_orders() -> None:
    done = {"order_id": "ord-2", "external_id": SECOND, "strike_id": "bb", "price": 120, "quantity": 10}
    missed = {
        "index": 0,
        "request": {"external_id": FIRST, "strike_id": "aa", "price": -117, "quantity": 25},
        "error": "order_external_id_existed",
        "message": "given user id already has order with the same external id",
    }
    accepted, failed, malformed = placed({"succeed_orders": [done], "failed_orders": [missed]})
    assert accepted == [SECOND]
    assert failed == {FIRST: (Failure.UNKNOWN, "order_external_id_existed", FailureReason.ID_EXISTS)}
    assert not malformed


def test_a_short_accepted_order_is_completed_from_the_request() -> None:
    (report,) = (
        V4.changes.place_many(1, SENT)
        .read(body({"succeed_orders": [{"id": "ord-2", "external_id": SECOND}]}), [])
        .accepted
    )
    assert (report.wager_id, report.line_id, report.odds, report.stake) == ("ord-2", "bb", 120, 1_000)
    assert (report.status, report.matching) == (Status.INACTIVE, Matching.UNMATCHED)


@pytest.mark.parametrize("answer", [{"succeed_orders": []}, {"failed_orders": [], "succeed_orders": None}])
def test_an_order_that_the_answer_omits_is_unknown(answer: object) -> None:
    assert placed(answer) == ([], {}, [])


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"index": 1, "error": "event_not_available"}, (Failure.REJECTED, "event_not_available")),
        ({"index": 1, "error": "invalid_price"}, (Failure.BUG, "invalid_price")),
        ({"index": 1, "error": "wager_invalid_odds"}, (Failure.BUG, "invalid_price")),
        ({"index": 1, "error": "internal_error"}, (Failure.UNKNOWN, "internal_error")),
        ({"external_id": SECOND, "error": "rate_limit_reached"}, (Failure.RETRYABLE, "rate_limit_reached")),
        ({"index": 1, "error": {"error_code": 30010, "message": "bad"}}, (Failure.BUG, "30010")),
        ({"index": 1, "error": {"error": "self_match", "message": "own"}}, (Failure.REJECTED, "self_match")),
        ({"index": 1, "error": "brand_new_reason"}, (Failure.REJECTED, "brand_new_reason")),
        ({"index": 1, "error": "odd", "statusCode": 502}, (Failure.UNKNOWN, "odd")),
        ({"index": 1, "error": None}, (Failure.REJECTED, "rejected")),
    ],
)
def test_a_failed_order_says_what_it_means(item: object, told: tuple[Failure, str]) -> None:
    accepted, failed, malformed = placed({"succeed_orders": [], "failed_orders": [item]})
    assert not accepted
    assert not malformed
    assert failed[SECOND][:2] == told


@pytest.mark.parametrize("answer", [{}, {"success": True}, [], None, 7])
def test_a_batch_answer_with_neither_list_is_not_read(answer: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        placed(answer)


# --- cancels ----------------------------------------------------------------------------------------------------------


def cancelled(answer: object) -> tuple[tuple[str, ...], dict[str, tuple[Failure, str]], list[str]]:
    malformed: list[str] = []
    read = V4.changes.cancel_many(1, CANCELS).read(body(answer), malformed)
    return read.accepted, {item.external_id: (item.failure, item.code) for item in read.failed}, malformed


DONE = {"success": True, "order": {"order_id": "ord-2", "external_id": SECOND}}
MISSED = {
    "success": False,
    "order": {"order_id": "ord-1", "external_id": FIRST},
    "error": {"error": "order_already_filled", "message": "failed to cancel order. order is already matched"},
    "statusCode": 400,
}


@pytest.mark.parametrize(
    "answer",
    [
        [DONE, MISSED],
        {"succeed_orders": [DONE], "failed_orders": [MISSED]},
        {
            "succeed_orders": [{"order_id": "ord-2"}],
            "failed_orders": [{"id": "ord-1", "error": "order_already_filled"}],
        },
    ],
)
def test_a_batch_of_cancels_is_a_list_or_an_object(answer: object) -> None:
    assert cancelled(answer) == ((SECOND,), {FIRST: (Failure.REJECTED, "order_already_filled")}, [])


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        ("order_is_placing", 409, (Failure.RETRYABLE, "order_is_placing")),
        ({"error": "order_opened_retry", "message": "retry after 300ms."}, 425,
         (Failure.RETRYABLE, "order_opened_retry")),
        ({"message": "order is already cancelled"}, 400, (Failure.REJECTED, "order_already_cancelled")),
        ({"message": "Data not found"}, 404, (Failure.REJECTED, "data_not_found")),
        ({"error": "order_not_matching_external_id"}, 400, (Failure.BUG, "order_not_matching_external_id")),
        ({"error_code": 10001, "message": "gateway"}, 502, (Failure.UNKNOWN, "10001")),
        ("unknown_error", 500, (Failure.UNKNOWN, "unknown_error")),
    ],
)  # fmt: skip
def test_a_cancel_that_failed_says_what_it_means(error: object, status: int, told: tuple[Failure, str]) -> None:
    item = {"success": False, "order": {"order_id": "ord-1"}, "error": error, "statusCode": status}
    assert cancelled([item])[1] == {FIRST: told}


def test_cancels_name_both_ids_and_bulk_cancels_their_scope() -> None:
    assert json.loads(V4.changes.cancel_many(1, CANCELS).body or b"") == {
        "data": [
            {"order_id": "ord-1", "external_id": FIRST},
            {"order_id": "ord-2", "external_id": SECOND},
        ]
    }
    one = V4.changes.cancel_one(Cancellation("ord-7", ""))
    assert (one.path, json.loads(one.body or b"")) == ("/v4/mm/cancel_order", {"order_id": "ord-7", "external_id": ""})
    assert json.loads(V4.changes.cancel_sport_event(7).body or b"") == {"event_id": 7}
    assert json.loads(V4.changes.cancel_market(7, 251, None).body or b"") == {"event_id": 7, "market_id": 251}
    market = V4.changes.cancel_market(7, 251, "aa")
    assert json.loads(market.body or b"") == {"event_id": 7, "market_id": 251, "strike_id": "aa"}
    assert V4.changes.cancel_all().body == b"{}"


def test_a_cancel_needs_an_answer_that_does_not_deny_success() -> None:
    V4.changes.cancel_one(CANCELS[0]).read(body({"success": True}), [])
    V4.changes.cancel_all().read(b"", [])
    for call in (V4.changes.cancel_one(CANCELS[0]), V4.changes.cancel_all()):
        with pytest.raises(ValueError, match="no success"):
            call.read(body({"success": False}), [])
