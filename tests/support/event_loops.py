"""The event loops that the daemon may use, for tests of the wire that run on both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

try:
    import uvloop
except ImportError:  # it is not there on every platform, and then the daemon does without it
    uvloop = None


def factories(on_both: bool) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    found: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if on_both and uvloop is not None:
        found["uvloop"] = uvloop.new_event_loop
    return found
