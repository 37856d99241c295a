"""The scripted exchange without a socket, for tables of plain answers: aioresponses stands in for the connection."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any
from unittest.mock import Mock

import aiohttp
from aioresponses import CallbackResult, aioresponses
from scripted_exchange import Answer, ScriptedExchange, Seen
from yarl import URL

BASE = "http://exchange.test/partner"


class MockedResponse(aiohttp.ClientResponse):
    """A response with the stream writer that aiohttp 3.14 demands and aioresponses does not give."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, stream_writer=Mock(), **kwargs)


class MockedExchange(ScriptedExchange):
    """Answers whatever an ``aiohttp.ClientSession`` asks while it is serving. Its scripts hold plain answers only."""

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:  # type: ignore[override]
        self.base_url = BASE
        with aioresponses() as mocked:
            for method in ("GET", "POST"):
                mocked.add(re.compile(".*"), method, callback=self._callback(method), repeat=True)
            yield

    def _callback(self, method: str) -> Callable[..., Coroutine[Any, Any, CallbackResult]]:
        async def asked(url: URL, **kwargs: Any) -> CallbackResult:
            token = kwargs["headers"].get("Authorization", "").removeprefix("Bearer ")
            body = kwargs["data"]
            raw = await body.as_bytes() if isinstance(body, aiohttp.Payload) else body or b""
            path = url.path.removeprefix("/partner")
            self.seen.append(seen := Seen(method, path, dict(url.query), token, raw, ("", 0)))
            step = self.step(seen)
            assert isinstance(step, Answer)
            return CallbackResult(
                status=step.status, body=step.body, headers=step.headers, response_class=MockedResponse
            )

        return asked
