"""The feed in virtual time, over a link that the test controls."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import orjson
import pytest

from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant
from mmbot.engine.events import Beat, Channel, FeedLost, FeedUp, WagerMessage
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.errors import Retryable
from mmbot.exchange.feed import AttemptEnded, Delivered, Feed, FeedSettings, FeedState
from mmbot.exchange.grants import ChannelGrant, ConnectionConfig, Registration, address_of
from mmbot.net.pusher import Ending
from mmbot.net.transport import Link, LinkClosed, LinkFailed

pytestmark = pytest.mark.looptime

EPOCH = 1_700_000_000 * SECOND
CONFIG = ConnectionConfig(key="k", cluster="mt1")


class LoopClock:
    """The loop's own time, which is virtual here."""

    def __init__(self, rate: float = 1.0) -> None:
        self.rate = rate

    def now(self) -> Instant:
        return EPOCH + round(asyncio.get_running_loop().time() * SECOND * self.rate)

    def wall(self) -> Instant:
        return self.now()

    def real_seconds(self, duration: Duration) -> float:
        return duration / SECOND / self.rate


def up(connection: int) -> FeedUp:
    """The event of a connection that is up with both of its channels."""
    return FeedUp(connection, (Channel("private-all", None, True), Channel("private-me", None, True)))


