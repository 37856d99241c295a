"""Runs the tests of the wire on both event loops that the daemon may use, and gives the tests of the REST client their
exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
from event_loops import factories
from rest_wagers import START
from scripted_exchange import ScriptedExchange

from mmbot.domain.clock import ManualClock

ON_BOTH = {
    "test_connecting_and_closing",
    "test_faults_before_up",
    "test_faults_while_up",
    "test_encrypted_transports",
    "test_changes_over_warm_connections",
    "test_withdrawn_placements",
}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return factories(item.path.stem in ON_BOTH)


@pytest.fixture(params=[False, True], ids=["aiohttp", "warm"])
async def exchange(request: pytest.FixtureRequest) -> AsyncIterator[ScriptedExchange]:
    """Changes go over a new connection or over an open one, which must make no difference."""
    scripted = ScriptedExchange(warm=request.param)
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)
