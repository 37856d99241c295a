"""Records each scrape (a read of the metrics by Prometheus), and waits for one more scrape before the daemon ends."""

from __future__ import annotations

import asyncio
import time
from typing import Final, NamedTuple

_LATE: Final = 1.5
"""The wait for the next scrape (read of the metrics by Prometheus), as a multiple of the previous interval between
scrapes. Without a scrape in this time, Prometheus is taken to have ended."""

_FIRST_S: Final = 60.0
"""The assumed time between a server's first two reads of the metrics, in real seconds. It is the default of
Prometheus."""


_MOST: Final = 16
"""The largest number of servers whose reads of the metrics are recorded. The daemon does not wait for reads by further
servers."""


class _Scraper(NamedTuple):
    latest: float
    interval: float

    @property
    def expected_by(self) -> float:
        return self.latest + _LATE * self.interval


class Scrapes:
    """The times at which Prometheus servers scraped (read the metrics), by the machine's monotonic clock."""

    def __init__(self) -> None:
        self._scrapers: Final[dict[str, _Scraper]] = {}
        self._came: Final = asyncio.Event()

    def note(self, address: str, at: float) -> None:
        """Record that the server at ``address`` read the metrics at the time ``at``, in seconds of the machine's
        monotonic clock."""
        before = self._scrapers.get(address)
        if before is not None or len(self._scrapers) < _MOST:
            self._scrapers[address] = _Scraper(at, _FIRST_S if before is None else at - before.latest)
            self._came.set()

    async def wait(self, longest_s: float, hurry: asyncio.Event) -> None:
        """Wait until every server has read the metrics once more, but at most ``longest_s`` real seconds. A server that
        is taken to have ended is not awaited. Return as soon as ``hurry`` is set."""
        began = time.monotonic()
        while not hurry.is_set():
            now = time.monotonic()
            missing = [
                one.expected_by for one in self._scrapers.values() if one.latest < began and one.expected_by > now
            ]
            left = min(max(missing, default=now), began + longest_s) - now
            if left <= 0:
                return
            self._came.clear()
            waits = [asyncio.ensure_future(event.wait()) for event in (self._came, hurry)]
            await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
