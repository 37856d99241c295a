"""A real server on loopback that answers as a test scripts it: late, half, not at all, or with any status and body."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import orjson
from aiohttp import web

from mmbot.config import ExchangeConfig
from mmbot.domain.instant import MINUTE, SECOND, Clock
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.rest import Client
from mmbot.exchange.session import SessionKeeper
from mmbot.exchange.token_store import TokenStore
from mmbot.net.http import open_http

LEGACY = dialect_of("legacy")
ACCESS_KEY = "access-key-0123456789"
SECRET_KEY = "secret-key-9876543210"

Step = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Seen(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    token: str
    body: bytes
    peer: tuple[str, int]

    @property
    def json(self) -> object:
        return orjson.loads(self.body)


class Answer(NamedTuple):
    """A plain answer, which needs no socket."""

    status: int
    body: bytes
    headers: dict[str, str] | None = None

    async def __call__(self, request: web.Request) -> web.Response:
        told = {"Date": ""} | (self.headers or {})  # aiohttp would tell the machine's clock
        return web.Response(body=self.body, status=self.status, headers=told, content_type="application/json")


def answer(body: object = None, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, body if isinstance(body, bytes) else orjson.dumps(body), headers)


def data(value: object, **beside: object) -> Answer:
    return answer({"data": value} | beside)


def error(status: int, code: str | None, message: str = "", **more: object) -> Answer:
    return answer(({"error": code} if code else {}) | {"message": message} | more, status)


async def reset(request: web.Request) -> web.StreamResponse:
    """Take the request and break the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def half(request: web.Request) -> web.StreamResponse:
    """Promise a body and break off in the middle of it."""
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"data":')
    assert request.transport is not None
    request.transport.close()
    return response


class ScriptedExchange:
    """Each call takes the next step of its path's script; the last step is repeated. Log-in and refresh have answers of
    their own unless they are scripted: ``a1``, ``a2`` … are the access tokens, and only the newest is valid."""

    def __init__(self, *, warm: bool = False) -> None:
        self.warm = warm
        """Whether a client has connections that stand ready when it is handed over."""
        self.seen: list[Seen] = []
        self.scripts: dict[str, deque[Step]] = {}
        self.life_s: float | None = 600.0
        self.clock: Clock | None = None
        self.good: set[str] = set()
        self.check_tokens = True
        self.issued = 0
        self.over = asyncio.Event()
        self.base_url = ""
        self._changed = asyncio.Condition()

    def script(self, path: str, *steps: Step) -> None:
        self.scripts[path] = deque(steps)

    def calls(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that a request brings about."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(condition)

    def hang(self) -> Step:
        async def step(request: web.Request) -> web.Response:
            await self.over.wait()
            return web.Response()

        return step

    def tokens(self) -> dict[str, object]:
        self.issued += 1
        token = f"a{self.issued}-access-token"
        self.good = {token}
        given: dict[str, object] = {"access_token": token, "refresh_token": "r1-refresh-token"}
        if self.life_s is not None:
            assert self.clock is not None
            given["access_expire_time"] = self.clock.wall() / SECOND + self.life_s
        return given

    def step(self, seen: Seen) -> Step:
        """The step that answers a request."""
        script = self.scripts.get(seen.path)
        if not seen.path.startswith("/auth/") and self.check_tokens and seen.token not in self.good:
            return error(401, "unauthorized", "Unauthorized")
        if script:
            return script.popleft() if len(script) > 1 else script[0]
        if seen.path in ("/auth/login", "/auth/refresh"):
            return data(self.tokens())
        return error(404, "data_not_found", f"nothing scripted for {seen.path}")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/partner")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        assert request.transport is not None
        peer = request.transport.get_extra_info("peername")[:2]
        body = await request.read()
        seen = Seen(request.method, path, dict(request.query), token, body, peer)
        async with self._changed:
            self.seen.append(seen)
            self._changed.notify_all()
        return await self.step(seen)(request)

    @contextlib.asynccontextmanager
    async def serving(self, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
        await site.start()
        host, bound = runner.addresses[0][:2]
        self.base_url = f"{'https' if tls else 'http'}://{host}:{bound}/partner"
        try:
            yield
        finally:
            self.over.set()
            await runner.cleanup()


class Told:
    """Records the callbacks of a keeper or a client."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self.requests: list[tuple[str, str]] = []
        self.malformed: list[tuple[str, str]] = []
        self._again = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that the end of a request brings about."""
        async with asyncio.timeout(10):
            while not condition():
                self._again.clear()
                await self._again.wait()

    def event(self, name: str, fields: object) -> None:
        self.events.append((name, dict(fields)))  # type: ignore[call-overload]

    def request(self, call: str, outcome: str, duration: int) -> None:
        assert duration >= 0
        self.requests.append((call, outcome))
        self._again.set()

    def take_malformed(self, call: str, why: str) -> None:
        self.malformed.append((call, why))

    def names(self) -> list[str]:
        return [name for name, _ in self.events]


@contextlib.asynccontextmanager
async def keeping(
    exchange: ScriptedExchange,
    clock: Clock,
    path: Path,
    *,
    told: Told | None = None,
    access_key: str = ACCESS_KEY,
    base_url: str | None = None,
    cooldown: int = MINUTE,
    timeout_s: float = 5.0,
) -> AsyncIterator[SessionKeeper]:
    told = told or Told()
    exchange.clock = clock
    async with open_http() as http:
        keeper = SessionKeeper(
            http,
            LEGACY,
            base_url or exchange.base_url,
            access_key,
            SECRET_KEY,
            clock,
            TokenStore(path / "session.json"),
            cooldown=cooldown,
            timeout_s=timeout_s,
            on_event=told.event,
            on_request=told.request,
        )
        try:
            yield keeper
        finally:
            await keeper.close()


@contextlib.asynccontextmanager
async def client_of(
    exchange: ScriptedExchange,
    clock: Clock,
    path: Path,
    *,
    told: Told | None = None,
    timeout_s: float = 10.0,
    interrupted_at: Callable[[], int] = lambda: 0,
) -> AsyncIterator[tuple[Client, SessionKeeper]]:
    """A client with an open session."""
    told = told or Told()
    config = ExchangeConfig(base_url=exchange.base_url, change_timeout_s=timeout_s, read_timeout_s=timeout_s)
    async with keeping(exchange, clock, path) as keeper:
        client = Client(
            keeper,
            clock,
            LEGACY,
            config,
            on_request=told.request,
            on_malformed=told.take_malformed,
            interrupted_at=interrupted_at,
        )
        try:
            keeper.accepted(await keeper.token())
            if exchange.warm:
                await _warm_up(exchange, client)
                told.requests.clear()
            yield client, keeper
        finally:
            await client.close()


async def _warm_up(exchange: ScriptedExchange, client: Client) -> None:
    """Open the connections without a trace in ``seen`` and without using up a script."""
    scripts, exchange.scripts = exchange.scripts, {}
    seen = len(exchange.seen)
    assert await client.warm_up()
    exchange.scripts = scripts
    del exchange.seen[seen:]
