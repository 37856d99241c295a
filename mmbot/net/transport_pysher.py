"""The websocket transport that uses the library pysher, which runs in its own threads. It only sends and receives
frames.

``pusher.py`` handles pings, deadlines and subscriptions, and the feed reconnects. docs/decisions/transport.md gives the
reasons. Import this module only if the settings choose it, because pysher loads libraries that nothing else needs.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from io import RawIOBase
from queue import SimpleQueue
from typing import Final, Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

import pysher
import websocket
from websocket import ABNF

from mmbot.net.transport import LinkClosed, LinkFailed

_LARGEST: Final = 1 << 20  # most bytes of one message; a book of twenty levels has about 8,000
_ROOM_BYTES: Final = 1 << 26  # most bytes of the frames that may wait
_ROOM: Final = 20_000  # most frames that may wait; books that wait longer are too old to quote from
_GOODBYE_S: Final = 0.1  # time for our close frame to be sent; its answer is not awaited
_GONE_S: Final = 1.0  # time for a thread to end after its socket was shut down
_CONNECT_S: Final = 3.0  # time limit for one address of the host; then the next is tried
STUCK_S: Final = 30.0  # time limit of one blocking call; ``pusher.py`` ends a link after 20 s of silence

_OPTIONS: Final = {
    "ping_timeout": 1,  # the library sends no pings here; this limits its wait in ``select``
    "skip_utf8_validation": True,  # the check takes 650 µs for a book; the decoder rejects invalid UTF-8 anyway
    # The library opens its own sockets for redirects, and reads proxies from the environment. With these options, only
    # the socket of this module can be opened.
    "http_proxy_host": "nowhere.invalid",
    "http_proxy_port": 0,
    "proxy_type": "socks5",
}

# The library logs each end of a connection as an error, with headers of the answer. ``receive`` reports the end
# instead.
logging.getLogger("websocket").propagate = False


class _Place(NamedTuple):
    """The address of a websocket, divided into its parts."""

    address: str
    host: str
    port: int
    key: str
    secure: bool


class _Mailbox:
    """Passes frames and the connection's state from the threads to the event loop. Many frames together wake the event
    loop only once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, room: int) -> None:
        self.opened = False
        self.said = False
        """True if everything that could be sent has been sent."""
        self.over: tuple[int | None, str] | None = None
        """The code and the reason with which the connection ended. None until an end is noticed. If both threads notice
        an end, the earlier one counts."""
        self.gone = False
        """True if the socket is closed and both threads are about to end."""
        self.full = False
        self.frames: Final[deque[bytes]] = deque()
        self.taken = 0
        """The total bytes of all frames that the event loop has taken from the mailbox. Only the event loop writes this
        number."""
        self._came = 0
        self._room: Final = room
        self._loop: Final = loop
        self._news: Final = asyncio.Event()
        self._waking = False

    def put(self, frame: bytes) -> None:
        """Take a frame from the server. Only the thread that reads from the server calls this method."""
        self._came += len(frame)
        if len(self.frames) >= self._room or self._came - self.taken > _ROOM_BYTES:
            self.full = True
            self.end(None, "overflow")
            return
        self.frames.append(frame)
        self._tell()

    def end(self, code: int | None, reason: str) -> None:
        """Record that the connection has ended. The threads of the connection call this method."""
        if self.over is None:
            self.over = code, reason
        self._tell()

    def mark(self, what: Literal["opened", "said", "gone"]) -> None:
        """Record that the connection has reached a state. The threads of the connection call this method."""
        setattr(self, what, True)
        self._tell()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until the function ``true`` returns a true value. The function looks at the attributes of this
        object."""
        while not true():
            self._news.clear()
            await self._news.wait()

    def _tell(self) -> None:
        # ``_wake`` clears the flag before it looks at the attributes.
        if not self._waking:
            self._waking = True
            with suppress(RuntimeError):  # RuntimeError: the loop is closed, so nobody waits
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._waking = False
        self._news.set()


class _Connection(pysher.Connection):  # type: ignore[misc]  # it has no types
    """One websocket that does not reconnect and has no timers. Its own thread opens it, reads from it and closes it."""

    def __init__(self, place: _Place, tls: ssl.SSLContext | None, box: _Mailbox) -> None:
        super().__init__(None, place.address, socket_kwargs=_OPTIONS)
        self._place: Final = place
        self._tls: Final = tls
        self._box: Final = box
        self._guard: Final = threading.Lock()
        self._is_ended = False
        self._held: socket.socket | None = None
        self._hold: RawIOBase | None = None
        self._outbox: Final[SimpleQueue[tuple[str | bytes, int] | None]] = SimpleQueue()
        self._writer: threading.Thread | None = None

    # --- from the loop ----------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Put a frame into the queue for sending."""
        self._outbox.put((text, ABNF.OPCODE_TEXT))

    def take_leave(self) -> None:
        """Put a close frame into the queue for sending. No frame is sent after it."""
        self._outbox.put((struct.pack("!H", websocket.STATUS_NORMAL), ABNF.OPCODE_CLOSE))
        self._outbox.put(None)

    def end(self) -> None:
        """Stop both threads, even if they are waiting. Any thread may call this method, even more than once."""
        with self._guard:
            self._is_ended = True
            if self._held is not None:
                _shut(self._held)

    # --- on its own thread ------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        try:
            self._open()
            self.socket = websocket.WebSocketApp(
                self._place.address,
                on_open=self._on_open,
                on_message=self._on_message,
                on_error=self._on_error,
                socket=self._held,
            )
            self.socket.run_forever(**self.socket_kwargs)
        except (OSError, ValueError) as bad:
            self._box.end(None, _why(bad))
        finally:
            self._let_go()

    def _open(self) -> None:
        """Open the socket of the connection. The library pysher could open it too, but would give no access to it while
        it connects."""
        failed: OSError | None = None
        for family, kind, proto, _, end in socket.getaddrinfo(
            self._place.host, self._place.port, type=socket.SOCK_STREAM
        ):
            self._keep(one := socket.socket(family, kind, proto))
            try:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                one.settimeout(_CONNECT_S)
                one.connect(end)
                one.settimeout(STUCK_S)
            except OSError as bad:
                failed = bad
                self._release()
                continue
            if self._place.secure:
                self._secure(one)
            return
        raise failed or OSError("no address")

    def _keep(self, one: socket.socket) -> None:
        # The library may close the socket while the writer thread still writes. The system could then give the same
        # descriptor number to the next socket, perhaps one that carries orders. An open file object keeps the socket
        # open.
        with self._guard:
            self._held, self._hold = one, one.makefile("rb", buffering=0)
            if not self._is_ended:
                return
        raise ConnectionAbortedError

    def _secure(self, one: socket.socket) -> None:
        context = self._tls or ssl.create_default_context()
        with self._guard:
            assert self._hold is not None
            self._hold.close()
            tls = context.wrap_socket(one, server_hostname=self._place.host, do_handshake_on_connect=False)
            self._held, self._hold = tls, tls.makefile("rb", buffering=0)
            if self._is_ended:
                raise ConnectionAbortedError
        tls.do_handshake()

    def _release(self) -> None:
        with self._guard:
            held, self._held = self._held, None
            hold, self._hold = self._hold, None
        if held is not None:
            held.close()
        if hold is not None:
            hold.close()

    def _let_go(self) -> None:
        self.end()
        self._outbox.put(None)
        if self._writer is not None:
            self._writer.join(_GONE_S)
        self._release()
        self._box.end(None, "connection closed")
        self._box.mark("said")
        self._box.mark("gone")

    def _on_open(self, app: websocket.WebSocketApp) -> None:
        assert app.sock is not None
        _limit(app.sock)
        self._writer = threading.Thread(target=self._write, args=(app.sock,), name="PysherWriter", daemon=True)
        self._writer.start()
        self._box.mark("opened")

    def _on_message(self, _: websocket.WebSocketApp, frame: bytes) -> None:
        self._box.put(frame)
        if self._box.full:
            self.end()

    def _on_error(self, _: websocket.WebSocketApp, bad: Exception) -> None:
        # A close frame comes here, too. From websocket-client 1.9.2 on it comes as an exception with the close code.
        if isinstance(bad, websocket.WebSocketConnectionClosedException):
            code: int | None = getattr(bad, "status_code", None)
            self._box.end(code, getattr(bad, "reason", None) or "connection closed")
        else:
            self._box.end(None, _why(bad))
        self.end()

    # --- on the writer's thread -------------------------------------------------------------------------------------

    def _write(self, web_socket: websocket.WebSocket) -> None:
        while (item := self._outbox.get()) is not None:
            try:
                web_socket.send(*item)
            except (OSError, websocket.WebSocketException) as bad:
                self._box.end(None, _why(bad))
                self.end()
                break
        self._box.mark("said")


