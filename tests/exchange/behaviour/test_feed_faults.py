"""Fault scenarios of the feed against a real websocket server, for every transport."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import web
from leftovers import Before
from scripted_pusher import BROADCAST, PATIENT, PRIVATE, QUICK, Peer, Rig, ScriptedPusher, signature, until
from transports import TRANSPORTS

from mmbot.domain.instant import SECOND
from mmbot.engine.events import Beat, FeedLost, FeedRejected, FeedUp, TournamentMessage
from mmbot.exchange import feed as feed_module
from mmbot.exchange.errors import LoginRejected, Retryable
from mmbot.exchange.feed import FeedSettings, FeedState
from mmbot.exchange.grants import ChannelGrant, Registration
from mmbot.net.pusher import Ending
from mmbot.net.transport import OpenLink


@pytest.fixture(params=TRANSPORTS)
def open_link(request: pytest.FixtureRequest) -> OpenLink:
    return TRANSPORTS[request.param]


@pytest.fixture
async def server() -> AsyncIterator[ScriptedPusher]:
    scripted = ScriptedPusher()
    await scripted.start()
    yield scripted
    await scripted.stop()


@pytest.fixture
async def rig(server: ScriptedPusher, open_link: OpenLink) -> AsyncIterator[Rig]:
    async with rigged(server, open_link, QUICK) as each:
        yield each


@pytest.fixture
async def patient(server: ScriptedPusher, open_link: OpenLink) -> AsyncIterator[Rig]:
    async with rigged(server, open_link, PATIENT) as each:
        yield each


@asynccontextmanager
async def rigged(server: ScriptedPusher, open_link: OpenLink, settings: FeedSettings) -> AsyncIterator[Rig]:
    """A rig. After the test no task, thread or socket of the feed is left, and its messages are consistent."""
    before = Before()
    rig = Rig(server, open_link, settings)
    try:
        yield rig
    finally:
        async with asyncio.timeout(3):
            await rig.feed.close()
    delivered = len(rig.delivered)
    rig.judge()
    for peer in server.peers:
        peer.transport.abort()
    await until(lambda: not server.open, "the server's connections are gone")
    await before.again()
    assert rig.feed.state is FeedState.CLOSED
    assert len(rig.delivered) == delivered, "it delivered after it was closed"


async def goes_deaf(peer: Peer) -> None:
    """A script that accepts the subscriptions and then neither reads nor writes."""
    await peer.hello()
    listening = asyncio.create_task(peer.listen())
    await until(lambda: len(peer.subscribed) == 2)
    listening.cancel()
    await peer.deaf()


async def stalls(peer: Peer) -> None:
    """A script with a text frame that announces 512 bytes and brings ten."""
    await peer.hello()
    listening = asyncio.create_task(peer.listen(pong=False))
    await until(lambda: len(peer.subscribed) == 2)
    peer.transport.write(b'\x81\x7e\x02\x00{"event":"')
    await listening


# --- what goes right ------------------------------------------------------------------------------------------------


async def test_is_up_when_every_channel_is_subscribed_and_each_with_its_own_signature(
    patient: Rig, server: ScriptedPusher
) -> None:
    number = await patient.come_up()
    assert number == patient.feed.connection == 1
    assert patient.feed.state is FeedState.UP
    assert server.up.subscribed == [BROADCAST, PRIVATE]
    assert server.asked[0].startswith("/app/app-key?protocol=7&client=mmbot&version=")


async def test_messages_of_both_channels_are_delivered_with_the_connection(
    patient: Rig, server: ScriptedPusher
) -> None:
    number = await patient.come_up()
    await server.up.publish("tournament", {"id": "132", "info": {"id": 132, "name": "NBA"}})
    await server.up.beat()
    await until(lambda: patient.of(Beat))
    assert patient.of(Beat) == [Beat(number)]
    (tournament,) = patient.of(TournamentMessage)
    assert tournament.connection == number


async def test_a_ping_of_the_server_is_answered(patient: Rig, server: ScriptedPusher) -> None:
    await patient.come_up()
    await server.up.say("pusher:ping", "{}")
    await until(lambda: "pusher:pong" in server.up.heard)


async def test_a_quiet_link_is_pinged_and_stays_up(rig: Rig, server: ScriptedPusher) -> None:
    await rig.come_up()
    await until(lambda: server.up.heard.count("pusher:ping") >= 3)
    assert not rig.of(FeedLost)
    assert len(server.peers) == 1


async def test_the_shorter_activity_timeout_of_the_server_is_kept(server: ScriptedPusher, open_link: OpenLink) -> None:
    async def hurried(peer: Peer) -> None:
        await peer.hello(activity_timeout=1)
        await peer.listen()

    server.scripts.append(hurried)
    async with rigged(server, open_link, PATIENT) as rig:  # of its own it would ping after 15 s
        await rig.come_up()
        await until(lambda: "pusher:ping" in server.up.heard)


async def test_a_close_sends_a_close_frame_and_delivers_nothing(patient: Rig, server: ScriptedPusher) -> None:
    await patient.come_up()
    peer = server.up
    await patient.feed.close()
    await until(lambda: peer.socket.closed)
    assert peer.socket.close_code == 1000
    assert not patient.of(FeedLost)
    assert patient.ends[-1].ending is Ending.ORDERED
    patient.feed.connect("too late")
    assert patient.feed.state is FeedState.CLOSED


# --- the scenarios --------------------------------------------------------------------------------------------------


async def test_01_a_half_open_link_is_noticed_by_its_missing_pong(rig: Rig, server: ScriptedPusher) -> None:
    server.scripts.append(goes_deaf)
    await rig.come_up()
    assert (await rig.lose()).reason == "silent"
    assert await rig.come_up() == 2


async def test_02_a_frame_that_stalls_in_its_middle_is_noticed(rig: Rig, server: ScriptedPusher) -> None:
    server.scripts.append(stalls)
    await rig.come_up()
    assert (await rig.lose()).reason == "silent"
    assert await rig.come_up() == 2


async def test_03_an_upgrade_that_is_never_answered_is_given_up(rig: Rig, server: ScriptedPusher) -> None:
    async def hang(request: web.Request) -> None:
        server.before_upgrade = None
        assert request.transport is not None
        await until(request.transport.is_closing, "the client gave up")

    server.before_upgrade = hang
    assert await rig.come_up() == 2
    assert rig.ends[0].reason == "open_timeout"
    assert not rig.of(FeedLost)


async def test_04_without_connection_established_the_attempt_ends(rig: Rig, server: ScriptedPusher) -> None:
    server.scripts.append(Peer.listen)
    assert await rig.come_up() == 2
    assert rig.ends[0].reason == "opening_timeout"
    assert not rig.of(FeedLost)


async def test_04b_a_channel_that_is_not_subscribed_in_time_ends_the_attempt(rig: Rig, server: ScriptedPusher) -> None:
    async def half(peer: Peer) -> None:
        await peer.hello()
        await peer.say("pusher_internal:subscription_succeeded", "{}", BROADCAST)
        await peer.listen(subscribe=False)

    server.scripts.append(half)
    assert await rig.come_up() == 2
    assert rig.ends[0].reason == "subscribing_timeout"


async def test_05_a_storm_of_4200_is_answered_at_once_one_time_only(patient: Rig, server: ScriptedPusher) -> None:
    async def again(peer: Peer) -> None:
        await peer.hello()
        await peer.error(4200, "generic reconnect immediately")

    server.scripts.extend([again] * 6)
    assert await patient.come_up() == 7
    storm = patient.ends[:6]
    assert [end.code for end in storm] == [4200] * 6
    assert {end.ending for end in storm} == {Ending.AGAIN}
    now = patient.feed.clock.now()
    assert all(end.retry_at <= now for end in storm)


async def test_06_4004_says_so_and_is_tried_again_without_an_order(patient: Rig, server: ScriptedPusher) -> None:
    async def over_quota(peer: Peer) -> None:
        await peer.error(4004, "app over connection quota")
        await peer.socket.close(code=4004)

    server.scripts.append(over_quota)
    patient.feed.connect("test")
    await until(lambda: patient.of(FeedRejected))
    (rejected,) = patient.of(FeedRejected)
    assert rejected == FeedRejected(1, "4004 app over connection quota")
    assert not patient.of(FeedLost)
    await until(lambda: patient.of(FeedUp))
    assert patient.of(FeedUp)[0].connection == 2
    assert len(server.peers) == 2


async def test_06b_a_connection_that_was_up_is_lost_and_rejected(patient: Rig, server: ScriptedPusher) -> None:
    await patient.come_up()
    await server.up.socket.close(code=4001, message=b"application does not exist")
    await until(lambda: patient.of(FeedRejected))
    assert patient.delivered[-2:] == [
        FeedLost(1, "4001 application does not exist"),
        FeedRejected(1, "4001 application does not exist"),
    ]


async def test_07_a_close_with_4201_ends_it_and_the_next_order_connects_at_once(
    patient: Rig, server: ScriptedPusher
) -> None:
    await patient.come_up()
    await server.up.socket.close(code=4201, message=b"pong not received")
    assert await patient.lose() == FeedLost(1, "4201 pong not received")
    assert patient.feed.state is FeedState.IDLE
    assert patient.ends[0].retry_at <= patient.feed.clock.now()
    assert len(server.peers) == 1, "it came back without an order"
    assert await patient.come_up() == 2


async def test_07b_4100_to_4199_waits(patient: Rig, server: ScriptedPusher) -> None:
    await patient.come_up()
    await server.up.error(4100, "over capacity")
    assert await patient.lose() == FeedLost(1, "4100 over capacity")
    end = patient.ends[0]
    assert end.ending is Ending.BACK_OFF
    assert await patient.come_up() == 2
    assert patient.feed.clock.now() >= end.retry_at


async def test_08_a_registration_that_is_rejected_is_tried_again(patient: Rig) -> None:
    rejections = iter([LoginRejected("unauthorized"), Retryable("timeout"), None])

    async def register(socket_id: str) -> Registration:
        if rejection := next(rejections):
            raise rejection
        return await patient.grant(socket_id)

    patient.registering = register
    assert await patient.come_up() == 3
    assert [end.reason for end in patient.ends] == ["registration: unauthorized", "registration: timeout"]
    assert not patient.of(FeedLost)


async def test_09_a_bad_signature_is_no_connection(patient: Rig, server: ScriptedPusher) -> None:
    async def forged(socket_id: str) -> Registration:
        patient.registering = patient.grant
        good = ChannelGrant(BROADCAST, signature(socket_id, BROADCAST))
        return Registration((good, ChannelGrant(PRIVATE, signature("9.9", PRIVATE))))

    patient.registering = forged
    assert await patient.come_up() == 2
    assert patient.ends[0].reason == "subscription_rejected"
    assert server.peers[0].subscribed == [BROADCAST]


async def test_09b_a_signature_rejected_by_an_error_without_a_code_is_no_connection(
    patient: Rig, server: ScriptedPusher
) -> None:
    async def rejects(peer: Peer) -> None:
        await peer.hello()
        await until(lambda: patient.feed.state is FeedState.OPENING)
        await peer.error(None, "Invalid signature")
        await peer.listen(subscribe=False)

    server.scripts.append(rejects)
    assert await patient.come_up() == 2
    assert patient.ends[0].reason == "Invalid signature"


async def test_10_a_registration_that_hangs_neither_stops_the_reader_nor_lasts(
    rig: Rig, server: ScriptedPusher
) -> None:
    cancelled = []

    async def hang(socket_id: str) -> Registration:
        rig.registering = rig.grant
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            cancelled.append(socket_id)
            raise
        raise AssertionError

    async def pings(peer: Peer) -> None:
        await peer.hello()
        await peer.say("pusher:ping", "{}")
        await peer.listen()

    rig.registering = hang
    server.scripts.append(pings)
    assert await rig.come_up() == 2
    assert "pusher:pong" in server.peers[0].heard
    assert rig.ends[0].reason == "registering_timeout"
    assert cancelled == ["1.7"]


async def test_10b_a_connection_config_that_hangs_is_given_up(rig: Rig) -> None:
    async def hang() -> object:
        rig.configuring = rig.give_config
        return await asyncio.get_running_loop().create_future()

    rig.configuring = hang  # type: ignore[assignment]
    assert await rig.come_up() == 2
    assert rig.ends[0].reason == "open_timeout"


async def test_11_bad_json_is_counted_and_harms_nothing(patient: Rig, server: ScriptedPusher) -> None:
    await patient.come_up()
    peer = server.up
    for bad in ("", "{", "[]", "null", '{"event":3}', '{"event":"' + "[" * 50_000, "\x00"):
        await peer.socket.send_str(bad)
    await peer.socket.send_bytes(b"\xff\xfe\x00")
    await peer.say("tournament_132", "no envelope", BROADCAST)
    await peer.publish("market_selections", {"no": "book"})
    await peer.publish("weather", {})
    await peer.publish("weather", {})
    await peer.beat()
    await until(lambda: patient.of(Beat))
    assert patient.feed.undecodable == {"frame": 8, "envelope": 1, "market_selections": 1, "topic": 2}
    assert [told[2] for told in patient.undecodable if told[0] == "topic"] == [1, 2]
    assert not patient.of(FeedLost)


async def test_12_a_server_that_is_down_is_tried_until_it_is_there(patient: Rig, server: ScriptedPusher) -> None:
    await server.stop()
    patient.feed.connect("test")
    await until(lambda: len(patient.ends) >= 4)
    assert not patient.delivered
    assert all(not end.was_up and end.ending is Ending.LOST for end in patient.ends)
    await server.start()
    await until(lambda: patient.of(FeedUp))
    assert [up.connection for up in patient.of(FeedUp)] == [len(patient.ends) + 1]


async def test_13_thirty_forced_reconnects_leave_one_connection(patient: Rig, server: ScriptedPusher) -> None:
    for number in range(1, 32):
        assert await patient.come_up(f"order {number}") == number
    assert [lost.connection for lost in patient.of(FeedLost)] == list(range(1, 31))
    assert patient.of(FeedLost)[-1] == FeedLost(30, "order 31")
    await until(lambda: server.open == 1, "only the last stands")
    await server.up.beat()
    await until(lambda: patient.of(Beat) == [Beat(31)])


async def test_13b_an_order_while_one_is_carried_out_changes_nothing(patient: Rig, server: ScriptedPusher) -> None:
    patient.feed.connect("one")
    patient.feed.connect("two")
    await until(lambda: patient.of(FeedUp))
    assert [up.connection for up in patient.of(FeedUp)] == [1]
    assert len(server.peers) == 1


async def test_13c_what_is_left_of_an_ended_connection_is_dropped(patient: Rig, server: ScriptedPusher) -> None:
    await patient.come_up()
    old = server.up
    patient.feed.connect("again")
    await old.beat()
    await until(lambda: len(patient.of(FeedUp)) == 2)
    assert not patient.of(Beat)


async def test_14_messages_that_pile_up_unhandled_end_the_connection(patient: Rig, server: ScriptedPusher) -> None:
    await patient.come_up()
    await server.up.beat()
    await until(lambda: patient.of(Beat))
    patient.backlog = patient.feed.settings.max_backlog + 1
    await server.up.beat()
    assert (await patient.lose()).reason == "overflow"
    patient.backlog = 0
    assert await patient.come_up() == 2


async def test_14b_a_flood_before_the_subscriptions_is_bounded_too(server: ScriptedPusher, open_link: OpenLink) -> None:
    async def floods(peer: Peer) -> None:
        await peer.hello()
        await until(lambda: peer.socket.closed or rig.feed.state is FeedState.OPENING)
        async for message in peer.socket:
            if PRIVATE in message.data:
                continue
            await peer.say("pusher_internal:subscription_succeeded", "{}", BROADCAST)
            for _ in range(50):
                await peer.publish("tournament", {"id": "132", "info": {"id": 132, "name": "NBA"}})

    server.scripts.append(floods)
    small = msgspec.structs.replace(PATIENT, max_backlog=20)
    async with rigged(server, open_link, small) as rig:
        assert await rig.come_up() == 2
        assert rig.ends[0].reason == "overflow"
        assert not rig.of(TournamentMessage)


async def test_14c_large_messages_before_the_subscriptions_are_bounded_by_their_size(
    server: ScriptedPusher, open_link: OpenLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "LARGEST_HELD", 1 << 20)

    async def floods(peer: Peer) -> None:
        await peer.hello()
        async for message in peer.socket:
            if PRIVATE in message.data:
                continue
            await peer.say("pusher_internal:subscription_succeeded", "{}", BROADCAST)
            for _ in range(10):
                await peer.publish("tournament", {"id": "132", "info": {"id": 132, "name": "N" * 200_000}})

    server.scripts.append(floods)
    async with rigged(server, open_link, PATIENT) as rig:
        assert await rig.come_up() == 2
        assert rig.ends[0].reason == "overflow"


async def test_15_a_restarted_server_is_found_again(patient: Rig, server: ScriptedPusher) -> None:
    await patient.come_up()
    await server.stop()
    lost = await patient.lose()
    assert lost.connection == 1
    patient.feed.connect("feed lost")
    await until(lambda: len(patient.ends) >= 2)
    await server.start()
    await until(lambda: len(patient.of(FeedUp)) == 2)


async def test_a_connection_may_be_closed_at_every_stage(server: ScriptedPusher, open_link: OpenLink) -> None:
    async def hang_config() -> object:
        return await asyncio.get_running_loop().create_future()

    async def hang_registration(socket_id: str) -> Registration:
        return await asyncio.get_running_loop().create_future()

    async def hang_upgrade(request: web.Request) -> None:
        assert request.transport is not None
        await until(request.transport.is_closing)

    async with rigged(server, open_link, PATIENT) as rig:
        rig.configuring = hang_config  # type: ignore[assignment]
        rig.feed.connect("test")
        await until(lambda: rig.feed.state is FeedState.OPENING)
    server.before_upgrade = hang_upgrade
    async with rigged(server, open_link, PATIENT) as rig:
        rig.feed.connect("test")
        await until(lambda: len(server.asked) == 1)
    server.before_upgrade = None
    async with rigged(server, open_link, PATIENT) as rig:
        rig.registering = hang_registration
        rig.feed.connect("test")
        await until(lambda: server.open)
    await server.stop()
    async with rigged(server, open_link, PATIENT) as rig:
        rig.feed.connect("test")
        await until(lambda: rig.feed.state is FeedState.WAITING and rig.ends)


async def test_closing_a_deaf_link_does_not_take_long(patient: Rig, server: ScriptedPusher) -> None:
    server.scripts.append(goes_deaf)
    await patient.come_up()
    before = patient.feed.clock.now()
    await patient.feed.close()
    assert patient.feed.clock.now() - before < 2 * SECOND


async def end_in_a_flood(rig: Rig, server: ScriptedPusher) -> None:
    await rig.come_up()
    flood = asyncio.gather(*(server.up.beat() for _ in range(50)), return_exceptions=True)
    await until(lambda: rig.of(Beat))
    await rig.feed.close()
    await flood


async def test_a_hundred_connections_that_are_killed_leave_nothing(server: ScriptedPusher, open_link: OpenLink) -> None:
    async def hang(request: web.Request) -> None:
        assert request.transport is not None
        await until(request.transport.is_closing, "the client gave up")

    before = Before()
    rig = Rig(server, open_link, PATIENT)
    for number in range(100):
        match number % 6:
            case 0:  # the server is gone without a word
                await rig.come_up()
                server.up.transport.abort()
                await rig.lose()
            case 1:  # it takes its leave
                await rig.come_up()
                await server.up.socket.close(code=4201)
                await rig.lose()
            case 2:  # it stops in the middle of a frame, and another connection is ordered
                server.scripts.append(stalls)
                await rig.come_up()
                await rig.come_up()
            case 3:  # it is deaf when all is closed
                server.scripts.append(goes_deaf)
                await rig.come_up()
                await rig.feed.close()
                rig = Rig(server, open_link, PATIENT)
            case 4:  # all is closed while the upgrade hangs
                server.before_upgrade = hang
                asked = len(server.asked)
                rig.feed.connect("test")
                await until(lambda asked=asked: len(server.asked) > asked)
                await rig.feed.close()
                server.before_upgrade = None
                rig = Rig(server, open_link, PATIENT)
            case 5:  # … while frames are pouring in
                await end_in_a_flood(rig, server)
                rig = Rig(server, open_link, PATIENT)
        # What ended is gone at once, not only in the end: one connection may stand.
        assert threading.active_count() <= len(before.threads) + 2
    await rig.feed.close()
    for peer in server.peers:
        peer.transport.abort()
    await until(lambda: not server.open, "the server's connections are gone")
    await before.again()
