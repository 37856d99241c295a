"""The transport with threads: its bounded queue, its wake-ups, and the habits of pysher."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextvars import Context

import pytest
from aiohttp import web
from leftovers import Before
from scripted_pusher import Peer, ScriptedPusher, until

from mmbot.net import transport_pysher
from mmbot.net.transport import Link, LinkClosed, LinkFailed
from mmbot.net.transport_pysher import open_link


@pytest.fixture
async def server() -> AsyncIterator[ScriptedPusher]:
    scripted = ScriptedPusher()
    await scripted.start()
    yield scripted
    await scripted.stop()


def address(server: ScriptedPusher) -> str:
    return f"{server.url}/app/app-key?protocol=7"


async def drain(link: Link) -> None:
    while True:
        await link.receive()


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


async def test_a_queue_that_overflows_ends_the_link_at_once(server: ScriptedPusher) -> None:
    async def pours(peer: Peer) -> None:
        for number in range(60):
            await peer.socket.send_str(str(number))
        await peer.listen()

    before = Before()
    server.scripts.append(pours)
    link = await open_link(address(server), room=50)
    await until(lambda: "PysherEventLoop" not in names(), "the reader gave up")
    with pytest.raises(LinkClosed) as caught:  # and none of the fifty, which are old
        await link.receive()
    assert caught.value.reason == "overflow"
    await link.close()
    await until(lambda: not server.open)
    await before.again()


async def test_a_queue_that_holds_too_many_bytes_ends_the_link(
    server: ScriptedPusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_pysher, "_ROOM_BYTES", 1 << 20)

    async def pours(peer: Peer) -> None:
        for _ in range(30):
            await peer.socket.send_str("x" * 100_000)
        await peer.listen()

    server.scripts.append(pours)
    link = await open_link(address(server))
    await until(lambda: "PysherEventLoop" not in names(), "the reader gave up")
    with pytest.raises(LinkClosed) as caught:
        await link.receive()
    assert caught.value.reason == "overflow"
    await link.close()


async def test_a_queue_that_is_just_full_loses_nothing(server: ScriptedPusher) -> None:
    async def pours(peer: Peer) -> None:
        for number in range(50):
            await peer.socket.send_str(str(number))
        await peer.listen()

    server.scripts.append(pours)
    link = await open_link(address(server), room=50)
    await until(lambda: link.backlog == 50)
    assert [await link.receive() for _ in range(50)] == [str(number).encode() for number in range(50)]
    server.up.transport.write(b"\x81\x02on")
    assert await link.receive() == b"on"
    await link.close()


async def test_what_came_before_the_end_is_received_before_it(server: ScriptedPusher) -> None:
    async def speaks_and_goes(peer: Peer) -> None:
        await peer.socket.send_str("last words")
        await peer.socket.close(code=4004, message=b"over quota")

    server.scripts.append(speaks_and_goes)
    link = await open_link(address(server))
    await until(lambda: "PysherEventLoop" not in names(), "the reader ended")
    assert await link.receive() == b"last words"
    with pytest.raises(LinkClosed) as caught:
        await link.receive()
    assert (caught.value.code, caught.value.reason) == (4004, "over quota")
    await link.close()


async def test_frames_that_come_while_the_loop_is_busy_are_one_wake_up(
    server: ScriptedPusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    wakes: list[str] = []
    loop = asyncio.get_running_loop()
    wake = loop.call_soon_threadsafe

    def counted(callback: Callable[..., object], *args: object, context: Context | None = None) -> asyncio.Handle:
        wakes.append(threading.current_thread().name)
        return wake(callback, *args, context=context)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    stands = asyncio.Event()

    async def pours(peer: Peer) -> None:
        await stands.wait()
        wakes.clear()
        peer.transport.write(b"\x81\x04beat" * 5000)
        deadline = time.monotonic() + 10
        while link.backlog < 5000 and time.monotonic() < deadline:
            time.sleep(0.001)  # noqa: ASYNC251  # the loop is to be busy
        await peer.listen()

    server.scripts.append(pours)
    link = await open_link(address(server))
    stands.set()
    for _ in range(5000):
        assert await link.receive() == b"beat"
    assert wakes.count("PysherEventLoop") == 1
    await link.close()


async def test_it_has_no_timer_and_does_not_come_back(server: ScriptedPusher) -> None:
    async def cut(peer: Peer) -> None:
        await peer.hello()
        await peer.error(4200)
        peer.transport.abort()

    server.scripts.append(cut)
    link = await open_link(address(server))
    assert "PysherScheduler" not in names()
    with pytest.raises(LinkClosed):
        await drain(link)
    await until(lambda: "PysherEventLoop" not in names())
    assert len(server.asked) == 1
    assert "pusher:ping" not in server.up.heard, "that is for the machine to say"
    await link.close()


async def test_the_library_keeps_its_log_to_itself(server: ScriptedPusher) -> None:
    async def cut(peer: Peer) -> None:
        await peer.socket.send_str("a secret")
        peer.transport.abort()

    said: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: said.append(record.name)  # type: ignore[method-assign]
    logging.getLogger().addHandler(listener)
    try:
        server.scripts.append(cut)
        link = await open_link(address(server))
        link.send('{"event":"pusher:subscribe","data":{"auth":"app-key:signature"}}')
        with pytest.raises(LinkClosed):
            await drain(link)
        await link.close()
    finally:
        logging.getLogger().removeHandler(listener)
    assert not [name for name in said if not name.startswith(("asyncio", "aiohttp"))]


async def test_when_it_is_closed_nothing_of_it_is_left_to_wait_for(server: ScriptedPusher) -> None:
    before = threading.enumerate()
    for script in (Peer.serve, Peer.deaf, Peer.listen):
        server.scripts.append(script)
        link = await open_link(address(server))
        assert {"PysherEventLoop", "PysherWriter"} <= set(names())
        link.send("x" * 5_000_000)
        await link.close()
        assert threading.enumerate() == before


async def test_a_link_that_cannot_send_any_more_ends(server: ScriptedPusher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_pysher, "STUCK_S", 0.2)
    server.scripts.append(Peer.deaf)
    link = await open_link(address(server))
    link.send("x" * 20_000_000)
    async with asyncio.timeout(5):
        with pytest.raises(LinkClosed) as caught:
            await link.receive()
    assert "Timeout" in caught.value.reason
    await link.close()


async def test_a_host_with_a_dead_address_is_reached_by_its_next(
    server: ScriptedPusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def both(host: str, port: int, **named: int) -> object:
        dead = look_up("127.0.0.2", port, **named)  # type: ignore[arg-type]
        return [*dead, *look_up(host, port, **named)]  # type: ignore[arg-type]

    before = Before()
    monkeypatch.setattr(socket, "getaddrinfo", both)
    link = await open_link(address(server))
    await until(lambda: server.open)
    await link.close()
    await until(lambda: not server.open)
    await before.again()


async def test_a_redirect_is_not_followed(server: ScriptedPusher) -> None:
    """The library would follow it, over a socket that nobody could close."""

    async def redirect(request: web.Request) -> None:
        raise web.HTTPFound(address(server))

    server.before_upgrade = redirect
    with pytest.raises(LinkFailed):
        await open_link(address(server))
    assert len(server.asked) == 1


async def test_a_name_that_is_looked_up_too_long_opens_nothing_afterwards(
    server: ScriptedPusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = threading.Event()
    look_up = socket.getaddrinfo

    def slow(*given: object, **named: object) -> object:
        found.wait(10)
        return look_up(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    before = Before()
    opening = asyncio.ensure_future(open_link(address(server)))
    await until(lambda: "PysherEventLoop" in names())
    opening.cancel()
    async with asyncio.timeout(3):
        await asyncio.wait({opening})
    assert opening.cancelled()
    found.set()
    await before.again()
    assert not server.asked


async def test_a_loop_that_is_gone_is_no_failure_of_the_thread(server: ScriptedPusher) -> None:
    """An exception of a forgotten thread would be reported here."""

    async def forgets() -> None:
        await open_link(address(server))

    await asyncio.to_thread(asyncio.run, forgets())
    await server.up.socket.send_str("anybody there?")
    server.up.transport.abort()
    await until(lambda: "PysherEventLoop" not in names())