class _Pusher(pysher.Pusher):  # type: ignore[misc]  # it has no types
    """One attempt to connect. It is used only once, because it keeps the channels and settings of its connection."""

    client_id = "mmbot"
    protocol = 7

    def __init__(self, place: _Place, tls: ssl.SSLContext | None, box: _Mailbox) -> None:
        super().__init__(place.key, secure=place.secure, port=place.port, custom_host=place.host, log_level=None)
        self.url = place.address
        self.connection: _Connection = _Connection(place, tls, box)


class PysherLink:
    """One websocket, with one thread that reads and one thread that writes."""

    def __init__(self, place: _Place, tls: ssl.SSLContext | None, room: int) -> None:
        self._box: Final = _Mailbox(asyncio.get_running_loop(), room)
        self._pusher: Final = _Pusher(place, tls, self._box)

    @property
    def backlog(self) -> int:
        """The number of frames that have arrived and are not taken yet."""
        return len(self._box.frames)

    async def open(self) -> None:
        """Start the threads and wait until the websocket is open.

        Raises:
            LinkFailed: if the websocket could not be opened.
        """
        box = self._box
        self._pusher.connect()
        await box.until(lambda: box.opened or box.over)
        if not box.opened:
            assert box.over is not None
            raise LinkFailed(box.over[1])

    async def receive(self) -> str | bytes:
        box = self._box
        await box.until(lambda: box.frames or box.over)
        if box.frames and not box.full:
            frame = box.frames.popleft()
            box.taken += len(frame)
            return frame
        assert box.over is not None
        raise LinkClosed(*box.over)

    def send(self, text: str) -> None:
        self._pusher.connection.say(text)

    async def close(self) -> None:
        box, connection = self._box, self._pusher.connection
        try:
            if box.opened and not box.over:
                connection.take_leave()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_GOODBYE_S):
                        await box.until(lambda: box.said)
        finally:
            connection.end()
            # Only a slow DNS look-up can make the thread late. The thread then opens nothing.
            with suppress(TimeoutError):
                async with asyncio.timeout(_GONE_S):
                    await box.until(lambda: box.gone)
            if box.gone:
                connection.join(_GONE_S)


