"""A feed with a scripted server for one test, and scripts of servers that stop in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from leftovers import Before
from scripted_pusher import Peer, Rig, ScriptedPusher, until

from mmbot.exchange.feed import FeedSettings, FeedState
from mmbot.net.transport import OpenLink


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
