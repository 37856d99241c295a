"""Placements and cancels in the legacy dialect: the body that is sent, and the answer for each item."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from legacy_bodies import CANCELS, SENT, WAGER, body

from mmbot.engine.events import Failure
from mmbot.engine.requests import Cancellation, Placement
from mmbot.exchange.legacy import changes

# --- placements -------------------------------------------------------------------------------------------------------


def placed(answer: object) -> tuple[list[str], dict[str, tuple[Failure, str]], list[str]]:
    malformed: list[str] = []
    read = changes.placed_many(1, body(answer), SENT, malformed)
    failed = {item.external_id: (item.failure, item.code) for item in read.failed}
    return [report.external_id for report in read.accepted], failed, malformed


def test_a_placement_that_was_placed_before_is_looked_up() -> None:
    failed = [{"request": {"external_id": "x1"}, "error": "wager_external_id_existed"}]
    assert placed({"failed_wagers": failed})[1] == {"x1": (Failure.UNKNOWN, "wager_external_id_existed")}


def test_items_that_the_answer_omits_are_unknown() -> None:
    assert placed({"succeed_wagers": [], "failed_wagers": []}) == ([], {}, [])
    accepted, failed, malformed = placed({"succeed_wagers": [{"id": "w1", "external_id": "x1"}]})
    assert (accepted, failed, malformed) == (["x1"], {}, [])


@pytest.mark.parametrize(
    "item",
    [
        {"external_id": "x1"},
        {"id": "w1", "external_id": "x1", "status": "sleeping"},
        {"id": "w1", "external_id": "x1", "line_id": "line-b"},
        {"id": "w1", "external_id": "x1", "odds": 120},
        {"id": "w1", "external_id": "x1", "stake": 0.001},
        {"id": "w1", "external_id": "strange"},
        {"id": "w1"},
        "what",
        None,
        [],
    ],
)
def test_an_accepted_item_that_makes_no_sense_is_unknown_and_the_other_is_read(item: object) -> None:
    accepted, failed, malformed = placed({"succeed_wagers": [item, {"id": "w2", "external_id": "x2"}]})
    assert (accepted, failed) == (["x2"], {})
    assert malformed


def test_a_wager_that_is_listed_with_two_ids_is_unknown() -> None:
    twice = [{"id": "w1", "external_id": "x1"}, {"id": "w2", "external_id": "x2"}, {"id": "zzz", "external_id": "x1"}]
    accepted, failed, malformed = placed({"succeed_wagers": twice})
    assert (accepted, failed, len(malformed)) == (["x2"], {}, 1)


def test_two_wagers_with_one_id_are_unknown() -> None:
    accepted, failed, malformed = placed(
        {"succeed_wagers": [{"id": "w1", "external_id": "x1"}, {"id": "w1", "external_id": "x2"}]}
    )
    assert (accepted, failed, len(malformed)) == ([], {}, 2)


def test_a_wager_that_is_listed_twice_with_the_same_id_is_accepted() -> None:
    item = {"id": "w1", "external_id": "x1"}
    assert placed({"succeed_wagers": [item, item]}) == (["x1"], {}, [])


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"index": 1, "error": "event_not_available"}, {"x2": (Failure.REJECTED, "event_not_available")}),
        ({"external_id": "x2", "error": "self_match"}, {"x2": (Failure.REJECTED, "self_match")}),
        ({"index": 1, "error": "brand_new_reason"}, {"x2": (Failure.REJECTED, "brand_new_reason")}),
        ({"index": 1, "error": "internal_error"}, {"x2": (Failure.UNKNOWN, "internal_error")}),
        ({"index": 1, "error": "opened_retry"}, {"x2": (Failure.UNKNOWN, "opened_retry")}),
        ({"index": 1, "error": "rate_limit_reached"}, {"x2": (Failure.RETRYABLE, "rate_limit_reached")}),
        ({"index": 1, "error": "wager_invalid_odds"}, {"x2": (Failure.BUG, "wager_invalid_odds")}),
        ({"index": 1, "error": {"message": "bad odds", "error_code": 30010}}, {"x2": (Failure.BUG, "30010")}),
        ({"index": 1, "error": None, "message": "no"}, {"x2": (Failure.REJECTED, "rejected")}),
        ({"index": 1, "error": "failed badly", "statusCode": 502}, {"x2": (Failure.UNKNOWN, "http_502")}),
        ({"index": 7, "error": "event_not_available"}, {}),
        ({"index": -1, "error": "event_not_available"}, {}),
        ({"request": {"external_id": "strange"}, "error": "event_not_available"}, {}),
        ({"error": "event_not_available"}, {}),
        (7, {}),
    ],
)
def test_a_failed_item_says_what_it_means(item: object, told: dict[str, object]) -> None:
    accepted, failed, malformed = placed(
        {"succeed_wagers": [{"id": "w1", "external_id": "x1"}], "failed_wagers": [item]}
    )
    assert (accepted, failed) == (["x1"], told)
    assert bool(malformed) is not bool(told)


def test_an_item_in_both_lists_is_unknown() -> None:
    both = {
        "succeed_wagers": [{"id": "w1", "external_id": "x1"}],
        "failed_wagers": [{"index": 0, "error": "event_not_available"}],
    }
    accepted, failed, malformed = placed(both)
    assert (accepted, failed, len(malformed)) == ([], {}, 1)


@pytest.mark.parametrize("answer", [{}, {"success": True}, [], None, 7])
def test_a_batch_answer_with_neither_list_is_not_read(answer: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        placed(answer)


@pytest.mark.parametrize("success", [{"success": False}, {"Success": False}])
def test_a_single_placement_that_says_no_success_is_not_taken_for_one(success: dict[str, bool]) -> None:
    sent = Placement("run-s-1", "line-a", -110, 2_550)
    assert changes.placed_one(body({"wager": WAGER}), sent).wager_id == "w1"
    with pytest.raises(ValueError, match="no success"):
        changes.placed_one(body({"wager": WAGER} | success), sent)


@given(st.integers(min_value=1, max_value=100_000_000 * 100))
def test_a_stake_keeps_its_cents_on_the_wire(stake: int) -> None:
    raw = changes.place_one(Placement("x", "line", 100, stake)).body
    assert raw is not None
    written = raw.split(b'"stake":')[1].rstrip(b"}")
    assert round(float(written) * 100) == stake
    assert len(written.partition(b".")[2]) <= 2
    assert b"e" not in written


# --- cancels ----------------------------------------------------------------------------------------------------------


def cancelled(answer: object) -> tuple[tuple[str, ...], dict[str, tuple[Failure, str]], list[str]]:
    malformed: list[str] = []
    read = changes.cancelled_many(1, body(answer), CANCELS, malformed)
    return read.accepted, {item.external_id: (item.failure, item.code) for item in read.failed}, malformed


@pytest.mark.parametrize(
    ("answer", "accepted", "failed"),
    [
        (
            [{"success": True, "wager": {"external_id": "x1"}}, {"Success": True, "wager": {"external_id": "x2"}}],
            ("x1", "x2"),
            {},
        ),
        (
            [{"success": True}, {"success": False, "statusCode": 404}],
            ("x1",),
            {"x2": (Failure.REJECTED, "data_not_found")},
        ),
        ([{"success": True}], (), {}),
        ([{"success": True}, "what"], (), {}),
        ([{"success": True, "external_id": "x2"}], ("x2",), {}),
        ([{"wager": {"external_id": "x1"}}], (), {}),
        (
            [{"wager": {"external_id": "x1"}, "error": "wager_is_placing", "statusCode": 409}],
            (),
            {"x1": (Failure.RETRYABLE, "wager_is_placing")},
        ),
        (
            [{"success": False, "external_id": "x1", "error": {"message": "play is already cancelled"}}],
            (),
            {"x1": (Failure.REJECTED, "wager_already_cancelled")},
        ),
        (
            [{"success": False, "external_id": "x1", "error": {"message": "still processing"}, "statusCode": 422}],
            (),
            {"x1": (Failure.RETRYABLE, "http_422")},
        ),
        (
            [{"success": False, "external_id": "x1", "error": "internal_error", "statusCode": 500}],
            (),
            {"x1": (Failure.UNKNOWN, "internal_error")},
        ),
        (
            {
                "succeed_wagers": [{"external_id": "x1"}],
                "failed_wagers": [{"external_id": "x2", "error": "data_not_found"}],
            },
            ("x1",),
            {"x2": (Failure.REJECTED, "data_not_found")},
        ),
        (
            {"succeed_wagers": [{"external_id": "x1"}], "failed_wagers": [{"external_id": "x1", "error": "x_y_z"}]},
            (),
            {},
        ),
        ({"success": True}, (), {}),
        ([], (), {}),
    ],
)
def test_a_batch_of_cancels_is_read_as_a_list_or_an_object(
    answer: object, accepted: tuple[str, ...], failed: dict[str, object]
) -> None:
    assert cancelled(answer)[:2] == (accepted, failed)


@pytest.mark.parametrize("answer", [None, 7, "ok", {"succeed_wagers": 1}])
def test_a_batch_of_cancels_that_cannot_be_read_is_not(answer: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        cancelled(answer)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"  \r\n",
        b"null",
        b"{}",
        b"[]",
        b'"ok"',
        b"true",
        b'{"data":null}',
        b'{"data":{}}',
        b'{"data":[]}',
        b'{"data":"done"}',
        b'{"data":{"success":true}}',
        b'{"data":{"Success":true}}',
        b'{"success":true}',
        b'{"last_synced_at":""}',
    ],
)
def test_a_cancel_without_items_needs_no_content_in_its_answer(raw: bytes) -> None:
    try:
        changes.cancel_all().read(raw, [])
    except ValueError as bad:
        pytest.fail(f"{raw!r} was not taken: {bad}")


@pytest.mark.parametrize(
    "raw",
    [
        b"<html>please log in</html>",
        b'{"data":{"success":false}}',
        b'{"data":{"Success":false}}',
        b'{"success":false}',
        b"false",
    ],
)
def test_an_answer_that_denies_success_or_is_a_gateways_is_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        changes.succeeded(raw)


@pytest.mark.parametrize("raw", [b"", b"null", b"{}", b'{"data":null}', b'{"data":{"success":false}}', b"<html>"])
def test_a_cancel_of_one_wager_without_data_has_an_unknown_outcome(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        changes.cancel_one(CANCELS[0]).read(raw, [])


def test_a_wager_without_an_external_id_is_cancelled_by_its_wager_id() -> None:
    """The exchange compares both ids, so the field is sent empty. The answer names the wager by its own id."""
    items = (Cancellation("w7", ""), Cancellation("w2", "x2"))
    call = changes.cancel_many(1, items)
    assert json.loads(call.body or b"")["data"][0] == {"wager_id": "w7", "external_id": ""}
    done = [{"success": True, "wager": {"id": "w7", "external_id": ""}}]
    missed = [
        {"success": False, "wager": {"id": "w2", "external_id": "x2"}, "error": {"error": "wager_already_matched"}}
    ]
    malformed: list[str] = []
    for answer in (done + missed, {"succeed_wagers": [{"id": "w7"}], "failed_wagers": [{"external_id": "x2"}]}):
        read = changes.cancelled_many(1, body(answer), items, malformed)
        assert read.accepted == ("w7",)
        assert [item.external_id for item in read.failed] == ["x2"]
    assert not malformed
