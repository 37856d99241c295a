"""Each transport against a real Pusher server, with the official library publishing: what scripts of ours, which could
share a mistake with the client, cannot show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from leftovers import Before
from scripted_pusher import BROADCAST, PATIENT, PRIVATE, Rig, envelope, until
from soketi import Soketi, why_not
from transports import TRANSPORTS

from mmbot.domain.instant import SECOND
from mmbot.engine.events import Beat, FeedLost, FeedRejected, FeedUp, TournamentMessage
from mmbot.exchange.feed import FeedSettings, FeedState
from mmbot.exchange.grants import ChannelGrant, ConnectionConfig, Registration
from mmbot.net.pusher import Ending
from mmbot.net.transport import Link, OpenLink

WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soketi]:
    server = Soketi(tmp_path_factory.mktemp("soketi"))
    yield server
    server.kill()


@pytest.fixture
def server(running: Soketi) -> Soketi:
    """Start the server again if the previous test stopped it."""
    if running.is_down:
        running.start()
    return running


@pytest.fixture(params=TRANSPORTS)
def open_link(request: pytest.FixtureRequest) -> OpenLink:
    return TRANSPORTS[request.param]


def made(server: Soketi, open_link: OpenLink, settings: FeedSettings) -> Rig:
    """A rig whose channels the official library signs."""
    rig = Rig(server, open_link, settings)  # type: ignore[arg-type]

    async def signed(socket_id: str) -> Registration:
        names = rig.channels
        return Registration(
            tuple(ChannelGrant(name, server.official.authenticate(name, socket_id)["auth"]) for name in names)
        )

    rig.registering = signed
    return rig


@pytest.fixture
async def rig(server: Soketi, open_link: OpenLink) -> AsyncIterator[Rig]:
    before = Before()
    rig = made(server, open_link, PATIENT)
    yield rig
    await rig.feed.close()
    rig.judge()
    await before.again()


async def publish(server: Soketi, channel: str, event: str, data: str) -> None:
    """Publish, and return when the server has taken it."""
    await asyncio.get_running_loop().run_in_executor(None, server.official.trigger, channel, event, data)


async def beat(server: Soketi) -> None:
    await publish(server, PRIVATE, "health_check", envelope("private_system_signal", {}))


@pytest.fixture(autouse=True)
async def warm(server: Soketi) -> None:
    """The loop's only thread for publishing stands before threads are counted."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    await beat(server)


async def test_receives_what_is_published_on_both_channels(rig: Rig, server: Soketi) -> None:
    number = await rig.come_up()
    await publish(
        server,
        BROADCAST,
        "tournament_132",
        envelope("tournament", {"id": "132", "info": {"id": 132, "name": "Liga ñ — 日本"}}),
    )
    await beat(server)
    await until(lambda: rig.of(Beat))
    assert rig.of(Beat) == [Beat(number)]
    (tournament,) = rig.of(TournamentMessage)
    assert tournament.tournament.name == "Liga ñ — 日本"
    assert not rig.undecodable


async def test_a_batch_arrives_whole_and_in_order(rig: Rig, server: Soketi) -> None:
    await rig.come_up()
    batches = [
        [
            {
                "channel": BROADCAST,
                "name": "tournament_132",
                "data": envelope("tournament", {"id": str(n), "info": {"id": n, "name": "x" * 3000}}),
            }
            for n in range(first, first + 10)
        ]
        for first in range(1, 101, 10)
    ]
    for batch in batches:
        await asyncio.get_running_loop().run_in_executor(None, server.official.trigger_batch, batch)
    await until(lambda: len(rig.of(TournamentMessage)) == 100)
    assert [each.tournament_id for each in rig.of(TournamentMessage)] == list(range(1, 101))


async def test_a_channel_that_is_not_ours_is_not_heard(rig: Rig, server: Soketi) -> None:
    await rig.come_up()
    await publish(server, f"{PRIVATE}2", "health_check", envelope("private_system_signal", {}))
    await publish(server, BROADCAST, "health_check", envelope("private_system_signal", {}))
    await until(lambda: rig.of(Beat))
    assert len(rig.of(Beat)) == 1
    assert not rig.undecodable


async def test_a_signature_for_another_socket_is_rejected(rig: Rig, server: Soketi) -> None:
    good = rig.registering

    async def stale(_: str) -> Registration:
        rig.registering = good
        return await good("1.1")

    rig.registering = stale
    assert await rig.come_up() == 2
    assert rig.ends[0].ending is Ending.LOST
    assert not rig.ends[0].was_up
    await beat(server)
    await until(lambda: rig.of(Beat) == [Beat(2)])


async def test_an_unknown_key_is_forbidden(rig: Rig, server: Soketi) -> None:
    rig.config = ConnectionConfig(key="no-such-key")
    rig.feed.connect("test")
    await until(lambda: rig.of(FeedRejected))
    assert rig.feed.state is FeedState.WAITING
    assert rig.ends[0].code == 4001
    assert not rig.of(FeedLost)


async def test_a_quiet_link_is_pinged_and_answered(server: Soketi, open_link: OpenLink) -> None:
    sent: list[str] = []

    async def heard(address: str) -> Link:
        link = await open_link(address)
        send = link.send
        link.send = lambda text: (sent.append(text), send(text))  # type: ignore[method-assign]
        return link

    before = Before()
    short = msgspec.structs.replace(PATIENT.timing, silence=SECOND // 5, pong=SECOND)
    rig = made(server, heard, msgspec.structs.replace(PATIENT, timing=short))
    await rig.come_up()
    # The next ping goes out only when the last one was answered.
    await until(lambda: sum("pusher:ping" in text for text in sent) >= 3)
    assert not rig.of(FeedLost)
    assert len(rig.of(FeedUp)) == 1
    await rig.feed.close()
    await before.again()


async def test_survives_a_restart_without_warning(rig: Rig, server: Soketi) -> None:
    await rig.come_up()
    server.kill()
    assert (await rig.lose()).connection == 1
    rig.feed.connect("feed lost")
    await until(lambda: len(rig.ends) >= 3, "it tries while nobody is there")
    assert {end.ending for end in rig.ends} == {Ending.LOST}
    await asyncio.get_running_loop().run_in_executor(None, server.start)
    await until(lambda: len(rig.of(FeedUp)) == 2)
    await beat(server)
    await until(lambda: rig.of(Beat))
    assert rig.of(Beat) == [Beat(rig.feed.connection)]


async def test_survives_a_graceful_shutdown(rig: Rig, server: Soketi) -> None:
    await rig.come_up()
    server.shut_down()
    await rig.lose()
    assert (rig.ends[0].ending, rig.ends[0].code) == (Ending.AGAIN, 4200)
    rig.feed.connect("feed lost")
    await until(lambda: len(rig.ends) >= 3, "it tries while nobody is there")
    await asyncio.get_running_loop().run_in_executor(None, server.kill)
    await asyncio.get_running_loop().run_in_executor(None, server.start)
    await until(lambda: len(rig.of(FeedUp)) == 2, "up again", 30)
    await beat(server)
    await until(lambda: rig.of(Beat))


async def test_connections_that_come_and_go_leave_nothing(server: Soketi, open_link: OpenLink) -> None:
    before = Before()
    rig = made(server, open_link, PATIENT)
    for number in range(1, 31):
        assert await rig.come_up() == number
    await beat(server)
    await until(lambda: rig.of(Beat) == [Beat(30)])
    await rig.feed.close()
    await before.again()
