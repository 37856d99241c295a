"""Gives the tests of the feed a scripted server, and a feed over every transport."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from feed_rig import rigged
from scripted_pusher import PATIENT, QUICK, Rig, ScriptedPusher
from transports import TRANSPORTS

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
