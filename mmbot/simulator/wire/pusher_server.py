"""The feed of the local exchange. It has websockets with private channels, and uses version 7 of the Pusher protocol.

This module handles channels, signatures and frames, but not the content of messages. ``pusher_socket`` handles a single
connection.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec
import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from mmbot.domain.bounds import UNREADABLE
from mmbot.domain.instant import MILLISECOND, SECOND, Clock, Duration, Instant
from mmbot.simulator.venue.timers import Timers
from mmbot.simulator.wire.faults import (
    FaultPlan,
    HalfOpen,
    HangUpgrade,
    MuteHello,
    MuteSubscribe,
    PusherError,
    RejectSocket,
    Silence,
    StallFrame,
    WrongSignature,
)
from mmbot.simulator.wire.pusher_socket import PusherSocket, error_of, frame_of

BROADCAST: Final = "private-broadcast-service=3-device_type=5"
"""The name of the channel that every account may join. A client must take this name from the answer to its
registration."""

_PROTOCOLS: Final = {"5", "6", "7"}


class FeedSettings(msgspec.Struct, frozen=True):
    """Settings of the feed. Durations are in nanoseconds of the exchange's clock."""

    key: str = "local-key"
    secret: str = "local-secret"
    health_check: Duration = 5 * SECOND
    broadcast_health_check: bool = False
    """True if health checks are also sent on the broadcast channel. The exchange's documents contradict each other
    about this channel (docs/protocol.md 8.3)."""
    activity_timeout: Duration = 120 * SECOND
    """The time for which a client may be silent before the server sends a ping."""
    pong_timeout: Duration = 30 * SECOND


class _Incoming(msgspec.Struct):
    event: str
    data: object = None


