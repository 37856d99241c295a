"""Settings that all tests share."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import settings

from mmbot.domain import COMPILED

settings.register_profile("mmbot", deadline=None)  # a slow machine is no failure
settings.load_profile("mmbot")


def pytest_configure(config: pytest.Config) -> None:
    """Start without an event loop: asked for one by a plugin before the first asynchronous test, the policy would make
    one that nobody closes, and its warning would fail whichever test runs when it is collected."""
    asyncio.set_event_loop(None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is compiled can be neither replaced by a test nor counted in Python's calls."""
    if COMPILED:
        for item in items:
            if item.get_closest_marker("plain") is not None:
                item.add_marker(pytest.mark.skip(reason="looks into the core, which is compiled here"))
