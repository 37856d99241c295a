"""An exchange on loopback that speaks the tiny dialect, and a run of the real client, session and feeds against it.

    python tests/support/tiny_exchange.py FOLDER

prints as JSON what came of the run. A process of its own shows that nothing loads another dialect.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from aiohttp import WSMsgType, web
from tiny_dialect import TINY

from mmbot.config import ExchangeConfig
from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import HOUR
from mmbot.engine.events import BookMessage, Cancelled, CancelledAll, Failed, FeedLost, FeedUp, WagerMessage
from mmbot.engine.requests import CancelAll, Cancellation, CancelMany, PlaceMany, Placement, ReadHistory, ReadLadder
from mmbot.exchange.feed import Feed
from mmbot.exchange.grants import Topics
from mmbot.exchange.rest import Client
from mmbot.exchange.session import SessionKeeper
from mmbot.exchange.token_store import TokenStore
from mmbot.net.http import open_http
from mmbot.net.transport_aiohttp import open_link

SLIP = {"slip": "s1", "ref": "r-1", "game": 7, "mkt": 1, "leg": "leg-a", "px": 110, "amt": 500, "is": "new"}
BOOK = {"game": 7, "mkt": 1, "num": 0, "no": 3, "sides": [[[110, 500]], [[-120, 700], [-125, 100]]]}


class TinyExchange:
    """Remembers what it was asked for. Events are for whichever room they are published in."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.signed_in: list[str] = []
        self.rooms: dict[str, web.WebSocketResponse] = {}
        self.sockets = itertools.count(1)
        self.port = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/app/a1", self.listen)
        app.router.add_route("*", "/{tail:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        if request.path != "/door" and request.headers.get("Authorization") != "Bearer p1":
            return web.json_response({"oops": "E0", "say": "who are you"}, status=401)
        status, body = self.said(f"{request.method} {request.path}", orjson.loads(await request.read() or b"null"))
        return web.json_response(body, status=status)

    def said(self, asked: str, body: Any) -> tuple[int, object]:
        match asked:
            case "POST /door":
                good = body == {"who": "key", "word": "secret"}
                return (200, {"pass": "p1", "spare": "x1", "till": 9_999_999_999}) if good else (401, {"oops": "E0"})
            case "POST /slips":
                return 200, {"took": [SLIP], "left": {slip["ref"]: "E1" for slip in body[1:]}}
            case "DELETE /slips/s1":
                return 200, {}
            case "DELETE /slips/s2":
                return 400, {"oops": "E2", "say": "matched"}
            case "DELETE /slips":
                return 404, {"oops": "E3", "say": "none"}
            case "GET /slips":
                return 200, {"slips": [SLIP | {"is": "up"}], "more": "p2", "seen": 12}
            case "GET /where":
                return 200, {"app": "a1", "at": f"ws://127.0.0.1:{self.port}"}
            case "POST /ears":
                rooms = [{"room": f"g{game}", "sig": "s", "games": [game], "mine": False} for game in body["games"]]
                if 7 in body["games"]:
                    rooms.append({"room": "me", "sig": "s", "games": [], "mine": True})
                return 200, {"card": "c", "me": body["ear"], "rooms": rooms}
            case _:
                return 429, {"oops": "E4", "say": "slowly"}

    async def listen(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        name = f"{next(self.sockets)}.0"
        hello = orjson.dumps({"socket_id": name}).decode()
        await socket.send_json({"event": "pusher:connection_established", "data": hello})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            frame = orjson.loads(message.data)
            match frame["event"]:
                case "pusher:signin":
                    self.signed_in.append(frame["data"]["user_data"])
                    await socket.send_json({"event": "pusher:signin_success", "data": "{}"})
                case "pusher:subscribe":
                    assert name in self.signed_in
                    room = frame["data"]["channel"]
                    self.rooms[room] = socket
                    done = {"event": "pusher_internal:subscription_succeeded", "channel": room, "data": "{}"}
                    await socket.send_json(done)
        return socket

    async def publish(self, room: str, event: str, body: object) -> None:
        await self.rooms[room].send_json({"event": event, "channel": room, "data": orjson.dumps(body).decode()})


async def run(folder: Path) -> dict[str, object]:
    """Log in, place, cancel, read a page, and hear a book and a private message on two sockets."""
    exchange = TinyExchange()
    runner = web.AppRunner(exchange.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    exchange.port = runner.addresses[0][1]
    base, clock = f"http://127.0.0.1:{exchange.port}", SystemClock()
    heard: asyncio.Queue[Any] = asyncio.Queue()
    async with open_http() as http:
        keeper = SessionKeeper(http, TINY, base, "key", "secret", clock, TokenStore(folder / "session.json"))
        client = Client(keeper, clock, TINY, ExchangeConfig(base_url=base))
        number = itertools.count(1).__next__
        feeds = [
            Feed(
                dialect=TINY.feed,
                config_source=client.connection_config,
                register=partial(client.register, topics=topics),
                deliver=heard.put_nowait,
                clock=clock,
                open_link=open_link,
                rng=random.Random(1),
                number=number,
            )
            for topics in TINY.feed.plan(Topics(sport_events=(7, 8)))
        ]
        await keeper.token()
        found = await asyncio.wait_for(asks(client), 20)
        found |= await asyncio.wait_for(hears(exchange, feeds, heard), 20)
        for feed in feeds:
            await feed.close()
        await client.close()
        await keeper.close()
    await runner.cleanup()
    return found | {"asked": exchange.asked, "signed_in": exchange.signed_in}


async def asks(client: Client) -> dict[str, object]:
    placed = await client.perform(PlaceMany(1, (Placement("r-1", "leg-a", 110, 500), Placement("r-2", "leg-b", 3, 9))))
    cancelled = await client.perform(CancelMany(2, (Cancellation("s1", "r-1"),)))
    matched = await client.perform(CancelMany(3, (Cancellation("s2", "r-2"),)))
    nothing = await client.perform(CancelAll(4))
    page = await client.perform(ReadHistory(5, created_to=HOUR))
    lacking = await client.perform(ReadLadder(6))
    busy = await client.perform(CancelMany(7, (Cancellation("s3", "r-3"),)))
    assert isinstance(cancelled, Cancelled)
    assert isinstance(nothing, CancelledAll)
    assert isinstance(lacking, Failed)
    assert isinstance(busy, Failed)
    return {
        "placed": placed,
        "cancelled": cancelled,
        "matched": matched,
        "nothing_open": nothing.nothing_open,
        "page": page,
        "lacking": lacking.code,
        "busy": [busy.failure, busy.reason, busy.code],
    }


async def hears(exchange: TinyExchange, feeds: list[Feed], heard: asyncio.Queue[Any]) -> dict[str, object]:
    ups = {}
    for feed in feeds:
        feed.connect("start")
        up = await heard.get()
        assert isinstance(up, FeedUp)
        ups[up.connection] = up.channels
    await exchange.publish("g7", "b", BOOK)
    book = await heard.get()
    await exchange.publish("me", "s", SLIP | {"is": "up"})
    private = await heard.get()
    assert isinstance(book, BookMessage)
    assert isinstance(private, WagerMessage)
    await exchange.rooms["g8"].close()
    lost = await heard.get()
    again = await heard.get()
    assert isinstance(lost, FeedLost)
    assert isinstance(again, FeedUp)
    return {
        "channels": ups,
        "book": [book.connection, book.line, book.sequence, book.book.sides],
        "private": [private.connection, private.report.external_id, private.report.status],
        "again": [lost.connection, again.connection, [channel.name for channel in again.channels]],
    }


if __name__ == "__main__":
    found = asyncio.run(run(Path(sys.argv[1])))
    found["loaded"] = [
        name
        for name in sys.modules
        if name.startswith(("mmbot.exchange.legacy", "mmbot.exchange.v4", "mmbot.exchange.answers"))
    ]
    import msgspec

    sys.stdout.buffer.write(msgspec.json.encode(found))
