"""The REST client against a real server: placements and cancels."""

from __future__ import annotations

from pathlib import Path

import pytest
from rest_wagers import ONE, THREE, TWO, WAGER
from scripted_exchange import (
    ScriptedExchange,
    answer,
    client_of,
    data,
    error,
)

from mmbot.domain.clock import ManualClock
from mmbot.domain.wager import Matching, Status
from mmbot.engine import events, requests
from mmbot.engine.events import Failed, Failure, FailureReason
from mmbot.engine.requests import Cancellation

# --- what is sent, and how the answers are read -----------------------------------------------------------------------


async def test_placements_go_as_one_batch_and_each_item_has_its_own_answer(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script(
        "/mm/place_multiple_wagers",
        data(
            {
                "succeed_wagers": [{"id": "w1", "external_id": "run-s-1", "status": "inactive"}],
                "failed_wagers": [
                    {"index": 1, "request": {"external_id": "run-s-2"}, "error": "event_not_available", "message": "no"}
                ],
            }
        ),
    )
    async with client_of(exchange, clock, tmp_path) as (client, _):
        placed = await client.perform(requests.PlaceMany(5, (ONE, TWO, THREE)))
    assert isinstance(placed, events.Placed)
    assert placed.request == 5
    (accepted,) = placed.accepted
    assert (accepted.wager_id, accepted.external_id, accepted.line_id) == ("w1", "run-s-1", "line-a")
    assert (accepted.odds, accepted.stake, accepted.matched) == (-110, 2_550, 0)
    assert (accepted.status, accepted.matching) == (Status.INACTIVE, Matching.UNMATCHED)
    assert placed.failed == (events.FailedItem("run-s-2", Failure.REJECTED, "event_not_available", "no"),)
    (sent,) = exchange.calls("/mm/place_multiple_wagers")
    assert sent.token == "a1-access-token"
    assert sent.json == {
        "data": [
            {"external_id": "run-s-1", "line_id": "line-a", "odds": -110, "stake": 25.5},
            {
                "external_id": "run-s-2",
                "line_id": "line-b",
                "odds": 120,
                "stake": 10.0,
                "wager_strategy": "fillOrKill",
            },
            {"external_id": "run-s-3", "line_id": "line-b", "odds": 125, "stake": 10.0},
        ]
    }


async def test_one_placement_goes_by_the_batch_too(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/place_multiple_wagers", data({"succeed_wagers": [WAGER], "failed_wagers": None}))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        placed = await client.perform(requests.PlaceMany(1, (ONE,)))
    assert isinstance(placed, events.Placed)
    assert [report.status for report in placed.accepted] == [Status.OPEN]


async def test_place_one_has_its_own_call(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script("/mm/place_wager", data({"success": True, "wager": WAGER}))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        report = await client.place_one(ONE)
    assert (report.wager_id, report.stake) == ("w1", 2_550)
    assert exchange.seen[-1].json == {"external_id": "run-s-1", "line_id": "line-a", "odds": -110, "stake": 25.5}


async def test_one_cancel_goes_by_the_single_call(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/cancel_wager", data({"Success": True}))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        cancelled = await client.perform(requests.CancelMany(3, (Cancellation("w1", "run-s-1"),)))
    assert cancelled == events.Cancelled(3, ("run-s-1",), ())
    assert exchange.seen[-1].json == {"wager_id": "w1", "external_id": "run-s-1"}


@pytest.mark.parametrize(
    ("status", "code", "failure", "reason"),
    [
        (404, "data_not_found", Failure.REJECTED, FailureReason.NOT_FOUND),
        (404, "no_cancellable_wagers", Failure.REJECTED, FailureReason.NOTHING_OPEN),
        (400, "wager_already_matched", Failure.REJECTED, FailureReason.NOTHING_LEFT),
        (400, "wager_already_cancelled", Failure.REJECTED, FailureReason.NOTHING_LEFT),
        (409, "wager_is_placing", Failure.RETRYABLE, FailureReason.NOT_LIVE_YET),
        (425, "wager_opened_retry", Failure.RETRYABLE, FailureReason.BEING_MATCHED),
        (500, "opened_retry", Failure.RETRYABLE, FailureReason.BEING_MATCHED),
        (400, "wager_not_matching_external_id", Failure.BUG, FailureReason.WRONG_WAGER),
    ],
)
async def test_what_a_single_cancel_says_of_the_wager_is_said_of_the_item(
    exchange: ScriptedExchange,
    clock: ManualClock,
    tmp_path: Path,
    status: int,
    code: str,
    failure: Failure,
    reason: FailureReason,
) -> None:
    exchange.script("/mm/cancel_wager", error(status, code, "said"))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        cancelled = await client.perform(requests.CancelMany(3, (Cancellation("w1", "run-s-1"),)))
    assert cancelled == events.Cancelled(3, (), (events.FailedItem("run-s-1", failure, code, "said", reason),))


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (429, "rate_limit_reached", Failure.RETRYABLE),
        (500, "internal_error", Failure.UNKNOWN),
        (404, "", Failure.REJECTED),
    ],
)
async def test_what_a_single_cancel_says_of_the_call_fails_the_request(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, status: int, code: str, failure: Failure
) -> None:
    exchange.script("/mm/cancel_wager", error(status, code))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        failed = await client.perform(requests.CancelMany(3, (Cancellation("w1", "run-s-1"),)))
    assert isinstance(failed, Failed)
    assert (failed.request, failed.failure) == (3, failure)


async def test_several_cancels_go_as_one_batch(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script(
        "/mm/cancel_multiple_wagers",
        data(
            [
                {"success": True, "wager": {"id": "w1", "external_id": "x1"}},
                {
                    "success": False,
                    "wager": {"id": "w2", "external_id": "x2"},
                    "error": {"message": "Failed to cancel play. play is already matched", "error_code": 10001},
                    "statusCode": 400,
                },
            ]
        ),
    )
    items = tuple(Cancellation(f"w{n}", f"x{n}") for n in (1, 2, 3))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        cancelled = await client.perform(requests.CancelMany(4, items))
    assert isinstance(cancelled, events.Cancelled)
    assert cancelled.accepted == ("x1",)
    assert [(item.external_id, item.failure, item.code) for item in cancelled.failed] == [
        ("x2", Failure.REJECTED, "wager_already_matched")
    ]
    assert exchange.seen[-1].json == {"data": [{"wager_id": f"w{n}", "external_id": f"x{n}"} for n in (1, 2, 3)]}


@pytest.mark.parametrize(
    ("request_", "path", "body"),
    [
        (requests.CancelAll(1), "/mm/cancel_all_wagers", {}),
        (requests.CancelSportEvent(1, 77), "/mm/cancel_wagers_by_event", {"event_id": 77}),
    ],
)
async def test_sweeps(
    exchange: ScriptedExchange,
    clock: ManualClock,
    tmp_path: Path,
    request_: requests.CancelAll | requests.CancelSportEvent,
    path: str,
    body: object,
) -> None:
    exchange.script(
        path,
        data({"success": True}),
        error(404, "no_cancellable_wagers"),
        error(404, "data_not_found", "Record not found"),
        answer(b"<html>404 page not found</html>", 404),
        answer({"error": "Not Found", "message": "Cannot POST"}, 404),
        data({"success": False}),
        answer(b""),
        answer(b"", 204),
    )
    async with client_of(exchange, clock, tmp_path) as (client, _):
        told = [await client.perform(request_) for _ in range(8)]
    assert told.pop(6) == told.pop(6) == events.CancelledAll(1, False), "the history is the proof, not the form"
    assert told[:3] == [
        events.CancelledAll(1, False),
        events.CancelledAll(1, True),
        events.CancelledAll(1, True),
    ]
    # A 404 that is not the exchange's own is no sweep, and a 200 that denies it is none either.
    assert [t.failure for t in told[3:] if isinstance(t, Failed)] == [
        Failure.REJECTED,
        Failure.REJECTED,
        Failure.UNKNOWN,
    ]
    assert exchange.seen[-1].json == body


async def test_a_market_is_cancelled_by_itself_or_by_line(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/cancel_wagers_by_market", data({"success": True}), error(404, "data_not_found"))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        assert await client.cancel_market(7, 219)
        assert not await client.cancel_market(7, 219, "line-a")
    assert [seen.json for seen in exchange.calls("/mm/cancel_wagers_by_market")] == [
        {"event_id": 7, "market_id": 219},
        {"event_id": 7, "market_id": 219, "line_id": "line-a"},
    ]
