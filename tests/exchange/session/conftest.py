"""Gives the tests of the session keeper an exchange and a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from scripted_exchange import ScriptedExchange
from session_calls import START

from mmbot.domain.clock import ManualClock


@pytest.fixture
async def exchange() -> AsyncIterator[ScriptedExchange]:
    scripted = ScriptedExchange()
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)