async def open_link(address: str, tls: ssl.SSLContext | None = None, room: int = _ROOM) -> PysherLink:
    """Open a websocket. There is no time limit, so the caller has to cancel this coroutine if it takes too long.

    Args:
        tls: the settings that check the server's certificate. If it is None, the machine's own settings are used.
        room: the greatest number of frames that may wait to be received. A further frame ends the link.

    Raises:
        LinkFailed: if the websocket could not be opened.
    """
    link = PysherLink(_place(address), tls, room)
    try:
        await link.open()
    except BaseException:
        await link.close()
        raise
    return link


def _place(address: str) -> _Place:
    try:
        split: SplitResult = urlsplit(address)
        host, port = split.hostname, split.port
    except ValueError as bad:
        raise LinkFailed(type(bad).__name__) from None  # the error's text quotes the address
    if split.scheme not in ("ws", "wss") or not host:
        raise LinkFailed("not the address of a websocket")
    secure = split.scheme == "wss"
    return _Place(address, host, port or (443 if secure else 80), split.path.rpartition("/")[2], secure)


def _limit(web_socket: websocket.WebSocket) -> None:
    """Reject a message that is too large before it is read. The library itself has no limit."""
    frames, parts = web_socket.frame_buffer, web_socket.cont_frame
    read = frames.recv_strict

    def bounded(size: int) -> bytes:
        so_far = len(parts.cont_data[1]) if parts.cont_data else 0
        if so_far + size > _LARGEST:
            raise websocket.WebSocketPayloadException("message too large")
        return read(size)

    frames.recv_strict = bounded  # type: ignore[assignment,method-assign]


def _shut(one: socket.socket) -> None:
    with suppress(OSError):  # the socket is not connected any more
        # Not the ``shutdown`` of a TLS socket: the threads would go on without encryption after it.
        socket.socket.shutdown(one, socket.SHUT_RDWR)


def _why(bad: Exception) -> str:
    if isinstance(bad, websocket.WebSocketBadStatusException):
        return f"handshake answered {bad.status_code}"
    if isinstance(bad, OSError) and bad.errno is not None:
        return f"{type(bad).__name__}: errno {bad.errno}"
    return type(bad).__name__
