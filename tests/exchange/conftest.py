"""Runs the tests of the wire on both event loops that the daemon may use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

try:
    import uvloop
except ImportError:  # it is not there on every platform, and then the daemon does without it
    uvloop = None

ON_BOTH = {
    "test_feed_faults",
    "test_every_transport",
    "test_encrypted_transports",
    "test_warm",
    "test_changes_over_warm_connections",
    "test_withdrawn_placements",
}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.stem in ON_BOTH and uvloop is not None:
        factories["uvloop"] = uvloop.new_event_loop
    return factories
