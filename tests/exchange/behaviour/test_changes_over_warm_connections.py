"""Open connections of the client: the requests that use them, those that do not, and how they are kept open."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from scripted_exchange import LEGACY, ScriptedExchange, Step, Told, answer, client_of, data, error, half, keeping, reset

from mmbot.config import ExchangeConfig
from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import SECOND
from mmbot.engine import requests
from mmbot.engine.events import Cancelled, CancelledAll, Failed, Failure, Placed
from mmbot.engine.requests import Cancellation, Placement
from mmbot.exchange import rest as rest_module
from mmbot.exchange.perform import LEFT_TO_CANCELS
from mmbot.net import warm as warm_module
from mmbot.net.warm import SIZE

ONE = Placement("run-s-1", "line-a", -110, 2_550)
PLACED = data({"succeed_wagers": [{"id": "w1", "external_id": "run-s-1", "status": "inactive"}]})
CANCELLATION = Cancellation("w1", "run-s-1")


@pytest.fixture
async def exchange() -> AsyncIterator[ScriptedExchange]:
    scripted = ScriptedExchange(warm=True)
    scripted.script("/mm/place_multiple_wagers", PLACED)
    scripted.script("/mm/cancel_all_wagers", data({"success": True}))
    scripted.script("/mm/cancel_wager", data({"success": True}))
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_790_000_000 * SECOND)


@pytest.mark.parametrize(
    ("request_", "path", "kind"),
    [
        (requests.PlaceMany(1, (ONE,)), "/mm/place_multiple_wagers", Placed),
        (requests.CancelMany(1, (CANCELLATION,)), "/mm/cancel_wager", Cancelled),
        (requests.CancelAll(1), "/mm/cancel_all_wagers", CancelledAll),
    ],
)
async def test_a_change_has_left_before_anybody_waits_for_it(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, request_: requests.Request, path: str, kind: type
) -> None:
    async with client_of(exchange, clock, tmp_path) as (client, _):
        waiting = client.perform(request_)
        await exchange.until(lambda: len(exchange.calls(path)) == 1)
        assert isinstance(await waiting, kind)
    assert len(exchange.calls(path)) == 1


async def test_placements_leave_a_connection_to_cancels_and_go_another_way(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/place_multiple_wagers", exchange.hang())
    async with client_of(exchange, clock, tmp_path) as (client, _):
        stuck = [asyncio.create_task(client.perform(requests.PlaceMany(n, (ONE,)))) for n in range(SIZE + 2)]
        await exchange.until(lambda: len(exchange.calls("/mm/place_multiple_wagers")) == SIZE + 2)
        assert client.warm.ready(LEFT_TO_CANCELS) is None
        assert client.warm.ready() is not None
        waiting = client.perform(requests.CancelAll(9))
        assert client.warm.ready() is None
        assert isinstance(await waiting, CancelledAll)
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def test_a_placement_that_has_not_left_is_withdrawn_when_everything_is_cancelled(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/place_multiple_wagers", exchange.hang())
    async with client_of(exchange, clock, tmp_path) as (client, _):
        before = [asyncio.create_task(client.perform(requests.PlaceMany(n, (ONE,)))) for n in range(SIZE + 1)]
        kept = SIZE - LEFT_TO_CANCELS
        assert isinstance(await client.perform(requests.CancelAll(8)), CancelledAll)
        for late in before[kept:]:
            failed = await late
            assert isinstance(failed, Failed)
            assert (failed.failure, failed.code) == (Failure.RETRYABLE, "withdrawn")
        exchange.over.set()
        assert not isinstance(await client.perform(requests.PlaceMany(9, (ONE,))), Placed)
        await asyncio.gather(*before[:kept])
    assert len(exchange.calls("/mm/place_multiple_wagers")) == kept + 1


async def test_a_placement_that_breaks_is_unknown_and_sent_once_and_the_next_one_goes_on(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/place_multiple_wagers", reset, error(502, None), PLACED)
    async with client_of(exchange, clock, tmp_path) as (client, _):
        for sent in (1, 2):
            failed = await client.perform(requests.PlaceMany(sent, (ONE,)))
            assert isinstance(failed, Failed)
            assert failed.failure is Failure.UNKNOWN
            assert len(exchange.calls("/mm/place_multiple_wagers")) == sent
        assert isinstance(await client.perform(requests.PlaceMany(3, (ONE,))), Placed)


async def test_nothing_is_written_without_a_token(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    async with client_of(exchange, clock, tmp_path) as (client, keeper):
        exchange.script("/auth/refresh", exchange.hang())
        token = keeper.current()
        assert token is not None
        keeper.reject(token)
        failed = await client.perform(requests.PlaceMany(1, (ONE,)))
        assert isinstance(failed, Failed)
        assert (failed.failure, failed.code) == (Failure.REJECTED, "unauthorized")
    assert not exchange.calls("/mm/place_multiple_wagers")


TOUCH = "/websocket/connection-config"
CONFIG = orjson.dumps({"key": "k", "cluster": "c"})


@pytest.mark.parametrize(
    "touched",
    [
        reset,
        half,
        answer(gzip.compress(CONFIG), headers={"Content-Encoding": "gzip"}),
        answer(CONFIG, headers={"Connection": "close"}),
    ],
    ids=["reset", "half", "gzip", "close"],
)
async def test_no_change_goes_over_a_connection_whose_first_answer_was_of_no_use(
    clock: ManualClock, tmp_path: Path, touched: Step
) -> None:
    exchange = ScriptedExchange()
    exchange.script(TOUCH, *[touched] * SIZE, answer(CONFIG))
    exchange.script("/mm/place_multiple_wagers", PLACED)
    async with exchange.serving(), client_of(exchange, clock, tmp_path) as (client, _):
        assert not await client.warm_up()
        assert client.warm.ready() is None
        over = {call.peer for call in exchange.calls(TOUCH)}
        assert len(over) == SIZE
        assert isinstance(await client.perform(requests.PlaceMany(1, (ONE,))), Placed)
        assert exchange.seen[-1].peer not in over
        assert await client.warm_up()
        assert client.warm.ready(leave=SIZE - 1) is not None


async def test_a_gateway_that_compresses_unasked_makes_no_change_unknown(clock: ManualClock, tmp_path: Path) -> None:
    exchange = ScriptedExchange()
    packed = {"Content-Encoding": "gzip"}
    placed = {"data": {"succeed_wagers": [{"id": "w1", "external_id": "run-s-1", "status": "inactive"}]}}
    exchange.script(TOUCH, answer(gzip.compress(CONFIG), headers=packed))
    exchange.script("/mm/place_multiple_wagers", answer(gzip.compress(orjson.dumps(placed)), headers=packed))
    async with exchange.serving(), client_of(exchange, clock, tmp_path) as (client, _):
        for number in (1, 2):
            assert not await client.warm_up()
            assert isinstance(await client.perform(requests.PlaceMany(number, (ONE,))), Placed)


async def test_new_connections_are_touched_at_once_and_not_ready_before_they_answer(
    clock: ManualClock, tmp_path: Path
) -> None:
    exchange = ScriptedExchange()
    exchange.script(TOUCH, exchange.hang())
    async with exchange.serving(), client_of(exchange, clock, tmp_path) as (client, _):
        warming = asyncio.create_task(client.warm_up())
        await exchange.until(lambda: len(exchange.calls(TOUCH)) == SIZE)
        assert client.warm.ready() is None
        exchange.over.set()
        assert await warming
        assert client.warm.ready(leave=SIZE - 1) is not None


async def test_a_change_may_take_the_connection_that_was_about_to_be_touched(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client_of(exchange, clock, tmp_path) as (client, _):
        monkeypatch.setattr(warm_module, "TOUCH_AFTER_S", 0.0)
        warming = asyncio.create_task(client.warm_up())
        await asyncio.sleep(0)  # it has chosen
        cancels = [client.perform(requests.CancelAll(number)) for number in range(SIZE)]
        assert client.warm.ready() is None
        assert await warming
        assert all([isinstance(await cancel, CancelledAll) for cancel in cancels])
    assert not exchange.calls(TOUCH)


async def test_new_connections_wait_for_a_session(clock: ManualClock, tmp_path: Path) -> None:
    exchange = ScriptedExchange()
    async with exchange.serving(), keeping(exchange, clock, tmp_path) as keeper:
        client = rest_module.Client(keeper, clock, LEGACY, ExchangeConfig(base_url=exchange.base_url))
        assert await client.warm_up()
        assert client.warm.ready() is None
        await keeper.token()
        assert await client.warm_up()
        assert client.warm.ready(leave=SIZE - 1) is not None
        await client.close()


async def test_unused_connections_are_touched_and_broken_ones_replaced(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest_module, "LOOK_S", 0.001)
    monkeypatch.setattr(warm_module, "TOUCH_AFTER_S", 0.0)
    told = Told()
    exchange.script("/websocket/connection-config", error(500, None), reset, answer({"key": "k", "cluster": "c"}))
    async with client_of(exchange, clock, tmp_path, told=told) as (client, _):
        warming = asyncio.create_task(client.keep_warm())
        await told.until(lambda: len(told.requests) >= 5)
        assert not warming.done()
        warming.cancel()
        await asyncio.wait({warming})
    assert told.requests[:4] == [("warm", "retryable"), ("warm", "retryable"), ("warm", "ok"), ("warm", "ok")]
    assert {call.token for call in exchange.calls("/websocket/connection-config")} == {"a1-access-token"}


async def test_a_closed_client_writes_nothing(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    async with client_of(exchange, clock, tmp_path) as (client, _):
        await client.close()
        failed = await client.perform(requests.PlaceMany(1, (ONE,)))
        assert isinstance(failed, Failed)
        assert failed.failure is Failure.RETRYABLE
    assert not exchange.calls("/mm/place_multiple_wagers")


async def test_the_latest_used_serves_and_one_that_is_unused_is_touched(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client_of(exchange, clock, tmp_path) as (client, _):
        pool = client.warm
        assert not pool.untouched()
        monkeypatch.setattr(warm_module, "TOUCH_AFTER_S", 0.0)
        connection = pool.ready()
        assert connection is not None
        (unused,) = pool.untouched()
        assert unused is not connection
        assert pool.ready(leave=SIZE - 1) is connection
        assert pool.ready(leave=SIZE) is None
