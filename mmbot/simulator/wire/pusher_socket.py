"""One websocket of the local feed. This module has its outgoing frames, the ways to end it, and the form of a Pusher
frame.

Every websocket has its own queue of outgoing frames, so a slow client does not delay other clients. If the queue is
full, the connection is cut.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Final

import orjson
from aiohttp import web

_STALLED: Final = b'\x81\x7e\x02\x00{"event":"'  # a text frame that announces 512 bytes and contains ten
_OUTBOX: Final = 20_000  # frames


class PusherSocket:
    """One websocket connection of a client."""

    def __init__(self, socket_id: str, web_socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self.socket_id: Final = socket_id
        self.channels: Final[dict[str, None]] = {}
        self.silent = False
        """True while the messages of the feed's channels are held back. Pings are still answered."""
        self.dead = False
        """True once the socket sends and answers nothing any more."""
        self._web_socket: Final = web_socket
        self._transport: Final = transport
        self._outbox: Final[deque[str]] = deque()
        self._filled: Final = asyncio.Event()

    def send(self, frame: str) -> None:
        """Put a frame into the queue for sending. If the queue is full, the connection is cut."""
        if self.dead:
            return
        if len(self._outbox) >= _OUTBOX:
            self.drop()
            return
        self._outbox.append(frame)
        self._filled.set()

    async def write(self) -> None:
        """Send the queued frames, and wait for further frames. This ends when the task is cancelled or the connection
        is lost."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._outbox:
                try:
                    await self._web_socket.send_str(self._outbox.popleft())
                except ConnectionError:
                    return

    def drop(self) -> None:
        """Cut the connection without a close frame."""
        self.dead = True
        self._transport.abort()

    def stall(self) -> None:
        """Send only the beginning of a frame, and nothing afterwards."""
        if not self.dead:
            self.dead = True
            self._transport.write(_STALLED)

    async def close(self, code: int, message: str = "") -> None:
        """Close the connection with the close code ``code``. If the code is one of Pusher's own (4000 to 4999), the
        message ``pusher:error`` is sent first."""
        if self.dead:
            self._transport.abort()
            return
        with contextlib.suppress(ConnectionError):  # the client closed first
            while self._outbox:
                await self._web_socket.send_str(self._outbox.popleft())
            if 4000 <= code <= 4999:
                await self._web_socket.send_str(error_of(code, message))
            await self._web_socket.close(code=code, message=message.encode()[:120])


def frame_of(event: str, members: dict[str, object], channel: str | None = None) -> str:
    """Return a Pusher frame. Its field ``data`` is a string that contains JSON, so clients have to decode twice."""
    frame: dict[str, object] = {"event": event, "data": orjson.dumps(members).decode()}
    if channel is not None:
        frame["channel"] = channel
    return orjson.dumps(frame).decode()


def error_of(code: int | None, message: str) -> str:
    """Return a Pusher error frame. Its ``data`` is a JSON object. In all other frames ``data`` is a string."""
    return orjson.dumps({"event": "pusher:error", "data": {"code": code, "message": message}}).decode()
