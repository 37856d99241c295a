"""A scripted exchange on loopback that answers at once. It accepts every wager and every cancel, holds no money and
matches nothing, so that a benchmark measures only the daemon, which ``process.py`` runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Final, NamedTuple, cast
from urllib.parse import parse_qs

import orjson
from aiohttp import web
from board import frame_of, key_of, line_of

from mmbot.domain.book import Book
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import HOUR, SECOND, iso
from mmbot.simulator.venue.odds_ladder import STANDARD

BROADCAST: Final = "private-broadcast-service=3-device_type=5"
PRIVATE: Final = "private-service=3-device_type=5-user=bench"
EPOCH: Final = 1_800_000_000 * SECOND


class Resting(NamedTuple):
    """A wager at the exchange."""

    wager_id: str
    external_id: str
    key: LineKey
    side: int
    odds: int
    stake: float


class Exchange:
    """The scripted exchange, with its counts. Use ``serving`` to create one."""

    def __init__(self, lines: int, shown: Book) -> None:
        self.keys = [key_of(place) for place in range(lines)]
        self.shown = shown
        self._books: dict[LineKey, Book] = {}
        """Lines with a message since."""
        self.resting: dict[str, Resting] = {}
        self._ended: dict[str, Resting] = {}
        self.placed = 0
        self.requests = 0
        self.cancel_alls: list[int] = []
        """Times of arrival, by the machine's monotonic clock."""
        self.placements: list[int] = []
        self.base_url = ""
        self.ws_url = ""
        self.up = asyncio.Event()
        self.changed = asyncio.Event()
        self._sockets: list[tuple[web.WebSocketResponse, asyncio.Transport]] = []
        self._sides = {
            outcome.line_id: (key, side) for key in self.keys for side, outcome in enumerate(line_of(key).outcomes)
        }
        self._by_sport_event: dict[int, list[LineKey]] = {}
        for key in self.keys:
            self._by_sport_event.setdefault(key.sport_event, []).append(key)
        self._sequence = time.time_ns()
        self._rate = 1.0
        self._anchor = (time.time_ns(), time.monotonic_ns())
        self._routes: dict[str, Callable[[dict[str, list[str]], bytes], object]] = {
            "/auth/login": self._log_in,
            "/auth/refresh": self._log_in,
            "/mm/get_balance": lambda _q, _b: _data(
                {"balance": 1e7, "matched_wager_balance": 0, "unmatched_wager_balance": 0}
            ),
            "/mm/get_odds_ladder": lambda _q, _b: _data(list(STANDARD)),
            "/mm/get_tournaments": lambda _q, _b: _data(
                {"tournaments": [{"id": 132, "name": "NBA", "sport": {"id": 1, "name": "Basketball"}}]}
            ),
            "/mm/get_sport_events": self._sport_events,
            "/v2/mm/get_multiple_markets": self._markets,
            "/websocket/connection-config": lambda _q, _b: {"key": "bench", "cluster": "mt1", "service": "pusher"},
            "/mm/pusher": self._register,
            "/mm/place_multiple_wagers": self._place,
            "/mm/cancel_wager": self._cancel,
            "/mm/cancel_multiple_wagers": self._cancel_many,
            "/mm/cancel_all_wagers": self._cancel_all,
            "/mm/cancel_wagers_by_event": self._cancel_sport_event,
            "/v2/mm/get_wager_histories": self._history,
            "/v2/mm/get_transactions": lambda _q, _b: _data({"transactions": [], "next_cursor": ""}),
        }

    def clock(self, rate: float) -> dict[str, object]:
        """Return the settings of a clock that runs ``rate`` times as fast from now on."""
        self._rate = rate
        self._anchor = (time.time_ns(), time.monotonic_ns())
        return {"anchor_ns": self._anchor[0], "epoch_ns": EPOCH, "rate": rate}

    def now(self) -> int:
        """Return the present time of that clock."""
        return EPOCH + round((time.monotonic_ns() - self._anchor[1]) * self._rate)

    async def until(self, condition: Callable[[], bool], limit_s: float = 60.0) -> None:
        """Wait for a condition that becomes true by a request."""
        async with asyncio.timeout(limit_s):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    # --- the feed -----------------------------------------------------------------------------------------------------

    def frame(self, place: int, shown: Book, *, marked: bool = False) -> bytes:
        """Return a book message for the websocket. The daemon's process records a marked one."""
        key = self.keys[place]
        self._books[key] = shown
        self._sequence += 1
        info = {
            "id": key.market,
            "name": "Moneyline",
            "type": "moneyline",
            "line": 0,
            "sequence_number": self._sequence,
            "selections": _selections(key, shown),
        }
        inner = orjson.dumps({"sport_event_id": key.sport_event, "market_id": key.market, "info": info})
        frame = frame_of(inner, self._sequence)
        return b'{"mark":1,' + frame[1:] if marked else frame

    def send(self, frame: bytes) -> None:
        """Send a frame on every websocket at once."""
        head = bytearray(b"\x81")
        if len(frame) < 126:
            head.append(len(frame))
        else:
            head += b"\x7e" + len(frame).to_bytes(2, "big")
        for _, transport in self._sockets:
            if not transport.is_closing():
                transport.write(bytes(head) + frame)

    def drop(self) -> None:
        """Cut every websocket."""
        dropped, self._sockets = self._sockets, []
        for _, transport in dropped:
            transport.abort()

    def _tell(self, wager: Resting, status: str) -> None:
        self._sequence += 1
        gone = status != "open"
        info = {
            "id": wager.wager_id,
            "external_id": wager.external_id,
            "sport_event_id": wager.key.sport_event,
            "market_id": wager.key.market,
            "line_id": line_of(wager.key).outcomes[wager.side].line_id,
            "line": 0,
            "odds": wager.odds,
            "stake": wager.stake,
            "matched_stake": 0,
            "totally_matched_stake": 0,
            "unmatched_stake": 0 if gone else wager.stake,
            "matching_status": "unmatched",
            "winning_status": "tbd",
            "status": status,
            "update_type": "status",
            "sequence_number": self._sequence,
        }
        inner = orjson.dumps({"info": info})
        self.send(frame_of(inner, self._sequence, change_type="wager", event="wagers", channel=PRIVATE))

    async def _beats(self) -> None:
        beat = orjson.dumps({"event": "health_check", "channel": PRIVATE, "data": "{}"})
        while True:
            self.send(beat)
            await asyncio.sleep(min(1.0, 5.0 / self._rate))

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        transport = cast("asyncio.Transport", request.transport)
        hello = orjson.dumps({"socket_id": "1.1", "activity_timeout": 120}).decode()
        await socket.send_str(orjson.dumps({"event": "pusher:connection_established", "data": hello}).decode())
        joined = 0
        async for message in socket:
            said = orjson.loads(message.data)
            if said["event"] == "pusher:subscribe":
                channel = said["data"]["channel"]
                done = {"event": "pusher_internal:subscription_succeeded", "channel": channel, "data": "{}"}
                await socket.send_str(orjson.dumps(done).decode())
                joined += 1
                if joined == 2:
                    self._sockets.append((socket, transport))
                    self.up.set()
            elif said["event"] == "pusher:ping":
                await socket.send_str('{"event":"pusher:pong","data":"{}"}')
        self._sockets = [each for each in self._sockets if each[0] is not socket]
        return socket

    # --- REST ---------------------------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.Response:
        arrived = time.monotonic_ns()
        path = request.path.removeprefix("/partner")
        self.requests += 1
        if path == "/mm/cancel_all_wagers":
            self.cancel_alls.append(arrived)
        elif path == "/mm/place_multiple_wagers":
            self.placements.append(arrived)
        body = await request.read()
        if path.startswith("/mm/get_wager/"):
            answer = self._wager(path.rpartition("/")[2])
        else:
            answer = self._routes[path](parse_qs(request.query_string), body)
        self.changed.set()
        status = 200
        if answer is None:
            answer, status = {"error": "data_not_found", "message": "Record not found"}, 404
        return web.Response(body=orjson.dumps(answer), status=status, content_type="application/json")

    def _log_in(self, _query: dict[str, list[str]], _body: bytes) -> object:
        ends = self.now() // SECOND + 864_000
        return _data(
            {
                "access_token": "access-token-of-the-bench",
                "refresh_token": "refresh-token-of-the-bench",
                "access_expire_time": ends,
                "refresh_expire_time": ends,
            }
        )

    def _sport_events(self, _query: dict[str, list[str]], _body: bytes) -> object:
        return _data(
            {
                "sport_events": [
                    {
                        "event_id": sport_event,
                        "name": "Away @ Home",
                        "scheduled": iso(EPOCH + 96 * HOUR),
                        "status": "not_started",
                        "sport_name": "Basketball",
                        "tournament_id": 132,
                        "tournament_name": "NBA",
                        "competitors": [],
                    }
                    for sport_event in self._by_sport_event
                ]
            }
        )

    def _markets(self, query: dict[str, list[str]], _body: bytes) -> object:
        return _data(
            {
                sport_event: [
                    {
                        "id": key.market,
                        "name": "Moneyline",
                        "type": "moneyline",
                        "sub_type": "moneyline",
                        "category_name": "Game Lines",
                        "status": "active",
                        "line": 0,
                        "selections": _selections(key, self._books.get(key, self.shown)),
                    }
                    for key in self._by_sport_event[int(sport_event)]
                ]
                for sport_event in query["event_ids"][0].split(",")
            }
        )

    def _register(self, _query: dict[str, list[str]], _body: bytes) -> object:
        channels = [
            {"channel_name": name, "auth": "bench:signature", "binding_events": []} for name in (BROADCAST, PRIVATE)
        ]
        return _data({"success": True, "authorized_channel": channels})

    def _place(self, _query: dict[str, list[str]], body: bytes) -> object:
        shown = []
        for item in orjson.loads(body)["data"]:
            self.placed += 1
            key, side = self._sides[item["line_id"]]
            wager = Resting(f"w{self.placed}", item["external_id"], key, side, item["odds"], item["stake"])
            self.resting[wager.wager_id] = wager
            shown.append(self._row(wager, "inactive"))
            asyncio.get_running_loop().call_soon(self._tell, wager, "open")
        return _data({"succeed_wagers": shown, "failed_wagers": []})

    def _row(self, wager: Resting, status: str) -> dict[str, object]:
        return {
            "id": wager.wager_id,
            "external_id": wager.external_id,
            "sport_event_id": wager.key.sport_event,
            "market_id": wager.key.market,
            "line_id": line_of(wager.key).outcomes[wager.side].line_id,
            "odds": wager.odds,
            "stake": wager.stake,
            "matched_stake": 0,
            "unmatched_stake": 0 if status == "canceled" else wager.stake,
            "status": status,
            "matching_status": "unmatched",
            "winning_status": "tbd",
            "created_at": iso(self.now()),
        }

    def _wager(self, wager_id: str) -> object:
        if wager_id in self.resting:
            return _data(self._row(self.resting[wager_id], "open"))
        return _data(self._row(self._ended[wager_id], "canceled")) if wager_id in self._ended else None

    def _gone(self, wager_id: str) -> None:
        wager = self.resting.pop(wager_id, None)
        if wager is not None:
            self._ended[wager_id] = wager
            asyncio.get_running_loop().call_soon(self._tell, wager, "canceled")

    def _cancel(self, _query: dict[str, list[str]], body: bytes) -> object:
        wager_id = orjson.loads(body)["wager_id"]
        self._gone(wager_id)
        return _data({"success": True, "wager": {"id": wager_id}})

    def _cancel_many(self, _query: dict[str, list[str]], body: bytes) -> object:
        results = []
        for item in orjson.loads(body)["data"]:
            self._gone(item["wager_id"])
            results.append({"success": True, "wager": {"id": item["wager_id"], "external_id": item["external_id"]}})
        return _data(results)

    def _cancel_sport_event(self, _query: dict[str, list[str]], body: bytes) -> object:
        sport_event = orjson.loads(body)["event_id"]
        found = [wager.wager_id for wager in self.resting.values() if wager.key.sport_event == sport_event]
        for wager_id in found:
            self._gone(wager_id)
        return _data({"success": True}) if found else None

    def _cancel_all(self, _query: dict[str, list[str]], _body: bytes) -> object:
        if not self.resting:
            return None
        for wager_id in list(self.resting):
            self._gone(wager_id)
        return _data({"success": True})

    def _history(self, query: dict[str, list[str]], _body: bytes) -> object:
        wanted = query.get("status", ["open"])[0]
        rows = [self._row(wager, "open") for wager in self.resting.values()] if wanted == "open" else []
        return {"data": {"wagers": rows, "next_cursor": ""}, "last_synced_at": iso(self.now())}

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Exchange]:
        """Listen on loopback inside the ``async with`` block."""
        app = web.Application(client_max_size=2**24)
        app.router.add_get("/app/{key}", self._socket)
        app.router.add_route("*", "/partner/{tail:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/partner"
        self.ws_url = f"ws://{host}:{port}"
        beats = asyncio.create_task(self._beats())
        try:
            yield self
        finally:
            beats.cancel()
            self.drop()
            await runner.cleanup()


def _data(value: object) -> dict[str, object]:
    return {"data": value}


def _selections(key: LineKey, shown: Book) -> list[list[dict[str, object]]]:
    """Return both sides with every field that the exchange sends. An empty side is a placeholder with its outcome."""
    sides = []
    for side, (outcome, levels) in enumerate(zip(line_of(key).outcomes, shown.sides, strict=True)):
        sides.append(
            [
                {
                    "outcome_id": outcome.outcome_id,
                    "name": "Cleveland Cavaliers" if side else "Minnesota Timberwolves",
                    "competitor_id": 3409 + side,
                    "line": 0,
                    "line_id": outcome.line_id,
                    "odds": level.odds if level else None,
                    "display_odds": f"{level.odds:+d}" if level else "",
                    "display_line": "",
                    "display_name": "Cleveland Cavaliers" if side else "Minnesota Timberwolves",
                    "stake": level.value / 100 if level else 0,
                    "value": level.value / 100 if level else 0,
                    "updated_at": 1_758_166_593_000_000_000,
                }
                for level in levels or (None,)
            ]
        )
    return sides
