"""A server on loopback that answers each request with bytes that a surface gives it, and then closes the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from mmbot.config.settings import ExchangeConfig
from mmbot.domain.clock import ManualClock
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.rest import Client

T = TypeVar("T")


class Keeper:
    """A session that always has a token."""

    def current(self) -> str | None:
        return "token"

    async def token(self, urgent: bool = False) -> str:
        return "token"

    def accepted(self, token: str) -> None:
        return None

    def reject(self, token: str) -> None:
        return None

    async def rejected(self, token: str, urgent: bool = False) -> str:
        return "token"

    def scrub(self, text: str) -> str:
        return text


class Server:
    """The server, a client of it, and the event loop of both. It is opened with its first answer."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._client: Client | None = None
        self.answer = b""
        """The bytes that the next request gets."""
        self.malformed = 0
        """How many items of answers could not be read."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, with no exception left in the event loop."""
        trouble: list[dict[str, Any]] = []
        self._runner.get_loop().set_exception_handler(lambda _, context: trouble.append(context))
        made = self._runner.run(work)
        assert not trouble, trouble
        return made

    async def client(self) -> Client:
        """Return the client."""
        if self._client is None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            config = ExchangeConfig(base_url=f"http://127.0.0.1:{port}/partner")
            self._client = Client(
                Keeper(), ManualClock(1_800_000_000 * 10**9), dialect_of("legacy"), config, on_malformed=self._note
            )
        return self._client

    def _note(self, call: str, why: str) -> None:
        assert len(why) <= 1_000, len(why)
        why.encode()
        self.malformed += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
            )
            await reader.readexactly(length)
            writer.write(self.answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def http(status: int, body: bytes, *headers: bytes) -> bytes:
    """Return an HTTP answer."""
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join((b"HTTP/1.1 %d Said" % status, length, *headers, b"", body))
