"""The websocket transport that uses the library aiohttp. It needs no thread."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Final

import aiohttp
from aiohttp import ClientWSTimeout, WSMsgType

from mmbot.net.transport import LinkClosed, LinkFailed

_LARGEST: Final = 1 << 20  # most bytes of one message; a book of twenty levels has about 8,000
_GOODBYE_S: Final = 0.1  # time for our close frame to be sent; its answer is not awaited
_GONE_S: Final = 1.0  # time for the event loop to release a socket that is already shut down


class AiohttpLink:
    """One websocket. It has its own session, connector and socket, so that nothing stays open after ``close``."""

    def __init__(
        self,
        web_socket: aiohttp.ClientWebSocketResponse[bool],
        session: aiohttp.ClientSession,
        sockets: list[socket.socket],
    ) -> None:
        self._web_socket: Final = web_socket
        self._session: Final = session
        self._sockets: Final = sockets
        self._outbox: Final[asyncio.Queue[str]] = asyncio.Queue()
        self._writer: Final = asyncio.create_task(self._write())

    async def receive(self) -> str | bytes:
        message = await self._web_socket.receive()
        if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
            data: str | bytes = message.data
            return data
        if message.type is WSMsgType.ERROR:
            raise LinkClosed(self._web_socket.close_code, type(message.data).__name__)
        reason = message.extra if message.type is WSMsgType.CLOSE else None
        raise LinkClosed(self._web_socket.close_code, reason or "connection closed")

    def send(self, text: str) -> None:
        self._outbox.put_nowait(text)

    async def close(self) -> None:
        self._writer.cancel()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._web_socket.close()
        finally:
            # Otherwise asyncio would first send the remaining bytes, and the server may never read them.
            for each in self._sockets:
                _shut(each)
            with suppress(TimeoutError):
                async with asyncio.timeout(_GONE_S):
                    await self._session.close()
            await asyncio.wait({self._writer})

    async def _write(self) -> None:
        while True:
            try:
                await self._web_socket.send_str(await self._outbox.get())
            except ConnectionError:
                # ``receive`` raises an exception about it.
                return


def _shut(one: socket.socket) -> None:
    with suppress(OSError):  # the socket is not connected any more
        one.shutdown(socket.SHUT_RDWR)


async def open_link(address: str, tls: ssl.SSLContext | None = None) -> AiohttpLink:
    """Open a websocket. There is no time limit, so the caller has to cancel this coroutine if it takes too long.

    Args:
        tls: the settings that check the server's certificate. If it is None, the machine's own settings are used.

    Raises:
        LinkFailed: if the websocket could not be opened.
    """
    sockets: list[socket.socket] = []

    def make(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, _, _ = info
        sockets.append(made := socket.socket(family, kind, proto))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    connector = aiohttp.TCPConnector(force_close=True, socket_factory=make)
    session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
    try:
        web_socket = await session.ws_connect(
            address,
            timeout=ClientWSTimeout(ws_close=_GOODBYE_S / 2),
            max_msg_size=_LARGEST,
            decode_text=False,
            ssl=tls or True,
        )
    except (aiohttp.ClientError, OSError, ValueError) as bad:
        await session.close()
        raise LinkFailed(_why(bad)) from bad
    except BaseException:
        await session.close()
        raise
    return AiohttpLink(web_socket, session, sockets)


def _why(bad: Exception) -> str:
    if isinstance(bad, aiohttp.WSServerHandshakeError):
        return f"handshake answered {bad.status}"
    if isinstance(bad, OSError) and bad.errno is not None:
        return f"{type(bad).__name__}: errno {bad.errno}"
    return type(bad).__name__