class HandLink:
    """A websocket whose other end is the test."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent: list[dict[str, Any]] = []
        self.closed = 0
        self._coming: asyncio.Queue[str | LinkClosed] = asyncio.Queue()

    async def receive(self) -> str:
        came = await self._coming.get()
        if isinstance(came, LinkClosed):
            raise came
        return came

    def send(self, text: str) -> None:
        told = orjson.loads(text)
        self.sent.append(told)
        if told["event"] == "pusher:ping":
            self.say("pusher:pong")

    async def close(self) -> None:
        self.closed += 1

    def say(self, event: str, data: object = "{}", channel: str | None = None) -> None:
        self._coming.put_nowait(orjson.dumps({"event": event, "data": data, "channel": channel}).decode())

    def hello(self) -> None:
        self.say("pusher:connection_established", '{"socket_id":"1.1","activity_timeout":120}')

    def confirm(self, channel: str) -> None:
        self.say("pusher_internal:subscription_succeeded", "{}", channel)

    def end(self, code: int | None = None, reason: str = "gone") -> None:
        self._coming.put_nowait(LinkClosed(code, reason))

    def wager(self, status: str = "open") -> None:
        info = {
            "id": "w1",
            "external_id": "e1",
            "sport_event_id": 1,
            "market_id": 2,
            "line_id": "aa",
            "odds": -110,
            "stake": 10,
            "status": status,
            "matching_status": "unmatched",
            "winning_status": "tbd",
            "totally_matched_stake": 0,
            "update_type": "status",
            "sequence_number": 5,
        }
        payload = base64.b64encode(orjson.dumps({"info": info})).decode()
        self.say("wagers", orjson.dumps({"change_type": "wager", "op": "u", "payload": payload}).decode(), "private-me")


class Desk:
    """A feed with surroundings that the test controls."""

    def __init__(self, rate: float = 1.0, settings: FeedSettings | None = None, good: bool = True) -> None:
        self.config = CONFIG
        self.links: list[HandLink] = []
        self.opened_at: list[float] = []
        self.delivered: list[Delivered] = []
        self.ends: list[AttemptEnded] = []
        self.failures: list[Exception] = []
        self.registered: list[str] = []
        self.good = good
        """Links come up by themselves."""
        self.configure: Callable[[], Awaitable[ConnectionConfig]] = self._configure
        self.register: Callable[[str], Awaitable[Registration]] = self._register
        self.feed = Feed(
            dialect=dialect_of("legacy").feed,
            config_source=lambda: self.configure(),
            register=lambda socket_id: self.register(socket_id),
            deliver=self.delivered.append,
            clock=LoopClock(rate),
            open_link=self._open,
            rng=random.Random(3),
            settings=settings,
            on_end=self.ends.append,
        )

    @property
    def link(self) -> HandLink:
        return self.links[-1]

    async def _configure(self) -> ConnectionConfig:
        return self.config

    async def _register(self, socket_id: str) -> Registration:
        self.registered.append(socket_id)
        if self.good:
            self.link.confirm("private-all")
            self.link.confirm("private-me")
        return Registration((ChannelGrant("private-all", "k:1"), ChannelGrant("private-me", "k:2")))

    async def _open(self, address: str) -> Link:
        self.opened_at.append(asyncio.get_running_loop().time())
        if self.failures:
            raise self.failures.pop(0)
        link = HandLink(address)
        self.links.append(link)
        link.hello()
        return link


async def settle() -> None:
    """Let everything that can run now run. Time is virtual: it moves only when nothing else can."""
    await asyncio.sleep(0.001)


async def test_opens_in_the_order_config_websocket_registration_subscriptions() -> None:
    desk = Desk()
    assert desk.feed.state is FeedState.IDLE
    desk.feed.connect("start")
    await settle()
    assert desk.registered == ["1.1"]
    assert [each["data"]["channel"] for each in desk.link.sent] == ["private-all", "private-me"]
    assert desk.delivered == [up(1)]
    await desk.feed.close()
    assert desk.link.closed == 1


async def test_what_comes_before_it_is_up_is_held_and_a_wager_message_is_not() -> None:
    desk = Desk(good=False)
    desk.feed.connect("start")
    await settle()
    desk.link.confirm("private-me")
    desk.link.say("health_check", "{}", "private-me")
    desk.link.wager()
    await settle()
    assert [type(each) for each in desk.delivered] == [WagerMessage]
    desk.link.confirm("private-all")
    await settle()
    assert desk.delivered[1:] == [up(1), Beat(1)]
    await desk.feed.close()


async def test_what_was_held_is_not_delivered_when_it_never_comes_up() -> None:
    desk = Desk(good=False)
    desk.feed.connect("start")
    await settle()
    desk.link.confirm("private-me")
    desk.link.say("health_check", "{}", "private-me")
    await settle()
    desk.good = True
    desk.link.end(1006)
    await asyncio.sleep(5)
    assert desk.delivered == [up(2)]
    await desk.feed.close()


async def test_a_lost_connection_stays_lost_until_it_is_ordered_anew() -> None:
    desk = Desk()
    desk.feed.connect("start")
    await settle()
    desk.link.end(1006, "gone")
    await asyncio.sleep(3600)
    assert desk.delivered == [up(1), FeedLost(1, "1006 gone")]
    assert len(desk.links) == 1
    assert desk.feed.state is FeedState.IDLE
    desk.feed.connect("again")
    await settle()
    assert desk.delivered[2:] == [up(2)]
    await desk.feed.close()


async def test_an_order_ends_what_is_up_at_once_and_says_so_before_anything_new() -> None:
    desk = Desk()
    desk.feed.connect("start")
    await settle()
    desk.link.say("health_check", "{}", "private-me")
    desk.feed.connect("an activation is missing")
    assert desk.delivered == [up(1), FeedLost(1, "an activation is missing")]
    await settle()
    assert desk.delivered[2:] == [up(2)]
    assert [link.closed for link in desk.links] == [1, 0]
    await desk.feed.close()


async def test_an_order_in_the_moment_of_an_end_is_not_lost() -> None:
    desk = Desk()
    desk.feed.connect("start")
    await settle()
    closing = asyncio.Event()

    async def slowly() -> None:
        await closing.wait()

    desk.link.close = slowly  # type: ignore[method-assign]
    desk.link.end()
    await settle()
    assert desk.delivered[-1] == FeedLost(1, "gone")
    desk.feed.connect("again")
    await settle()
    assert len(desk.links) == 1, "the old one is still being closed"
    closing.set()
    await asyncio.sleep(1)
    assert desk.delivered[-1] == up(2)
    await desk.feed.close()


async def test_attempts_come_ever_more_slowly_and_without_end() -> None:
    desk = Desk()
    desk.failures = [LinkFailed("ConnectionRefusedError: errno 111")] * 12
    desk.feed.connect("start")
    await asyncio.sleep(400)
    assert desk.delivered == [up(13)]
    gaps = [b - a for a, b in zip(desk.opened_at, desk.opened_at[1:], strict=False)]
    for gap, longest in zip(gaps, [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30], strict=True):
        assert longest / 2 <= gap <= longest + 0.1
    assert [end.connection for end in desk.ends] == list(range(1, 13))
    await desk.feed.close()


async def test_an_order_does_not_shorten_the_wait() -> None:
    desk = Desk()
    desk.failures = [LinkFailed("no")] * 20
    desk.feed.connect("start")
    for _ in range(300):
        await asyncio.sleep(0.1)
        desk.feed.connect("impatient")
    assert len(desk.opened_at) <= 7
    await desk.feed.close()


async def test_a_config_that_changes_moves_the_connection() -> None:
    desk = Desk()
    desk.feed.connect("start")
    await settle()
    desk.config = ConnectionConfig(key="k", cluster="mt1", ws_host="ws.example.test")
    await asyncio.sleep(30 * 60 - 1)
    assert desk.delivered == [up(1)]
    await asyncio.sleep(2)
    assert desk.delivered == [up(1), FeedLost(1, "config_changed")]
    assert desk.ends[-1].ending is Ending.ORDERED
    desk.feed.connect("feed lost")
    await settle()
    assert desk.delivered[-1] == up(2)
    assert desk.link.address.startswith("wss://ws.example.test/app/k?")
    await desk.feed.close()


async def test_a_config_that_says_the_same_place_or_cannot_be_read_moves_nothing() -> None:
    desk = Desk()
    answers: list[ConnectionConfig | Exception | None] = [
        CONFIG,
        ConnectionConfig(key="k", cluster="mt1", app_id="renamed"),
        Retryable("timeout"),
        None,
        ConnectionConfig(key="", cluster="mt1"),
        CONFIG,
    ]

    async def configure() -> ConnectionConfig:
        answer = answers.pop(0)
        if answer is None:
            return await asyncio.get_running_loop().create_future()
        if isinstance(answer, Exception):
            raise answer
        return answer

    desk.configure = configure
    desk.feed.connect("start")
    await asyncio.sleep(5 * 30 * 60 + 60)
    assert answers == []
    assert desk.delivered == [up(1)]
    await desk.feed.close()


async def test_a_mistake_in_what_we_were_given_does_not_end_the_trying(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    good = desk.register

    async def broken(socket_id: str) -> Registration:
        desk.register = good
        raise TypeError("a bug")

    desk.register = broken
    desk.feed.connect("start")
    await asyncio.sleep(60)
    assert desk.delivered == [up(2)]
    assert "a bug" in caplog.text
    assert desk.links[0].closed == 1
    await desk.feed.close()


async def test_a_mistake_while_it_is_up_loses_the_feed_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.feed.connect("start")
    await settle()

    async def broken() -> str:
        raise TypeError("a bug")

    desk.link.receive = broken  # type: ignore[method-assign]
    desk.link.say("health_check", "{}", "private-me")
    await settle()
    assert desk.delivered == [up(1), Beat(1), FeedLost(1, "crashed")]
    assert "a bug" in caplog.text
    desk.feed.connect("feed lost")
    await asyncio.sleep(60)
    assert desk.delivered[-1] == up(2)
    await desk.feed.close()


async def test_a_config_source_that_is_broken_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    good = desk.configure

    async def broken() -> ConnectionConfig:
        desk.configure = good
        raise TypeError("a bug")

    desk.configure = broken
    desk.feed.connect("start")
    await asyncio.sleep(60)
    assert desk.delivered == [up(2)]
    await desk.feed.close()


async def test_a_quiet_connection_is_pinged_and_lasts() -> None:
    desk = Desk()
    desk.feed.connect("start")
    await asyncio.sleep(600)
    assert desk.delivered == [up(1)]
    pings = [each for each in desk.link.sent if each["event"] == "pusher:ping"]
    assert 35 <= len(pings) <= 40
    await desk.feed.close()


async def test_on_a_fast_clock_the_network_keeps_its_second() -> None:
    desk = Desk(rate=600.0)
    assert desk.feed.stretched(5 * SECOND) == 600 * SECOND
    assert desk.feed.stretched(SECOND // 10) == 60 * SECOND
    assert desk.feed.stretched(30 * MINUTE) == 30 * MINUTE
    assert Desk().feed.stretched(5 * SECOND) == 5 * SECOND
    desk.feed.connect("start")
    await settle()
    # Not a pong in 5 s of the clock, which are 8 ms of the machine's: it takes a whole second.
    sent: list[str] = []
    desk.link.send = sent.append  # type: ignore[method-assign]
    await asyncio.sleep(1.5)
    assert sent
    assert desk.delivered == [up(1)]
    await asyncio.sleep(1)
    assert desk.delivered == [up(1), FeedLost(1, "silent")]
    await desk.feed.close()


async def test_a_flood_leaves_the_loop_to_others_in_between() -> None:
    desk = Desk()
    desk.feed.connect("start")
    await settle()
    for _ in range(1000):
        desk.link.say("health_check", "{}", "private-me")
    turns = 0
    while len(desk.delivered) < 1001:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 25, "a cancel would have had to wait for the whole flood"
    await desk.feed.close()


async def test_closing_twice_or_before_the_first_order_is_no_harm() -> None:
    desk = Desk()
    await desk.feed.close()
    desk.feed.connect("too late")
    await asyncio.sleep(60)
    await desk.feed.close()
    assert not desk.links


@pytest.mark.parametrize(
    ("config", "ws_url", "start"),
    [
        (
            ConnectionConfig(key="k", cluster="mt1"),
            None,
            "wss://ws-mt1.pusher.com/app/k?protocol=7&client=mmbot&version=",
        ),
        (ConnectionConfig(key="k", cluster="mt1", ws_host="ws.example.test"), None, "wss://ws.example.test/app/k?"),
        (ConnectionConfig(key="k", ws_host="ws://h:1/"), None, "ws://h:1/app/k?"),
        (ConnectionConfig(key="a/b?", cluster="mt1"), "ws://127.0.0.1:9000", "ws://127.0.0.1:9000/app/a%2Fb%3F?"),
        (ConnectionConfig(key="k"), "ws://127.0.0.1:9000/", "ws://127.0.0.1:9000/app/k?"),
    ],
)
async def test_where_to_connect(config: ConnectionConfig, ws_url: str | None, start: str) -> None:
    assert address_of(config, ws_url).startswith(start)


async def test_a_bare_host_of_an_exchange_without_a_certificate() -> None:
    config = ConnectionConfig(key="k", cluster="local", ws_host="127.0.0.1:9000")
    assert address_of(config, None, "ws").startswith("ws://127.0.0.1:9000/app/k?")


@pytest.mark.parametrize("config", [ConnectionConfig(key=""), ConnectionConfig(key="k")])
async def test_a_config_that_names_no_place_is_a_failed_attempt(config: ConnectionConfig) -> None:
    with pytest.raises(LinkFailed):
        address_of(config, None)
    desk = Desk()
    desk.config = config
    desk.feed.connect("start")
    await settle()
    assert desk.ends[0].reason == "the connection config names no key or no host"
    await desk.feed.close()


async def test_a_settings_value_is_what_it_is_called() -> None:
    settings = msgspec.structs.replace(FeedSettings(), config_every=10 * SECOND)
    desk = Desk(settings=settings)
    desk.feed.connect("start")
    await settle()
    desk.config = ConnectionConfig(key="other", cluster="mt1")
    await asyncio.sleep(11)
    assert desk.delivered[-1] == FeedLost(1, "config_changed")
    await desk.feed.close()
