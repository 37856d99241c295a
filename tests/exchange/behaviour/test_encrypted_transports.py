"""Every transport over TLS: the authorities that it trusts, and its end, which is as prompt as without TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from functools import partial

import pytest
import trustme
from leftovers import Before
from scripted_pusher import PATIENT, QUICK, Peer, Rig, ScriptedPusher, until
from transports import TRANSPORTS

from mmbot.engine.events import Beat
from mmbot.net.transport import LinkFailed, OpenLink


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client that trusts this authority and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.fixture(params=TRANSPORTS)
def any_link(request: pytest.FixtureRequest) -> OpenLink:
    return TRANSPORTS[request.param]


@pytest.fixture
def open_link(any_link: OpenLink, trusting: ssl.SSLContext) -> OpenLink:
    return partial(any_link, tls=trusting)


def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
async def server(authority: trustme.CA) -> AsyncIterator[ScriptedPusher]:
    scripted = ScriptedPusher(serving(authority, "127.0.0.1"))
    await scripted.start()
    yield scripted
    await scripted.stop()


def address(server: ScriptedPusher) -> str:
    return f"{server.url}/app/app-key?protocol=7"


async def test_comes_up_and_delivers(server: ScriptedPusher, open_link: OpenLink) -> None:
    before = Before()
    rig = Rig(server, open_link, PATIENT)
    number = await rig.come_up()
    for _ in range(200):
        await server.up.beat()
    await until(lambda: len(rig.of(Beat)) == 200)
    assert set(rig.of(Beat)) == {Beat(number)}
    await rig.feed.close()
    await until(lambda: not server.open)
    await before.again()


async def test_frames_that_share_a_record_all_arrive(server: ScriptedPusher, open_link: OpenLink) -> None:
    async def pours(peer: Peer) -> None:
        # One write, so that what select sees is less than what there is to read.
        peer.transport.write(b"".join(b"\x81\x04%04d" % number for number in range(1000)))
        await peer.listen()

    server.scripts.append(pours)
    link = await open_link(address(server))
    async with asyncio.timeout(5):
        for number in range(1000):
            assert await link.receive() == b"%04d" % number
    await link.close()


async def test_an_authority_that_is_not_trusted_is_rejected(server: ScriptedPusher, any_link: OpenLink) -> None:
    before = Before()
    with pytest.raises(LinkFailed) as caught:
        await any_link(address(server))
    assert "Cert" in str(caught.value)
    assert "app-key" not in str(caught.value)
    assert not server.asked, "the key was sent"
    await before.again()


async def test_a_certificate_of_another_name_is_rejected(authority: trustme.CA, open_link: OpenLink) -> None:
    server = ScriptedPusher(serving(authority, "elsewhere.example"))
    await server.start()
    before = Before()
    with pytest.raises(LinkFailed, match="Cert"):
        await open_link(address(server))
    assert not server.asked, "the key was sent"
    await before.again()
    await server.stop()


async def test_it_is_the_name_in_the_address_that_is_checked(server: ScriptedPusher, open_link: OpenLink) -> None:
    with pytest.raises(LinkFailed, match="Cert"):  # the certificate is for the number
        await open_link(address(server).replace("127.0.0.1", "localhost"))
    assert not server.asked, "the key was sent"


async def test_a_peer_without_encryption_fails(open_link: OpenLink) -> None:
    server = ScriptedPusher()
    await server.start()
    with pytest.raises(LinkFailed):
        await open_link(address(server).replace("ws:", "wss:"))
    await server.stop()


async def test_a_handshake_that_hangs_may_be_given_up(open_link: OpenLink) -> None:
    met: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: met.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    before = Before()
    opening = asyncio.ensure_future(open_link(f"wss://127.0.0.1:{port}/app/app-key"))
    await until(lambda: met)
    opening.cancel()
    async with asyncio.timeout(2):
        await asyncio.wait({opening})
    assert opening.cancelled()
    met[0].transport.abort()
    await before.again()
    silent.close()
    await silent.wait_closed()


async def test_a_half_open_link_and_a_stalled_frame_are_noticed(server: ScriptedPusher, open_link: OpenLink) -> None:
    async def goes_deaf(peer: Peer) -> None:
        await peer.hello()
        listening = asyncio.create_task(peer.listen())
        await until(lambda: len(peer.subscribed) == 2)
        listening.cancel()
        await peer.deaf()

    async def stalls(peer: Peer) -> None:
        await peer.hello()
        listening = asyncio.create_task(peer.listen(pong=False))
        await until(lambda: len(peer.subscribed) == 2)
        peer.transport.write(b'\x81\x7e\x02\x00{"event":"')
        await listening

    before = Before()
    server.scripts.extend([goes_deaf, stalls])
    rig = Rig(server, open_link, QUICK)
    for _ in range(2):
        await rig.come_up()
        assert (await rig.lose()).reason == "silent"
    await rig.come_up()
    await rig.feed.close()
    for peer in server.peers:
        peer.transport.abort()
    await until(lambda: not server.open)
    await before.again()


async def test_connections_that_are_killed_leave_nothing(server: ScriptedPusher, open_link: OpenLink) -> None:
    before = Before()
    rig = Rig(server, open_link, PATIENT)
    for number in range(30):
        await rig.come_up()
        if number % 3 == 0:
            server.up.transport.abort()
            await rig.lose()
        elif number % 3 == 1:
            await rig.feed.close()
            rig = Rig(server, open_link, PATIENT)
    await rig.feed.close()
    assert len(server.peers) == 30
    for peer in server.peers:
        peer.transport.abort()
    await until(lambda: not server.open)
    await before.again()
