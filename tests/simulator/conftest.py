"""The small world behind a running local exchange, and clients of it: one by hand, the bot's own, a raw socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from error_scene import Scene
from small_world import Feed, Partner, SmallWorld

from mmbot.config import ExchangeConfig
from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import MILLISECOND
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.rest import Client
from mmbot.exchange.session import SessionKeeper
from mmbot.exchange.token_store import TokenStore
from mmbot.net.http import open_http
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.wire.local_exchange import LocalExchange, LocalSettings
from mmbot.simulator.wire.server import Server


@pytest.fixture
def local_settings() -> LocalSettings:
    return LocalSettings()


@pytest.fixture
def venue_settings() -> VenueSettings:
    return VenueSettings(activation_ns=20 * MILLISECOND, history_lag_ns=MILLISECOND)


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
async def server(
    local_settings: LocalSettings, venue_settings: VenueSettings, clock: SystemClock
) -> AsyncIterator[Server]:
    world: Any = SmallWorld(clock.now(), venue_settings)
    async with Server(LocalExchange(world, clock, local_settings)) as running:
        yield running


@pytest.fixture
async def partner(server: Server) -> AsyncIterator[Partner]:
    async with aiohttp.ClientSession() as http:
        client = Partner(server, http)
        await client.log_in()
        yield client


@pytest.fixture
async def connect(partner: Partner) -> Callable[..., Any]:
    """Open a raw socket; ``subscribe`` also registers it and joins both channels."""

    async def open_feed(*, subscribe: bool = True, key: str | None = None, query: str = "protocol=7") -> Feed:
        name = partner.exchange.pusher.settings.key if key is None else key
        socket = await partner.http.ws_connect(f"{partner.server.ws_url}/app/{name}?{query}", autoping=False)
        feed = Feed(socket)
        if subscribe:
            await feed.hello()
            status, body = await partner.post("mm/pusher", {"socket_id": feed.socket_id})
            assert status == 200, body
            for channel in body["data"]["authorized_channel"]:
                await feed.send("pusher:subscribe", {"channel": channel["channel_name"], "auth": channel["auth"]})
                frame = await feed.until(lambda f: f["event"] == "pusher_internal:subscription_succeeded")
                assert frame["channel"] == channel["channel_name"]
        return feed

    return open_feed


@pytest.fixture
async def keeper(server: Server, tmp_path: Path) -> AsyncIterator[SessionKeeper]:
    """The bot's session."""
    settings, clock = server.exchange.settings, server.exchange.clock
    async with open_http() as http:
        keeper = SessionKeeper(
            http,
            dialect_of("legacy"),
            server.base_url,
            settings.access_key,
            settings.secret_key,
            clock,
            TokenStore(tmp_path / "tokens"),
        )
        keeper.accepted(await keeper.token())
        yield keeper
        await keeper.close()


@pytest.fixture
def malformed() -> list[tuple[str, str]]:
    """The items that the client could not read. No item from this exchange may be among them."""
    return []


@pytest.fixture
async def client(server: Server, keeper: SessionKeeper, malformed: list[tuple[str, str]]) -> AsyncIterator[Client]:
    """The bot's client."""
    config = ExchangeConfig(base_url=server.base_url)
    one = Client(
        keeper,
        server.exchange.clock,
        dialect_of("legacy"),
        config,
        on_malformed=lambda call, why: malformed.append((call, why)),
    )
    yield one
    await one.close()
    assert malformed == []


@pytest.fixture
def scene(server: Server, client: Client, keeper: SessionKeeper) -> Scene:
    """The exchange and the bot's client of it."""
    return Scene(server, client, keeper)
