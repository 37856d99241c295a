"""Settings that all tests share."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import settings

from mmbot.domain import COMPILED

settings.register_profile("mmbot", deadline=None)  # a slow machine does not fail a test
settings.load_profile("mmbot")


def pytest_configure(config: pytest.Config) -> None:
    """Start without an event loop: a plugin that asks the policy for one before the first asynchronous test makes a
    loop that nobody closes, and its warning would fail the test that runs when the loop is collected."""
    asyncio.set_event_loop(None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that replace parts of the core or count its calls if the core is compiled."""
    if COMPILED:
        for item in items:
            if item.get_closest_marker("plain") is not None:
                item.add_marker(pytest.mark.skip(reason="looks into the core, which is compiled here"))
