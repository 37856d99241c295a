"""A Pusher server on loopback that behaves as a test scripts it, connection by connection, and the rig around a feed.

A script is a coroutine that is given a ``Peer``: it may do everything right (``serve``) or stop, stall or lie anywhere.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import orjson
from aiohttp import WSMsgType, web

from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.engine.events import FeedLost, FeedRejected, FeedUp
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.feed import AttemptEnded, Delivered, Feed, FeedSettings
from mmbot.exchange.grants import ChannelGrant, ConnectionConfig, Registration
from mmbot.net.backoff import BackOffSettings
from mmbot.net.pusher import Timing
from mmbot.net.transport import OpenLink

BROADCAST = "private-broadcast-service=3-device_type=5"
PRIVATE = "private-service=3-device_type=5-user=0011"
KEY = "app-key"
SECRET = "app-secret"

QUICK = FeedSettings(
    open=SECOND // 2,
    timing=Timing(
        establish=300 * MILLISECOND,
        register=300 * MILLISECOND,
        subscribe=300 * MILLISECOND,
        silence=150 * MILLISECOND,
        pong=150 * MILLISECOND,
    ),
    back_off=BackOffSettings(first=10 * MILLISECOND, cap=40 * MILLISECOND, settled=60 * SECOND),
)
"""Timeouts short enough for a test, on a machine that may be slow."""

PATIENT = FeedSettings(
    open=20 * SECOND,
    timing=Timing(establish=20 * SECOND, register=20 * SECOND, subscribe=20 * SECOND),
    back_off=BackOffSettings(
        first=10 * MILLISECOND, cap=40 * MILLISECOND, settled=60 * SECOND, forbidden=40 * MILLISECOND
    ),
)
"""For tests in which no timeout is to fire."""


async def until(true: Callable[[], object], what: str = "", seconds: float = 10.0) -> None:
    """Wait for a condition."""
    try:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110  # the conditions are of every kind
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"never came true: {what or true}") from None


def signature(socket_id: str, channel: str) -> str:
    """The signature of a channel."""
    digest = hmac.new(SECRET.encode(), f"{socket_id}:{channel}".encode(), hashlib.sha256).hexdigest()
    return f"{KEY}:{digest}"


def envelope(change_type: str, payload: object, op: str = "u") -> str:
    """The data of a published message."""
    inner = base64.b64encode(orjson.dumps(payload)).decode()
    return orjson.dumps({"timestamp": 1, "change_type": change_type, "op": op, "payload": inner}).decode()


def frame(event: str, data: object = None, channel: str | None = None) -> str:
    """A Pusher frame."""
    body: dict[str, object] = {"event": event, "data": data}
    if channel is not None:
        body["channel"] = channel
    return orjson.dumps(body).decode()


@dataclass
class Peer:
    """One connection, seen from the server."""

    server: ScriptedPusher
    socket: web.WebSocketResponse
    transport: asyncio.Transport
    socket_id: str
    subscribed: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """Events that came, in order."""

    async def say(self, event: str, data: object = None, channel: str | None = None) -> None:
        await self.socket.send_str(frame(event, data, channel))

    async def hello(self, activity_timeout: float = 120) -> None:
        hello = {"socket_id": self.socket_id, "activity_timeout": activity_timeout}
        await self.say("pusher:connection_established", orjson.dumps(hello).decode())

    async def error(self, code: int | None, message: str = "scripted") -> None:
        await self.say("pusher:error", {"code": code, "message": message})

    async def publish(self, change_type: str, payload: object, op: str = "u", channel: str = BROADCAST) -> None:
        await self.say("tournament_132", envelope(change_type, payload, op), channel)

    async def beat(self) -> None:
        await self.say("health_check", envelope("private_system_signal", {}), PRIVATE)

    async def listen(self, subscribe: bool = True, pong: bool = True) -> None:
        """Answer what comes, until the client goes."""
        async for message in self.socket:
            if message.type is not WSMsgType.TEXT:
                continue
            told = orjson.loads(message.data)
            self.heard.append(told["event"])
            if told["event"] == "pusher:ping" and pong:
                await self.say("pusher:pong", "{}")
            if told["event"] == "pusher:subscribe" and subscribe:
                await self.subscription(told["data"])

    async def subscription(self, data: dict[str, str]) -> None:
        channel = data["channel"]
        if not hmac.compare_digest(data["auth"], signature(self.socket_id, channel)):
            why = {"type": "AuthError", "error": "the signature is wrong", "status": 401}
            await self.say("pusher:subscription_error", why, channel)
            return
        self.subscribed.append(channel)
        await self.say("pusher_internal:subscription_succeeded", "{}", channel)

    async def serve(self) -> None:
        """Do everything right."""
        await self.hello()
        await self.listen()

    async def deaf(self) -> None:
        """Neither read nor write until the connection is gone."""
        self.transport.pause_reading()
        await until(self.transport.is_closing, "a deaf connection was cut", 30)


Script = Callable[[Peer], Awaitable[None]]


class ScriptedPusher:
    """The server. ``scripts`` are used up one a connection; then every connection is served well."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.scripts: deque[Script] = deque()
        self.peers: list[Peer] = []
        self.open = 0
        """Connections that stand."""
        self.asked: list[str] = []
        """Paths and queries of the upgrades."""
        self.before_upgrade: Callable[[web.Request], Awaitable[None]] | None = None
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}"

    @property
    def up(self) -> Peer:
        """The latest connection."""
        return self.peers[-1]

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get(f"/app/{KEY}", self._upgrade)
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            for peer in self.peers:
                peer.transport.abort()
            await self._runner.cleanup()
            self._runner = None

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if self.before_upgrade is not None:
            await self.before_upgrade(request)
        socket = web.WebSocketResponse(timeout=0.2)
        await socket.prepare(request)
        assert request.transport is not None
        peer = Peer(self, socket, request.transport, f"{len(self.peers) + 1}.7")
        script = self.scripts.popleft() if self.scripts else Peer.serve
        self.peers.append(peer)
        self.open += 1
        try:
            await script(peer)
        except ConnectionError:
            pass  # the client went first
        finally:
            self.open -= 1
        return socket