class PusherServer:
    """All websockets of the feed and their subscriptions.

    Args:
        joined: a function that is called with the channel's name when a websocket has subscribed to a channel.
        left: a function that is called with the channel's name when no working websocket is subscribed to the channel
            any more.
    """

    def __init__(
        self,
        clock: Clock,
        faults: FaultPlan,
        settings: FeedSettings | None = None,
        joined: Callable[[str], None] = lambda channel: None,
        left: Callable[[str], None] = lambda channel: None,
    ) -> None:
        self.settings: Final = settings or FeedSettings()
        self._clock: Final = clock
        self._faults: Final = faults
        self._joined: Final = joined
        self._left: Final = left
        self._sockets: Final[dict[str, PusherSocket]] = {}
        self._opened = 0
        self._closing: Final = asyncio.Event()
        self._next_beat: Instant = clock.now() + self.settings.health_check
        self._late: Final = Timers()
        self._in_order: Instant = 0
        """The sending time of the newest message that later messages must not overtake."""
        self.key = self.settings.key
        """The application key of the feed. It is a part of the websocket's URL and of every channel signature."""

    # --- channels ------------------------------------------------------------------------------------------------

    def authorisation(self, socket_id: str, channel: str) -> str:
        """Return the text ``key:signature`` that allows a websocket to join a channel (docs/protocol.md 8.2)."""
        if self._faults.at_socket(WrongSignature):
            socket_id += "0"
        return f"{self.key}:{self._signature(socket_id, channel)}"

    def _signature(self, socket_id: str, channel: str) -> str:
        return hmac.new(self.settings.secret.encode(), f"{socket_id}:{channel}".encode(), hashlib.sha256).hexdigest()

    def subscribed(self, channel: str) -> list[PusherSocket]:
        """Return the websockets that are subscribed to a channel."""
        return [socket for socket in self._sockets.values() if channel in socket.channels]

    @property
    def sockets(self) -> list[PusherSocket]:
        """The connected websockets."""
        return list(self._sockets.values())

    # --- sending -------------------------------------------------------------------------------------------------

    def publish(self, channel: str, event: str, change_type: str, op: str, payload: object, timestamp: Instant) -> None:
        """Send a message to the subscribers of a channel, in the exchange's envelope (outer JSON object). The envelope
        contains the payload as JSON in base64."""
        sockets = [socket for socket in self.subscribed(channel) if not socket.silent]
        if not sockets or self._faults.drops(change_type):
            return
        envelope = {
            "timestamp": timestamp,
            "change_type": change_type,
            "op": op,
            "payload": base64.b64encode(orjson.dumps(payload)).decode(),
        }
        frame = frame_of(event, envelope, channel)
        late = self._faults.delay_of(change_type)
        again = self._faults.repeat_after()
        now = self._clock.now()
        due = now
        if late is not None:
            due += late[0]
            if late[1]:
                due = self._in_order = max(due, self._in_order)
        for socket in sockets:
            self._send(socket, frame, due, now)
            if again is not None:
                self._send(socket, frame, due + again, now)

    def _send(self, socket: PusherSocket, frame: str, due: Instant, now: Instant) -> None:
        def arrive(at: Instant) -> None:
            if not socket.silent:
                socket.send(frame)

        if due <= now:
            socket.send(frame)
        else:
            self._late.add(due, arrive)

    def send_delayed(self, now: Instant) -> None:
        """Send the delayed messages that are due at or before ``now``."""
        while (item := self._late.take(now)) is not None:
            due, arrive = item
            arrive(due)

    def next_due(self) -> Instant:
        """The time of the next health check or of the next delayed message, whichever is earlier."""
        late = self._late.next_due()
        return self._next_beat if late is None else min(self._next_beat, late)

    def send_health_checks(self, now: Instant, private: Iterable[str]) -> None:
        """Send a health check if a health check is due. If several health checks were missed, only one is sent."""
        if now < self._next_beat:
            return
        every = self.settings.health_check
        self._next_beat += (1 + (now - self._next_beat) // every) * every
        for channel in private:
            self.publish(channel, "health_check", "private_system_signal", "u", {}, now)
        if self.settings.broadcast_health_check:
            self.publish(BROADCAST, "health_check", "private_system_signal", "u", {}, now)

    # --- faults --------------------------------------------------------------------------------------------------

    def drop_all(self) -> int:
        """Cut every connection. Returns how many connections were cut."""
        sockets = self.sockets
        for socket in sockets:
            socket.drop()
        return len(sockets)

    async def close_all(self, code: int, message: str = "") -> int:
        """Close every connection with the close code ``code``. Returns how many connections were closed."""
        sockets = self.sockets
        await asyncio.gather(*(socket.close(code, message) for socket in sockets))
        return len(sockets)

    def send_malformed(self) -> int:
        """Send a frame that is not JSON on every websocket. Returns how many websockets there are."""
        for socket in self.sockets:
            socket.send('{"event": "garbled')
        return len(self._sockets)

    def apply_to_sockets(self, fault: Silence | HalfOpen | StallFrame) -> None:
        """Apply a fault (simulated failure) to the websockets that are connected now."""
        for socket in self.sockets:
            match fault:
                case Silence():
                    socket.silent = True
                case HalfOpen():
                    socket.dead = True
                case StallFrame():
                    socket.stall()

    def end_silence(self) -> None:
        """Send messages again to the websockets that were silenced. Half-open websockets stay dead, because their
        clients have missed messages in the meantime."""
        for socket in self.sockets:
            socket.silent = False

    # --- connections ---------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """End every connection immediately."""
        self._closing.set()
        for socket in self.sockets:
            socket.drop()

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket connection from its start to its end."""
        transport = request.transport
        if transport is None or self._closing.is_set():
            return web.Response(status=503)
        if self._faults.at_socket(RejectSocket):
            return web.Response(status=503)
        if self._faults.at_socket(HangUpgrade):
            await self._closing.wait()
            return web.Response(status=503)
        web_socket = web.WebSocketResponse(autoping=False, autoclose=False, timeout=1.0, compress=False)
        await web_socket.prepare(request)
        self._opened += 1
        socket = PusherSocket(
            f"{100_000 + self._opened}.{self._clock.now() // MILLISECOND % 10**9}", web_socket, transport
        )
        if fault := self._faults.at_socket(PusherError):
            await socket.close(fault.code, fault.message)
        elif request.match_info["key"] != self.key:
            await socket.close(4001, f"App key {request.match_info['key']} not in this cluster")
        elif "protocol" not in request.query:
            await socket.close(4008, "No protocol version supplied")
        elif request.query["protocol"] not in _PROTOCOLS:
            await socket.close(4007, "Unsupported protocol version")
        else:
            await self._serve(socket, web_socket)
        return web_socket

    async def _serve(self, socket: PusherSocket, web_socket: web.WebSocketResponse) -> None:
        self._sockets[socket.socket_id] = socket
        socket.silent = any(isinstance(f, Silence) and f.new for f in self._faults.in_force().values())
        if any(isinstance(f, HalfOpen) and f.new for f in self._faults.in_force().values()):
            socket.dead = True
        if not self._faults.at_socket(MuteHello):
            hello = {
                "socket_id": socket.socket_id,
                "activity_timeout": self.settings.activity_timeout // SECOND,
            }
            socket.send(frame_of("pusher:connection_established", hello))
        writer = asyncio.create_task(socket.write())
        try:
            await self._read(socket, web_socket)
        finally:
            writer.cancel()
            del self._sockets[socket.socket_id]
            for channel in socket.channels:
                self._report_left(channel)

    def _report_left(self, channel: str) -> None:
        if all(socket.dead or socket.silent for socket in self.subscribed(channel)):
            self._left(channel)

    async def _read(self, socket: PusherSocket, web_socket: web.WebSocketResponse) -> None:
        idle = max(1.0, self._clock.real_seconds(self.settings.activity_timeout))
        patience = max(1.0, self._clock.real_seconds(self.settings.pong_timeout))
        pinged = False
        while True:
            try:
                message = await web_socket.receive(timeout=patience if pinged else idle)
            except TimeoutError:
                if socket.dead:
                    continue
                if pinged:
                    await socket.close(4201, "Pong reply not received in time")
                    return
                socket.send(frame_of("pusher:ping", {}))
                pinged = True
                continue
            pinged = False
            if message.type in (WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return
            if socket.dead:
                continue
            if message.type is WSMsgType.CLOSE:
                await web_socket.close(code=WSCloseCode.OK)
                return
            if message.type is WSMsgType.PING:
                await self._unless_gone(web_socket.pong(message.data))
            elif message.type is WSMsgType.TEXT:
                self._incoming(socket, message.data)

    @staticmethod
    async def _unless_gone(sending: Awaitable[None]) -> None:
        with contextlib.suppress(ConnectionError):  # the next call of receive reports the lost connection
            await sending

    def _incoming(self, socket: PusherSocket, text: str) -> None:
        try:
            frame = msgspec.json.decode(text, type=_Incoming)
        except UNREADABLE as bad:
            socket.send(error_of(None, f"Invalid message: {bad}"))
            return
        members = frame.data if isinstance(frame.data, dict) else {}
        match frame.event:
            case "pusher:ping":
                socket.send(frame_of("pusher:pong", {}))
            case "pusher:subscribe":
                self._subscribe(socket, str(members.get("channel", "")), str(members.get("auth", "")))
            case "pusher:unsubscribe":
                channel = str(members.get("channel", ""))
                if channel in socket.channels:
                    del socket.channels[channel]
                    self._report_left(channel)
            case event if event.startswith("client-"):
                socket.send(error_of(4301, "Client events are not enabled"))
            case _:
                pass  # pongs, and events that only later protocol versions know

    def _subscribe(self, socket: PusherSocket, channel: str, authorisation: str) -> None:
        expected = f"{self.key}:{self._signature(socket.socket_id, channel)}"
        if not hmac.compare_digest(expected.encode(), authorisation.encode()):
            message = f"Invalid signature: expected HMAC SHA256 hex digest of {socket.socket_id}:{channel}"
            socket.send(error_of(4009, message))
            return
        if self._faults.at_socket(MuteSubscribe):
            return
        first = channel not in socket.channels
        socket.channels[channel] = None
        socket.send(frame_of("pusher_internal:subscription_succeeded", {}, channel))
        if first:
            self._joined(channel)
