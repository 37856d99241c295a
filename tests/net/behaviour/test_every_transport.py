"""Duties of every transport beyond the fault scenarios: it names no key, limits a message, and closes at once."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from leftovers import Before
from leftovers import descriptors as descriptors_now
from scripted_pusher import Peer, ScriptedPusher, until
from transports import TRANSPORTS

from mmbot.net.transport import Link, LinkClosed, LinkFailed, OpenLink


@pytest.fixture(params=TRANSPORTS)
def open_link(request: pytest.FixtureRequest) -> OpenLink:
    return TRANSPORTS[request.param]


@pytest.fixture
async def server() -> AsyncIterator[ScriptedPusher]:
    scripted = ScriptedPusher()
    await scripted.start()
    yield scripted
    await scripted.stop()


def address(server: ScriptedPusher) -> str:
    return f"{server.url}/app/app-key?protocol=7"


def descriptors() -> int:
    gc.collect()
    return len(descriptors_now())


async def test_frames_come_and_go_whole_and_in_order(server: ScriptedPusher, open_link: OpenLink) -> None:
    async def echo(peer: Peer) -> None:
        async for message in peer.socket:
            await peer.socket.send_str(message.data)

    server.scripts.append(echo)
    link = await open_link(address(server))
    texts = [str(number) * (number + 1) for number in range(300)] + ["ü" * 100_000]
    for text in texts:
        link.send(text)
    for text in texts:
        came = await link.receive()
        assert (came.encode() if isinstance(came, str) else came) == text.encode()
    await link.close()


async def test_a_close_code_and_its_reason_arrive(server: ScriptedPusher, open_link: OpenLink) -> None:
    async def goes(peer: Peer) -> None:
        await peer.socket.close(code=4201, message=b"bye")

    server.scripts.append(goes)
    link = await open_link(address(server))
    with pytest.raises(LinkClosed) as caught:
        await link.receive()
    assert (caught.value.code, caught.value.reason) == (4201, "bye")
    await link.close()


async def test_a_cut_connection_is_told(server: ScriptedPusher, open_link: OpenLink) -> None:
    async def cut(peer: Peer) -> None:
        peer.transport.abort()

    server.scripts.append(cut)
    link = await open_link(address(server))
    with pytest.raises(LinkClosed) as caught:
        await link.receive()
    assert caught.value.code in (None, 1006)
    link.send("into the void")
    await link.close()


ENDLESS = {
    "in one frame": b"\x81\x7f" + (2_000_000).to_bytes(8, "big") + b"x" * 2_000_000,
    "announced": b"\x81\x7f" + (1 << 40).to_bytes(8, "big"),
    "in parts": b"\x01\x7e\xff\xff" + b"x" * 0xFFFF + (b"\x00\x7e\xff\xff" + b"x" * 0xFFFF) * 20,
}


@pytest.mark.parametrize("how", ENDLESS)
async def test_a_message_beyond_all_measure_ends_the_link(
    server: ScriptedPusher, open_link: OpenLink, how: str
) -> None:
    async def shouts(peer: Peer) -> None:
        peer.transport.write(ENDLESS[how])
        await peer.listen()

    server.scripts.append(shouts)
    link = await open_link(address(server))
    async with asyncio.timeout(5):
        with pytest.raises(LinkClosed):
            await link.receive()
    await link.close()


async def test_a_redirect_leads_nowhere_that_holds_a_key(server: ScriptedPusher, open_link: OpenLink) -> None:
    async def redirect(request: web.Request) -> None:
        raise web.HTTPFound(f"{server.url}/elsewhere")

    server.before_upgrade = redirect
    before = descriptors()
    with pytest.raises(LinkFailed) as caught:
        await open_link(address(server))
    assert "app-key" not in str(caught.value)
    await until(lambda: descriptors() <= before + 1, "at most the server's end is left")


async def test_an_attempt_that_is_not_accepted_may_be_given_up(open_link: OpenLink) -> None:
    """The peer's queue is full: nothing answers, as behind a firewall that drops packets."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        place = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(place)
        before = Before()
        opening = asyncio.ensure_future(open_link(f"ws://127.0.0.1:{place[1]}/app/app-key"))
        await until(lambda: len(descriptors_now()) > before.descriptors, "it is trying")
        opening.cancel()
        async with asyncio.timeout(2):
            await asyncio.wait({opening})
        assert opening.cancelled()
        await before.again()
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503, 200, 301])
async def test_a_rejected_upgrade_says_its_status_and_no_key(
    server: ScriptedPusher, open_link: OpenLink, status: int
) -> None:
    async def reject(request: web.Request) -> None:
        error = web.HTTPException(text="no", headers={"Location": "/elsewhere"})
        error.set_status(status)
        raise error

    server.before_upgrade = reject
    with pytest.raises(LinkFailed) as caught:
        await open_link(address(server))
    assert "app-key" not in str(caught.value)
    if status != 301:  # followed or not, there is no websocket behind it
        assert str(status) in str(caught.value)


@pytest.mark.parametrize("bad", ["", "not a url", "http://", "ws://127.0.0.1:1/app/app-key", "ws://[::1/app/app-key"])
async def test_an_address_that_leads_nowhere_fails_and_names_no_key(open_link: OpenLink, bad: str) -> None:
    before = descriptors()
    with pytest.raises(LinkFailed) as caught:
        await open_link(bad)
    assert "app-key" not in str(caught.value)
    assert descriptors() <= before


async def test_a_peer_that_reads_nothing_does_not_hold_up_the_end(server: ScriptedPusher, open_link: OpenLink) -> None:
    server.scripts.append(Peer.deaf)
    before = descriptors()
    link = await open_link(address(server))
    await until(lambda: server.open)
    for _ in range(20):
        link.send("x" * 1_000_000)  # far more than the buffers of both ends hold
    await asyncio.sleep(0)
    async with asyncio.timeout(1.0):
        await link.close()
    await until(lambda: descriptors() <= before + 1, "only the server's end is left")


async def test_it_may_be_closed_twice_and_while_it_is_read(server: ScriptedPusher, open_link: OpenLink) -> None:
    link = await open_link(address(server))
    reading = asyncio.create_task(_drain(link))
    await until(lambda: server.open)
    await link.close()
    await link.close()
    with pytest.raises(LinkClosed):
        await asyncio.wait_for(reading, 2)


async def _drain(link: Link) -> None:
    while True:
        await link.receive()


async def test_a_cancelled_close_leaves_nothing_either(server: ScriptedPusher, open_link: OpenLink) -> None:
    server.scripts.append(Peer.deaf)
    before = descriptors()
    link = await open_link(address(server))
    closing = asyncio.create_task(link.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    await until(lambda: descriptors() <= before + 1, "only the server's end is left")
