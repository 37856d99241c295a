"""Sends the log-ins and refreshes of a session, and reports each with its result and duration."""

from __future__ import annotations

from typing import Final

import aiohttp

from mmbot.domain.instant import Clock
from mmbot.exchange.dialect import Call
from mmbot.exchange.grants import Tokens
from mmbot.net.http import NoAnswer, NotSent, OnRequest, Reply, send, timeout_for


class TokenRequests:
    """Sends requests for tokens. The arguments are those of ``SessionKeeper``."""

    def __init__(
        self, http: aiohttp.ClientSession, base_url: str, clock: Clock, timeout_s: float, on_request: OnRequest | None
    ) -> None:
        self._http: Final = http
        self._base_url: Final = base_url
        self._clock: Final = clock
        self._timeout_s: Final = timeout_s
        self._on_request: Final = on_request

    async def send(self, call: Call[Tokens]) -> Reply:
        """Send a log-in or a refresh, and return its answer whatever its status.

        Raises:
            NotSent: if the request did not reach the exchange.
            NoAnswer: if the request was sent and no answer came.
        """
        started = self._clock.now()
        outcome = "cancelled"
        try:
            reply = await send(
                self._http,
                call.method,
                self._base_url + call.path,
                body=call.body,
                token=None,
                timeout_s=timeout_for(self._clock, self._timeout_s),
            )
            outcome = _outcome(reply.status)
        except NotSent:
            outcome = "retryable"
            raise
        except NoAnswer:
            outcome = "unknown"
            raise
        finally:
            if self._on_request is not None:
                self._on_request(call.name, outcome, self._clock.now() - started)
        return reply


def _outcome(status: int) -> str:
    """Return the word for the result of a request that the metrics count."""
    if 200 <= status < 300:
        return "ok"
    if status in (408, 429):
        return "retryable"
    return "rejected" if status < 500 else "unknown"
