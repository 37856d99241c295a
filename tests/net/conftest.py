"""Runs the tests of the network on both event loops that the daemon may use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
from event_loops import factories

ON_BOTH = {"test_every_transport", "test_warm"}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return factories(item.path.stem in ON_BOTH)
