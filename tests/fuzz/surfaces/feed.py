"""The feed: frames of the websocket, the messages in them, and the payloads of the messages.

The first byte says what the rest is: the payload of a topic, the data of a message, or a whole frame. The second byte
says whether the message creates, updates or deletes.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random

from engine_scene import GAME, LINE, MONEYLINE, NBA, Scene

from mmbot.domain.clock import ManualClock
from mmbot.engine.events import FeedLost, FeedRejected, FeedUp
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.feed import Delivered, Feed
from mmbot.exchange.grants import ChannelGrant, ConnectionConfig, Registration
from mmbot.net.transport import LinkClosed
from surfaces import Surface
from surfaces.a_scene import settle

CHANNEL = "private-broadcast"
TOPICS = (
    "market_selections",
    "wager",
    "matched_bet",
    "market",
    "market_line",
    "sport_event",
    "tournament",
    "private_system_signal",
)
_OPS = ("u", "c", "d", None, "x")
_DATA, _FRAME = len(TOPICS), len(TOPICS) + 1
_KINDS = {*TOPICS, "health_check", "envelope", "topic", "frame", "channel", "protocol", "error"}

_DIALECT = dialect_of("legacy")


class _Link:
    """A websocket that brings the frames of a handshake, one frame more, and then its end."""

    def __init__(self, frame: str | bytes) -> None:
        self._subscribed = asyncio.Event()
        hello = json.dumps({"socket_id": "1.2", "activity_timeout": 120})
        self._frames: list[str | bytes] = [
            json.dumps({"event": "pusher:connection_established", "data": hello}),
            json.dumps({"event": "pusher_internal:subscription_succeeded", "channel": CHANNEL, "data": "{}"}),
            frame,
        ]

    async def receive(self) -> str | bytes:
        if not self._frames:
            raise LinkClosed(1006, "the end")
        if len(self._frames) == 2:
            await self._subscribed.wait()
        return self._frames.pop(0)

    def send(self, text: str) -> None:
        text.encode()
        if "pusher:subscribe" in text:
            self._subscribed.set()

    async def close(self) -> None:
        return None


def frame_of(data: bytes) -> str | bytes:
    """Return the frame that an input stands for."""
    kind, op, rest = data[0] % (_FRAME + 1), _OPS[data[1] % len(_OPS)], data[2:]
    if kind == _FRAME:
        return rest
    if kind == _DATA:
        text = rest.decode("utf-8", "replace")
    else:
        body = {"timestamp": 1, "change_type": TOPICS[kind], "payload": base64.b64encode(rest).decode()}
        text = json.dumps(body if op is None else body | {"op": op})
    return json.dumps({"event": "tournament_132", "channel": CHANNEL, "data": text})


async def _heard(frame: str | bytes, number: int, now: int) -> tuple[list[Delivered], dict[str, int]]:
    """Return what a feed delivers after it is up, and what it counts as unreadable."""
    delivered: list[Delivered] = []
    ended = asyncio.Event()

    async def config() -> ConnectionConfig:
        return ConnectionConfig("key", "mt1")

    async def register(_socket: str) -> Registration:
        return Registration((ChannelGrant(CHANNEL, "key:00"),))

    async def open_link(_address: str) -> _Link:
        return _Link(frame)

    def note_unreadable(kind: str, why: str, count: int) -> None:
        assert kind in _KINDS, kind
        assert len(why) <= 300, len(why)

    feed = Feed(
        dialect=_DIALECT.feed,
        config_source=config,
        register=register,
        deliver=delivered.append,
        clock=ManualClock(now),
        open_link=open_link,
        rng=random.Random(1),
        number=lambda: number,
        on_undecodable=note_unreadable,
        on_end=lambda _: ended.set(),
    )
    feed.connect("fuzz")
    async with asyncio.timeout(30):
        await ended.wait()
    await feed.close()
    return delivered, feed.undecodable


def check(data: bytes) -> None:
    """Give one frame to the feed, and what it delivers to an engine that quotes."""
    if len(data) < 2:
        return
    scene = Scene().quoted()
    scene.take(0, 700)
    frame = frame_of(data)
    delivered, unreadable = runner.run(_heard(frame, scene.run.connection, scene.now))
    assert sum(unreadable.values()) <= 1, unreadable
    for event in delivered:
        if not isinstance(event, FeedUp | FeedLost | FeedRejected):
            assert not unreadable, (event, unreadable)
            scene.run.tell(event)
    settle(scene)


runner = asyncio.Runner()


def _seeds() -> tuple[bytes, ...]:
    # long: one example of each message of the feed.
    scene = Scene().quoted()
    own = scene.wagers()[0]
    level = {"odds": 110, "value": 120.5, "line_id": own.line_id, "line": None, "name": "a", "outcome_id": 4}
    book = {
        "sport_event_id": GAME,
        "market_id": MONEYLINE,
        "info": {"sequence_number": 1 << 60, "line": 0, "type": "moneyline", "selections": [[level], [level, level]]},
    }
    wager = {
        "id": own.wager_id,
        "external_id": own.external_id,
        "sport_event_id": GAME,
        "market_id": MONEYLINE,
        "line_id": own.line_id,
        "odds": own.odds,
        "stake": own.stake / 100,
        "matched_stake": 1.5,
        "totally_matched_stake": 1.5,
        "matched_odds": own.odds,
        "unmatched_stake": own.stake / 100 - 1.5,
        "status": "open",
        "matching_status": "partially_matched",
        "winning_status": "tbd",
        "update_type": "matching",
        "sequence_number": 1 << 60,
        "created_at": "2027-01-15T08:00:01.5Z",
        "profit": 1.2,
    }
    printed = {
        "sport_event_id": GAME,
        "market_id": MONEYLINE,
        "line_id": own.line_id,
        "odds": 110.0,
        "matched_odds": -110.0,
        "matched_stake": 5.5,
        "sequence_number": 3,
    }
    market = {"id": MONEYLINE, "sport_event_id": GAME, "name": "Moneyline", "status": "active"}
    line = {
        "sport_event_id": GAME,
        "market_id": MONEYLINE,
        "outcome_id": 4,
        "line_id": own.line_id,
        "line": LINE.number / 4,
        "status": "active",
    }
    sport_event = {
        "event_id": GAME,
        "tournament_id": NBA,
        "name": "A @ B",
        "status": "not_started",
        "scheduled": "2027-01-15T14:00:00Z",
        "sport_name": "Basketball",
        "tournament_name": "NBA",
        "competitors": [{"name": "A"}, {"name": "B"}],
    }
    tournament = {"id": NBA, "name": "NBA", "sport": {"name": "Basketball"}}
    payloads = (
        book,
        {"info": wager},
        {"info": printed},
        {"id": GAME, "info": market},
        {"info": line},
        {"id": GAME, "tournament_id": NBA, "info": sport_event},
        {"id": NBA, "info": tournament},
        {},
    )
    made = [bytes((topic, 0)) + json.dumps(payload).encode() for topic, payload in enumerate(payloads)]
    data = json.loads(frame_of(made[0]))["data"]
    made.append(bytes((_DATA, 0)) + data.encode())
    made.append(bytes((_FRAME, 0)) + bytes(str(frame_of(made[1])), "utf-8"))
    for event, value in (
        ("pusher:connection_established", '{"socket_id":"1.2","activity_timeout":120}'),
        ("pusher:error", '{"code":4301,"message":"rate"}'),
        ("pusher:ping", "{}"),
        ("pusher_internal:subscription_succeeded", "{}"),
    ):
        frame = {"event": event, "channel": CHANNEL, "data": value}
        made.append(bytes((_FRAME, 0)) + json.dumps(frame).encode())
    return tuple(made)


SURFACE = Surface("feed", _seeds(), check, head=2, examples=200)
