"""The exchange's side is put together as the settings say."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO, get_args, get_type_hints

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from mmbot.config import Config
from mmbot.config.settings import ExchangeConfig
from mmbot.daemon.trouble import Troubles
from mmbot.daemon.wire import Surroundings
from mmbot.daemon.wiring import ExchangeWire, open_wire, transport
from mmbot.domain.clock import SystemClock
from mmbot.engine.events import Failed
from mmbot.engine.requests import ReadBalance
from mmbot.exchange.credentials import Credentials
from mmbot.telemetry.logs import LineWriter, Secrets, logger
from mmbot.telemetry.metrics import Metrics

TRANSPORTS = get_args(get_type_hints(ExchangeConfig)["transport"])


@asynccontextmanager
async def wired(base_url: str, directory: Path, out: TextIO, **exchange: object) -> AsyncIterator[ExchangeWire]:
    """The exchange's side under a ``base_url``, with its log."""
    config = msgspec.convert({"environment": "local", "exchange": {"base_url": base_url, **exchange}}, Config)
    lines, hidden, clock = LineWriter(out), Secrets(), SystemClock()
    log = logger(lines, hidden, level="info", style="json", now=clock.now)
    credentials = Credentials("access-key", "secret-key")
    metrics = Metrics([])
    wire = await open_wire(
        Surroundings(config, credentials, clock, directory, lambda _: None, lambda: 0, log, metrics, hidden, Troubles())
    )
    try:
        yield wire
    finally:
        await wire.close()
        lines.close()


@pytest.mark.parametrize("name", TRANSPORTS)
async def test_the_feed_opens_its_websocket_with_the_transport_of_the_settings(name: str, tmp_path: Path) -> None:
    agents: asyncio.Queue[str] = asyncio.Queue()

    async def log_in(_: web.Request) -> web.Response:
        return web.json_response({"data": {"access_token": "token"}})

    async def config(_: web.Request) -> web.Response:
        return web.json_response({"key": "key", "cluster": "c"})

    async def upgrade(request: web.Request) -> web.Response:
        agents.put_nowait(request.headers.get("User-Agent", ""))
        return web.Response(status=404)

    app = web.Application()
    app.router.add_post("/partner/auth/login", log_in)
    app.router.add_get("/partner/websocket/connection-config", config)
    app.router.add_get("/app/key", upgrade)
    async with TestServer(app) as server:
        feed = {"transport": name, "ws_url": f"ws://127.0.0.1:{server.port}"}
        async with wired(str(server.make_url("/partner")), tmp_path, io.StringIO(), **feed) as wire:
            wire.connect("start")
            async with asyncio.timeout(10):
                agent = await agents.get()
    assert ("aiohttp" in agent) is (name == "aiohttp")
    assert transport(name).__module__ == f"mmbot.net.transport_{name}"  # type: ignore[arg-type]


async def test_topics_without_a_channel_are_logged(tmp_path: Path) -> None:
    async def log_in(_: web.Request) -> web.Response:
        return web.json_response({"data": {"access_token": "token"}})

    async def config(_: web.Request) -> web.Response:
        return web.json_response({"key": "key", "cluster": "c"})

    async def register(_: web.Request) -> web.Response:
        channel = {"channel_name": "mine", "auth": "k:s", "binding_events": [{"name": "orders", "type": "orders"}]}
        rejected = [{"type": "event", "id": f"{number}", "reason": "malformed_id"} for number in range(30)]
        return web.json_response({"data": {"authorized_channel": [channel], "rejected": rejected}})

    async def upgrade(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        hello = json.dumps({"socket_id": "1.2"})
        await socket.send_json({"event": "pusher:connection_established", "data": hello})
        async for _ in socket:
            pass
        return socket

    app = web.Application()
    app.router.add_post("/partner/auth/login", log_in)
    app.router.add_get("/partner/websocket/connection-config", config)
    app.router.add_post("/partner/v4/mm/websocket", register)
    app.router.add_get("/app/key", upgrade)
    out = io.StringIO()
    async with TestServer(app) as server:
        exchange = {"dialect": "v4", "ws_url": f"ws://127.0.0.1:{server.port}"}
        async with wired(str(server.make_url("/partner")), tmp_path, out, **exchange) as wire:
            wire.connect("start")
            async with asyncio.timeout(20):
                while "feed.topics_rejected" not in out.getvalue():  # noqa: ASYNC110 - the log has no event
                    await asyncio.sleep(0.01)
    (said,) = [line for line in map(json.loads, out.getvalue().splitlines()) if line["event"] == "feed.topics_rejected"]
    assert (said["level"], said["count"], len(said["topics"])) == ("warning", 30, 20)
    assert said["topics"][0] == "event 0: malformed_id"


async def test_a_rejected_log_in_is_logged_once_with_what_to_do(tmp_path: Path) -> None:
    async def reject(_: web.Request) -> web.Response:
        return web.json_response({"error": {"code": "unauthorized", "message": "no such key"}}, status=401)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", reject)
    out = io.StringIO()
    async with TestServer(app) as server, wired(str(server.make_url("/partner")), tmp_path, out) as wire:
        for number in range(3):
            answer = await wire.client.perform(ReadBalance(number))
            assert isinstance(answer, Failed)
            assert answer.code == "login_rejected"
    said = [record for line in out.getvalue().splitlines() if (record := json.loads(line))["level"] == "error"]
    assert [record["event"] for record in said] == ["session.renewal_failed"]
    assert said[0]["hint"] == "check PROPHETX_ACCESS_KEY and PROPHETX_SECRET_KEY for environment local"


def test_pysher_is_loaded_only_where_it_is_chosen() -> None:
    loaded = "bool({'pysher', 'websocket', 'requests'} & set(sys.modules))"
    program = (
        "import sys, mmbot.cli; from mmbot.daemon.wiring import transport; "
        f"transport('aiohttp'); first = {loaded}; transport('pysher'); sys.exit(first or not {loaded})"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
