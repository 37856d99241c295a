"""Every row of the error table: a running exchange answers with it, and the bot's client draws the right conclusion."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from error_scene import FAILURES, MEANINGS, RETRYABLE, TABLE, Scene

from mmbot.domain.instant import HOUR, MILLISECOND, SECOND
from mmbot.engine.events import Failure
from mmbot.engine.requests import Cancellation, ReadHistory
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.errors import ExchangeError
from mmbot.simulator.venue.error_table import STATUS
from mmbot.simulator.wire.faults import FailAnswer, FailRequest


def test_the_exchange_has_the_whole_table_with_its_statuses() -> None:
    assert dict(STATUS) == TABLE


def test_every_row_has_its_meaning_and_the_client_knows_no_other_code() -> None:
    assert set(MEANINGS) == set(TABLE)
    assert set(dialect_of("legacy").errors.codes) == set(TABLE) | {"30010"}, (
        "30010 is a gateway's number, not a code of the table"
    )


PURPOSES: dict[str, tuple[int, str, Callable[[Scene], Awaitable[object]]]] = {
    "placement": (0, "place_wager", lambda scene: scene.client.place_one(scene.item())),
    "cancel": (1, "cancel_wager", lambda scene: scene.client.cancel_one(Cancellation("w", "a"))),
    "cancel of all": (1, "cancel_all_wagers", lambda scene: scene.client.cancel_all()),
    "read": (2, "get_balance", lambda scene: scene.client.balance()),
}


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("code", TABLE)
async def test_each_row_as_a_fault_that_names_the_code(scene: Scene, code: str, purpose: str) -> None:
    column, endpoint, call = PURPOSES[purpose]
    expected = MEANINGS[code][column]
    times = 2 if code == "unauthorized" else 1  # the client asks once more with a new token
    scene.server.exchange.faults.add(FailRequest(endpoint=endpoint, code=code, times=times))
    if purpose == "cancel of all" and code in ("data_not_found", "sport_event_not_found", "no_cancellable_wagers"):
        assert await call(scene) is False
        return
    before = scene.server.exchange.clock.now()
    with pytest.raises(ExchangeError) as caught:
        await call(scene)
    error = caught.value
    assert (type(error), error.code, error.failure) == (expected, code, FAILURES[expected])
    if code != "unauthorized":
        assert error.message == "fault on demand"
    if expected is RETRYABLE and TABLE[code] in (409, 425, 429):
        wait = SECOND if TABLE[code] == 429 else 300 * MILLISECOND
        assert error.retry_at is not None
        assert before + wait <= error.retry_at <= scene.server.exchange.clock.now() + wait
    assert scene.venue.wagers(scene.server.exchange.account) == [], "a fault before the processing does nothing"


@pytest.mark.parametrize("code", TABLE)
async def test_each_row_as_the_answer_to_a_placement_that_succeeded(scene: Scene, code: str) -> None:
    """The answer lies. What the exchange is not sure of stays unknown, and the wager is found by a look-up."""
    scene.server.exchange.faults.add(FailAnswer(endpoint="place_wager", code=code))
    with pytest.raises(ExchangeError) as caught:
        await scene.client.place_one(scene.item())
    assert type(caught.value) is MEANINGS[code][0]
    if TABLE[code] >= 500:
        assert caught.value.failure is Failure.UNKNOWN
    scene.venue.advance(scene.venue.next_due())
    now = scene.server.exchange.clock.now()
    page = await scene.client.history(ReadHistory(1, created_from=now - HOUR))
    assert [each.external_id for each in page.wagers] == ["a"]


@pytest.mark.parametrize("fault", ["fail_request", "fail_answer"])
async def test_a_fault_with_a_code_of_no_table_needs_a_status(partner: Any, fault: str) -> None:
    order = {"fault": fault, "endpoint": "get_balance", "code": "brand_new"}
    async with partner.http.post(f"{partner.server.url}/sim/faults", json=order) as answer:
        assert answer.status == 400
        assert "brand_new" in (await answer.json())["message"]
    await partner.fault(fault, endpoint="get_balance", code="brand_new", status=418)
    status, body = await partner.get("mm/get_balance")
    assert (status, body["error"]) == (418, "brand_new")
    assert await partner.sim("GET", "sim/faults") == []