class Rig:
    """A feed against a scripted server, and what it delivered."""

    def __init__(self, server: ScriptedPusher, open_link: OpenLink, settings: FeedSettings = QUICK) -> None:
        self.server = server
        self.delivered: list[Delivered] = []
        self.ends: list[AttemptEnded] = []
        self.undecodable: list[tuple[str, str, int]] = []
        self.config = ConnectionConfig(key=KEY, cluster="mt1")
        self.channels = [BROADCAST, PRIVATE]
        self.registering: Callable[[str], Awaitable[Registration]] = self.grant
        self.configuring: Callable[[], Awaitable[ConnectionConfig]] = self.give_config
        self.backlog = 0
        self.feed = Feed(
            dialect=dialect_of("legacy").feed,
            config_source=lambda: self.configuring(),
            register=lambda socket_id: self.registering(socket_id),
            deliver=self.delivered.append,
            clock=SystemClock(),
            open_link=open_link,
            rng=random.Random(7),
            ws_url=server.url,
            settings=settings,
            backlog=lambda: self.backlog,
            on_undecodable=lambda *told: self.undecodable.append(told),
            on_end=self.ends.append,
        )

    async def give_config(self) -> ConnectionConfig:
        return self.config

    async def grant(self, socket_id: str) -> Registration:
        return Registration(tuple(ChannelGrant(name, signature(socket_id, name)) for name in self.channels))

    def of(self, kind: type) -> list[Delivered]:
        return [each for each in self.delivered if type(each) is kind]

    async def come_up(self, reason: str = "test") -> int:
        """Order a connection, wait for it, and return its number."""
        before = len(self.of(FeedUp))
        self.feed.connect(reason)
        await until(lambda: len(self.of(FeedUp)) > before, "the feed came up")
        up = self.of(FeedUp)[-1]
        assert isinstance(up, FeedUp)
        return up.connection

    async def lose(self) -> FeedLost:
        """Wait until the connection is lost."""
        await until(lambda: len(self.of(FeedLost)) == len(self.of(FeedUp)), "the feed was lost")
        lost = self.of(FeedLost)[-1]
        assert isinstance(lost, FeedLost)
        return lost

    def judge(self) -> None:
        """Check what holds in every test: one FeedLost follows each FeedUp, and numbers rise."""
        standing: int | None = None
        latest = 0
        for each in self.delivered:
            if isinstance(each, FeedUp):
                assert standing is None, "up twice"
                assert each.connection > latest, "a connection's number did not rise"
                standing = latest = each.connection
            elif isinstance(each, FeedLost):
                assert each.connection == standing, "lost without having been up"
                standing = None
            elif not isinstance(each, FeedRejected):
                assert each.connection <= self.feed.connection
