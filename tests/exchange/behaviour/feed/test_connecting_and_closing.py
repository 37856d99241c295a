"""The feed connects, forwards messages, reconnects on an order and closes without leftovers, over every transport."""

from __future__ import annotations

import asyncio
import threading

from aiohttp import web
from feed_rig import goes_deaf, rigged, stalls
from leftovers import Before
from scripted_pusher import BROADCAST, PATIENT, PRIVATE, Peer, Rig, ScriptedPusher, until

from mmbot.domain.instant import SECOND
from mmbot.engine.events import Beat, FeedLost, FeedUp, TournamentMessage
from mmbot.exchange.feed import FeedState
from mmbot.exchange.grants import Registration
from mmbot.net.pusher import Ending
from mmbot.net.transport import OpenLink


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
