"""Faults of a connection that was up, over every transport."""

from __future__ import annotations

from feed_rig import goes_deaf, stalls
from scripted_pusher import BROADCAST, Rig, ScriptedPusher, until

from mmbot.engine.events import Beat, FeedLost, FeedRejected, FeedUp
from mmbot.exchange.feed import FeedState
from mmbot.net.pusher import Ending


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


async def test_14_messages_that_pile_up_unhandled_end_the_connection(patient: Rig, server: ScriptedPusher) -> None:
    await patient.come_up()
    await server.up.beat()
    await until(lambda: patient.of(Beat))
    patient.backlog = patient.feed.settings.max_backlog + 1
    await server.up.beat()
    assert (await patient.lose()).reason == "overflow"
    patient.backlog = 0
    assert await patient.come_up() == 2


async def test_15_a_restarted_server_is_found_again(patient: Rig, server: ScriptedPusher) -> None:
    await patient.come_up()
    await server.stop()
    lost = await patient.lose()
    assert lost.connection == 1
    patient.feed.connect("feed lost")
    await until(lambda: len(patient.ends) >= 2)
    await server.start()
    await until(lambda: len(patient.of(FeedUp)) == 2)
