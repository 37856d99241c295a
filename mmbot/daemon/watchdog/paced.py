"""A client that sends a limited number of requests in any second. Further requests wait."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

from mmbot.daemon.loop import Client
from mmbot.engine.events import Answer
from mmbot.engine.requests import Request


class Paced:
    """Delays the requests of another client. At most ``rate`` requests are sent in any second of the machine's
    clock."""

    def __init__(self, client: Client, rate: int) -> None:
        self._client: Final = client
        self._sent: Final[deque[float]] = deque(maxlen=rate)
        self._turn: Final = asyncio.Lock()

    async def perform(self, request: Request) -> Answer:
        """Send a request as soon as the rate allows it, and return the answer."""
        async with self._turn:
            if len(self._sent) == self._sent.maxlen:
                await asyncio.sleep(self._sent[0] + 1.0 - time.monotonic())
            self._sent.append(time.monotonic())
        return await self._client.perform(request)
