"""Faults of an attempt to connect, before every channel is subscribed, over every transport."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiohttp import web
from feed_rig import rigged
from scripted_pusher import BROADCAST, PATIENT, PRIVATE, Peer, Rig, ScriptedPusher, signature, until

from mmbot.engine.events import FeedLost, FeedRejected, FeedUp, TournamentMessage
from mmbot.exchange import feed as feed_module
from mmbot.exchange.errors import LoginRejected, Retryable
from mmbot.exchange.feed import FeedState
from mmbot.exchange.grants import ChannelGrant, Registration
from mmbot.net.pusher import Ending
from mmbot.net.transport import OpenLink


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


async def test_12_a_server_that_is_down_is_tried_until_it_is_there(patient: Rig, server: ScriptedPusher) -> None:
    await server.stop()
    patient.feed.connect("test")
    await until(lambda: len(patient.ends) >= 4)
    assert not patient.delivered
    assert all(not end.was_up and end.ending is Ending.LOST for end in patient.ends)
    await server.start()
    await until(lambda: patient.of(FeedUp))
    assert [up.connection for up in patient.of(FeedUp)] == [len(patient.ends) + 1]


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
                await peer.publish("tournament", {"id": "132", "info": {"id": 132, "banner": "N" * 200_000}})

    server.scripts.append(floods)
    async with rigged(server, open_link, PATIENT) as rig:
        assert await rig.come_up() == 2
        assert rig.ends[0].reason == "overflow"
