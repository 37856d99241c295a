"""A small board behind a running local exchange, a client that speaks the legacy dialect by hand, and a raw socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent, Tournament
from mmbot.domain.instant import HOUR, Instant
from mmbot.simulator.judge.referee import Referee
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.venue.venue import Venue
from mmbot.simulator.wire.server import Server

NBA, NHL = 132, 234
GAME, EMPTY = 10_001, 10_002
MONEYLINE, SPREAD, TOTAL = 219, 223, 225
LINE = LineKey(GAME, MONEYLINE, 0)


class SmallWorld:
    """Two sport events and three markets, without a crowd: the tests are the crowd."""

    finished = False

    def __init__(self, now: Instant, settings: VenueSettings) -> None:
        self.venue = venue = Venue(settings, seed=1)
        venue.add_tournament(Tournament(NBA, "NBA", "Basketball"), now)
        venue.add_tournament(Tournament(NHL, "NHL", "Ice Hockey"), now)
        names = ("Cavaliers", "Timberwolves")
        for sport_event in (GAME, EMPTY):
            venue.add_sport_event(
                SportEvent(
                    sport_event,
                    NBA,
                    "Cavaliers @ Timberwolves",
                    "not_started",
                    now + 5 * HOUR,
                    "Basketball",
                    "NBA",
                    "",
                    names,
                ),
                now,
            )
        for market, kind, number, category in (
            (MONEYLINE, "moneyline", 0, "Game Lines"),
            (SPREAD, "spread", -14, "Game Lines"),
            (TOTAL, "total", 886, "Game Lines"),
        ):
            line = Line(
                LineKey(GAME, market, number),
                tuple(Outcome(4 + side, "", names[side], None if kind == "total" else 11 + side) for side in (0, 1)),
                f"{kind} {number / 4:g}",
                favourite=True,
            )
            venue.add_market(
                Market(MarketKey(GAME, market), kind.title(), kind, kind, category, "active", (line,)), now
            )
        self.account = venue.open_account("house", 100_000)
        self.crowd = venue.open_account("crowd", 0, unlimited=True)
        self.referee = Referee(venue, self.account, None)

    def next_due(self) -> Instant | None:
        return self.venue.next_due()

    def advance(self, now: Instant) -> None:
        self.venue.advance(now)


class Partner:
    """A client of the partner API that checks nothing: the tests do."""

    def __init__(self, server: Server, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.exchange = server.exchange
        self.http = http
        self.token = ""
        self.headers: Any = {}
        settings = server.exchange.settings
        self.keys = {"access_key": settings.access_key, "secret_key": settings.secret_key}

    async def log_in(self) -> dict[str, Any]:
        status, body = await self.post("auth/login", self.keys)
        assert status == 200, body
        self.token = body["data"]["access_token"]
        return dict(body["data"])

    async def get(self, path: str, **query: object) -> tuple[int, Any]:
        return await self._ask("GET", path, params={name: str(value) for name, value in query.items()})

    async def post(self, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        return await self._ask("POST", path, json=body, **more)

    async def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> tuple[int, Any]:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.server.base_url}/{path}"
        async with self.http.request(method, url, headers=sent | (headers or {}), **more) as answer:
            self.headers = answer.headers
            return answer.status, json.loads(await answer.read())

    async def sim(self, method: str, path: str, body: object = None) -> Any:
        async with self.http.request(method, f"{self.server.url}/{path}", json=body) as answer:
            decoded = json.loads(await answer.read())
            assert answer.status == 200, decoded
            return decoded

    async def fault(self, fault: str, **members: object) -> Any:
        return await self.sim("POST", "sim/faults", {"fault": fault, **members})

    def line_id(self, side: int, market: int = MONEYLINE, number: int = 0) -> str:
        return self.exchange.venue.line_id(GAME, market, number, side)

    async def place(self, external_id: str, side: int = 0, odds: float = 110, stake: float = 10.0) -> dict[str, Any]:
        wager = {"external_id": external_id, "line_id": self.line_id(side), "odds": odds, "stake": stake}
        status, body = await self.post("mm/place_wager", wager)
        assert status == 200, body
        return dict(body["data"]["wager"])

    async def opened(self, wager_id: str) -> dict[str, Any]:
        return await self.until(wager_id, lambda wager: wager["status"] == "open")

    async def until(self, wager_id: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                status, body = await self.get(f"mm/get_wager/{wager_id}")
                if status == 200 and wanted(body["data"]):
                    return dict(body["data"])
                await asyncio.sleep(0.03)

    def crowd_rests(self, side: int, odds: int, cents: int, line: LineKey = LINE) -> None:
        crowd_rests(self.server, side, odds, cents, line)


class Feed:
    """A raw Pusher client: frames in, frames out."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.socket_id = ""

    async def frame(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            message = await self.socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, (message.type, message.data, message.extra)
        return dict(json.loads(message.data))

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            frame = await self.frame()
            if wanted(frame):
                return frame

    async def send(self, event: str, data: object) -> None:
        await self.socket.send_str(json.dumps({"event": event, "data": data}))

    async def hello(self) -> None:
        frame = await self.frame()
        assert frame["event"] == "pusher:connection_established"
        self.socket_id = json.loads(frame["data"])["socket_id"]

    async def ended(self) -> int | None:
        """The close code, once the connection has ended; 1006 if nobody said a word."""
        async with asyncio.timeout(10):
            while True:
                message = await self.socket.receive()
                if message.type is aiohttp.WSMsgType.CLOSE:
                    return int(message.data)
                if message.type in (
                    aiohttp.WSMsgType.CLOSED,
                    aiohttp.WSMsgType.CLOSING,
                    aiohttp.WSMsgType.ERROR,
                ):
                    return self.socket.close_code


def crowd_rests(server: Any, side: int, odds: int, cents: int, line: LineKey = LINE) -> None:
    """The crowd places an order, and what comes of it is on the feed."""
    exchange = server.exchange
    assert exchange.venue.crowd.enter(exchange.world.crowd, line, side, odds, cents, exchange.tick()) is not None
    exchange.flush()
