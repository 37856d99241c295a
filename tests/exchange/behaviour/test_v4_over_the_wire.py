"""The real client, session keeper and feed with the v4 dialect, against a small exchange on loopback."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import WSMsgType, web
from v4_bodies import NOW, SENT, V4, envelope, order

from mmbot.config import ExchangeConfig
from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import DAY, MILLISECOND, SECOND
from mmbot.engine.events import BookMessage, Channel, FailureReason, FeedUp, WagerMessage
from mmbot.engine.requests import Cancellation, ReadHistory
from mmbot.exchange.errors import Malformed, Rejected, Retryable, UnknownOutcome
from mmbot.exchange.feed import Feed
from mmbot.exchange.grants import RejectedTopic, Topics
from mmbot.exchange.rest import Client
from mmbot.exchange.session import SessionKeeper
from mmbot.exchange.token_store import TokenStore
from mmbot.net.http import open_http
from mmbot.net.transport_aiohttp import open_link

BOOKS = "private-broadcast-x-event=7"
MINE = "private-x-user=1"


class SmallExchange:
    """Answers each path as it was told, and speaks Pusher. It wants a sign-in before the first subscription."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, object, dict[str, str]]] = {}
        self.asked: list[tuple[str, Any]] = []
        self.frames: list[dict[str, Any]] = []
        self.socket: web.WebSocketResponse | None = None
        self.port = 0

    def told(self, path: str, status: int, answer: object, **headers: str) -> None:
        self.answers[path] = (status, answer, headers)

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path
        self.asked.append((path, orjson.loads(await request.read() or b"null")))
        if path == "/auth/login":
            return web.json_response({"data": {"access_token": "a1", "refresh_token": "r1"}})
        if path == "/websocket/connection-config":
            host = f"ws://127.0.0.1:{self.port}"
            config = {"app_id": "1", "key": "k", "cluster": "mt1", "ws_host": host, "service": "talaria"}
            return web.json_response(config)
        status, answer, headers = self.answers[path]
        return web.json_response(answer, status=status, headers=headers)

    async def listen(self, request: web.Request) -> web.WebSocketResponse:
        socket = self.socket = web.WebSocketResponse()
        await socket.prepare(request)
        hello = orjson.dumps({"socket_id": "1.2", "activity_timeout": 30}).decode()
        await socket.send_json({"event": "pusher:connection_established", "data": hello})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            frame = orjson.loads(message.data)
            self.frames.append(frame)
            if frame["event"] == "pusher:signin":
                await socket.send_json({"event": "pusher:signin_success", "data": {}})
            elif frame["event"] == "pusher:subscribe":
                done = "pusher_internal:subscription_succeeded"
                await socket.send_json({"event": done, "channel": frame["data"]["channel"], "data": "{}"})
        return socket

    async def publish(self, channel: str, event: str, data: bytes) -> None:
        assert self.socket is not None
        await self.socket.send_json({"event": event, "channel": channel, "data": data.decode()})


@pytest.fixture
async def exchange() -> AsyncIterator[SmallExchange]:
    small = SmallExchange()
    app = web.Application()
    app.router.add_get("/app/k", small.listen)
    app.router.add_route("*", "/{tail:.*}", small.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    small.port = runner.addresses[0][1]
    yield small
    await runner.cleanup()


@pytest.fixture
async def client(exchange: SmallExchange, tmp_path: Path) -> AsyncIterator[Client]:
    base, clock = f"http://127.0.0.1:{exchange.port}", SystemClock()
    async with open_http() as http:
        keeper = SessionKeeper(http, V4, base, "key", "secret", clock, TokenStore(tmp_path / "session.json"))
        await keeper.token()
        client = Client(keeper, clock, V4, ExchangeConfig(base_url=base))
        yield client
        await client.close()
        await keeper.close()


@pytest.mark.parametrize("status", [200, 201])
async def test_a_placement_is_answered_with_200_or_201(exchange: SmallExchange, client: Client, status: int) -> None:
    exchange.told("/v4/mm/submit_order", status, {"data": {"success": True, "order": order(status="inactive")}})
    assert (await client.place_one(SENT[0])).wager_id == "ord-1"


async def test_a_bulk_cancel_that_finds_nothing_says_so(exchange: SmallExchange, client: Client) -> None:
    nothing = {"error": "no_cancellable_orders", "message": "No available orders to be cancelled"}
    exchange.told("/v4/mm/cancel_all_orders", 404, nothing)
    assert await client.cancel_all() is False
    exchange.told("/v4/mm/cancel_all_orders", 200, {"data": {"success": True}})
    assert await client.cancel_all() is True


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (409, "order_is_placing", FailureReason.NOT_LIVE_YET),
        (425, "order_opened_retry", FailureReason.BEING_MATCHED),
    ],
)
async def test_a_cancel_in_motion_is_repeated_soon(
    exchange: SmallExchange, client: Client, status: int, code: str, reason: FailureReason
) -> None:
    exchange.told("/v4/mm/cancel_order", status, {"code": code, "message": "try again"})
    with pytest.raises(Retryable) as busy:
        await client.cancel_one(Cancellation("ord-1", "x1"))
    assert (busy.value.code, busy.value.reason) == (code, reason)
    assert busy.value.retry_at is not None


async def test_the_pause_after_too_many_requests_is_kept(exchange: SmallExchange, client: Client) -> None:
    before = SystemClock().now()
    exchange.told("/v4/mm/get_balance", 429, {"error": "rate_limit_reached"}, **{"Retry-After": "7"})
    with pytest.raises(Retryable) as limited:
        await client.balance()
    assert limited.value.retry_at is not None
    assert 6 * SECOND <= limited.value.retry_at - before <= 9 * SECOND
    until = SystemClock().wall() + 5 * SECOND
    details = {"next_allow_at": until // MILLISECOND}
    exchange.told("/v4/mm/get_balance", 429, {"error": "rate_limit_reached", "details": details})
    with pytest.raises(Retryable) as hinted:
        await client.balance()
    assert hinted.value.retry_at is not None
    assert 3 * SECOND <= hinted.value.retry_at - SystemClock().now() <= 6 * SECOND


async def test_other_failures_have_their_outcome(exchange: SmallExchange, client: Client) -> None:
    exchange.told("/v4/mm/submit_order", 500, {"error": "order_unable_to_place"})
    with pytest.raises(UnknownOutcome):
        await client.place_one(SENT[0])
    exchange.told("/v4/mm/submit_order", 403, {"message": "User is suspended"})
    with pytest.raises(Rejected):
        await client.place_one(SENT[0])
    exchange.told("/v4/mm/get_order/gone", 404, {"error": "data_not_found"})
    assert await client.wager("gone") is None
    with pytest.raises(Malformed):
        await client.players(1)


async def test_a_history_of_several_pages_is_read_by_its_cursor(exchange: SmallExchange, client: Client) -> None:
    path = "/v4/mm/get_order_history"
    query = ReadHistory(1, created_from=NOW - DAY, created_to=NOW)
    exchange.told(path, 200, {"data": {"orders": [order()] * 100, "next_cursor": "c1"}})
    first = await client.history(query)
    exchange.told(
        path, 200, {"data": {"orders": [order()], "next_cursor": None}, "last_synced_at": "2026-09-21T14:00:05Z"}
    )
    second = await client.history(ReadHistory(2, created_from=NOW - DAY, created_to=NOW, cursor=first.next_cursor))
    assert (len(first.wagers), len(second.wagers), second.next_cursor) == (100, 1, "")
    assert second.last_synced_at is not None


async def test_a_connection_registers_signs_in_and_subscribes(exchange: SmallExchange, client: Client) -> None:
    book = {"name": "market_selections", "type": "market_selections"}
    exchange.told("/v4/mm/websocket", 200, {"data": {
        "success": True,
        "authorized_channel": [
            {"channel_name": MINE, "auth": "k:m", "binding_events": [{"name": "orders", "type": "orders"}]},
            {"channel_name": BOOKS, "auth": "k:b", "binding_events": [book], "scope": {"event_id": 7}},
        ],
        "authenticated": {"auth": "k:s", "user_data": '{"id":"1"}'},
        "rejected": [{"type": "event", "id": "8", "reason": "malformed_id"}],
    }})  # fmt: skip
    heard: asyncio.Queue[Any] = asyncio.Queue()
    rejected: list[tuple[int, tuple[RejectedTopic, ...]]] = []
    feed = Feed(
        dialect=V4.feed,
        config_source=client.connection_config,
        register=partial(client.register, topics=Topics(sport_events=(7, 8))),
        deliver=heard.put_nowait,
        clock=SystemClock(),
        open_link=open_link,
        rng=random.Random(1),
        on_rejected=lambda connection, topics: rejected.append((connection, topics)),
    )
    feed.connect("start")
    up = await asyncio.wait_for(heard.get(), 20)
    assert up == FeedUp(1, (Channel(MINE, (), True), Channel(BOOKS, (7,), False)))
    assert rejected == [(1, (RejectedTopic("event", "8", "malformed_id"),))]
    (sent,) = [body for path, body in exchange.asked if path == "/v4/mm/websocket"]
    assert sent == {
        "socket_id": "1.2",
        "service": "talaria",
        "subscriptions": [{"type": "event", "ids": ["7", "8"]}],
    }
    assert exchange.frames[0] == {"event": "pusher:signin", "data": {"auth": "k:s", "user_data": '{"id":"1"}'}}
    subscribed = [(frame["data"]["channel"], frame["data"]["auth"]) for frame in exchange.frames[1:]]
    assert sorted(subscribed) == [(BOOKS, "k:b"), (MINE, "k:m")]
    wire = {"sport_event_id": 7, "market_id": 251, "info": {"strike": 0, "sequence_number": 1, "selections": [[], []]}}
    await exchange.publish(BOOKS, "market_selections", envelope("market_selections", wire))
    assert isinstance(await asyncio.wait_for(heard.get(), 20), BookMessage)
    await exchange.publish(MINE, "orders", envelope("order", {"info": order(sequence_number=2)}))
    assert isinstance(await asyncio.wait_for(heard.get(), 20), WagerMessage)
    await feed.close()
