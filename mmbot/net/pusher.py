"""The Pusher protocol (version 7) as a state machine. The machine takes frames and times, and returns the actions to be
done.

The machine opens no socket and reads no clock. The code that uses the machine does both. The machine splits a message
into channel, event name and data. It does not decode the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Final

import msgspec

from mmbot.domain.instant import SECOND, Duration, Instant


class State(Enum):
    """The state of a connection.

    The usual order is OPENING, REGISTERING, SUBSCRIBING, UP. If the exchange asks for a sign-in, SIGNING_IN comes
    before SUBSCRIBING. ENDED can follow any state.
    """

    OPENING = "opening"
    """The state in which the websocket is open, but the message ``pusher:connection_established`` has not come yet."""
    REGISTERING = "registering"
    """The state in which the bot has a socket id and has asked the exchange for the channels of the connection."""
    SIGNING_IN = "signing_in"
    """The state in which the sign-in was sent, but the server has not accepted it yet."""
    SUBSCRIBING = "subscribing"
    """The state in which the subscriptions were sent, but some of them are not confirmed yet."""
    UP = "up"
    """The state in which every channel is subscribed."""
    ENDED = "ended"
    """The state in which the connection has ended. The state machine returns nothing more."""


class Ending(Enum):
    """The way in which a connection ended. The wait before the next connection depends on this."""

    ORDERED = "ordered"
    """The ending of a connection that mmbot itself ended."""
    LOST = "lost"
    """The ending of a connection that broke or fell silent, or in which a step took too long."""
    REJECTED = "rejected"
    """The ending with a code from 4000 to 4099, with which the server says that the same attempt to connect would fail
    again. Some causes of these codes end by themselves, so mmbot still tries again, but slowly."""
    BACK_OFF = "back_off"
    """The ending with a code from 4100 to 4199, by which the server asks the client to connect again after a pause."""
    AGAIN = "again"
    """The ending with a code from 4200 to 4299, by which the server asks the client to connect again immediately."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Time limits in nanoseconds, by the clock of the caller."""

    establish: Duration = 10 * SECOND
    """The time limit for the message ``pusher:connection_established``."""
    register: Duration = 30 * SECOND
    """The time limit for the registration, which can take seconds (docs/protocol.md 8.2)."""
    sign_in: Duration = 10 * SECOND
    """The time limit for the message ``pusher:signin_success``."""
    subscribe: Duration = 10 * SECOND
    """The time limit for the message ``subscription_succeeded`` of each channel."""
    silence: Duration = 15 * SECOND
    """The time for which the server may be silent before the state machine sends a ping. If the server announces a
    shorter ``activity_timeout``, the announced time is used instead."""
    pong: Duration = 5 * SECOND
    """The time limit for the first frame after a ping."""
    least_silence: Duration = SECOND
    """The shortest silence of the server before a ping. It is used if the server announces a shorter
    ``activity_timeout``."""


class SignIn(msgspec.Struct, frozen=True):
    """The proof of the user's identity, which is sent before the bot subscribes to any channel."""

    auth: str
    user_data: str
    """The text about the user from the exchange, which the bot sends back unchanged."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """An output of the state machine that contains a message published on one of our channels."""

    channel: str
    event: str
    data: str | bytes
    """The data of the message, usually JSON. It is a text if the frame contains it as a JSON string. It is bytes if the
    frame contains it as a JSON object."""


class Send(msgspec.Struct, frozen=True):
    """An output of the state machine that contains a text to send to the server."""

    text: str


class Established(msgspec.Struct, frozen=True):
    """An output of the state machine that contains the socket id from the server. The caller registers this id at the
    exchange. Afterwards the caller calls ``registered`` or ``fail``."""

    socket_id: str


class Up(msgspec.Struct, frozen=True):
    """An output of the state machine that says that every channel is now subscribed."""


class Garbage(msgspec.Struct, frozen=True):
    """An output of the state machine that reports a frame that mmbot does not understand. The connection continues."""

    kind: str
    why: str


class Ended(msgspec.Struct, frozen=True):
    """The final output of the state machine. The connection has ended, and the caller has to close its websocket."""

    ending: Ending
    reason: str
    code: int | None = None


Output = Message | Send | Established | Up | Garbage | Ended
Outputs = tuple[Output, ...]


class _Frame(msgspec.Struct, gc=False):
    event: str
    channel: str | None = None
    data: str | None = None


class _ObjectFrame(msgspec.Struct, gc=False):
    event: str
    channel: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Hello(msgspec.Struct):
    socket_id: Annotated[str, msgspec.Meta(max_length=200)]
    activity_timeout: float | str | None = None


class _Error(msgspec.Struct):
    code: int | None = None
    message: str | None = None


_frame: Final = msgspec.json.Decoder(_Frame).decode
_object_frame: Final = msgspec.json.Decoder(_ObjectFrame).decode
_hello: Final = msgspec.json.Decoder(_Hello).decode
_error: Final = msgspec.json.Decoder(_Error).decode
_encode: Final = msgspec.json.Encoder().encode

# RecursionError: JSON that is nested too deeply. UnicodeError: text with half a surrogate pair.
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
_LONGEST_REASON: Final = 200


def ending_of(code: int | None) -> Ending:
    """Return the way in which a connection ended, from its close code or error code."""
    if code is None or not 4000 <= code < 4300:
        return Ending.LOST
    return (Ending.REJECTED, Ending.BACK_OFF, Ending.AGAIN)[(code - 4000) // 100]


def _text(**frame: object) -> str:
    return _encode(frame).decode()


class Pusher:
    """One connection, from the opening of the websocket to its end.

    Args:
        now: the time at which the websocket opened.
    """

    __slots__ = (
        "_heard_at",
        "_pending",
        "_pinged_at",
        "_signatures",
        "_silence",
        "_step_by",
        "_timing",
        "channels",
        "ended",
        "state",
    )

    def __init__(self, timing: Timing, now: Instant) -> None:
        self.state = State.OPENING
        self.ended: Ended | None = None
        self.channels: frozenset[str] = frozenset()
        """The names of the channels to which the connection has asked to subscribe."""
        self._timing: Final = timing
        self._silence: Duration = timing.silence
        self._heard_at: Instant = now
        self._pinged_at: Instant | None = None
        self._step_by: Instant | None = now + timing.establish
        self._pending: set[str] = set()
        self._signatures: dict[str, str] = {}

    def deadline(self) -> Instant | None:
        """Return the time at which the caller has to call ``tick`` if no frame comes earlier. None after the end of the
        connection."""
        if self.state is State.ENDED:
            return None
        if self._pinged_at is not None:
            heard_by = self._pinged_at + self._timing.pong
        else:
            heard_by = self._heard_at + self._silence
        return heard_by if self._step_by is None else min(heard_by, self._step_by)

    def tick(self, now: Instant) -> Outputs:
        """Do what is due at the time ``now``."""
        if self.state is State.ENDED:
            return ()
        if self._step_by is not None and now >= self._step_by:
            return self._end(Ending.LOST, f"{self.state.value}_timeout")
        if self._pinged_at is not None:
            if now >= self._pinged_at + self._timing.pong:
                return self._end(Ending.LOST, "silent")
        elif now >= self._heard_at + self._silence:
            self._pinged_at = now
            return (Send(_text(event="pusher:ping", data={})),)
        return ()

    def receive(self, frame: str | bytes, now: Instant) -> Outputs:
        """Take a frame from the server. Never raises an error, whatever the frame contains."""
        if self.state is State.ENDED:
            return ()
        self._heard_at = now
        self._pinged_at = None
        data: str | bytes | None
        try:
            plain = _frame(frame)
            event, channel, data = plain.event, plain.channel, plain.data
        except _UNREADABLE:
            try:
                odd = _object_frame(frame)
            except _UNREADABLE as bad:
                return (Garbage("frame", _short(bad)),)
            event, channel, data = odd.event, odd.channel, bytes(odd.data)
        if not event.startswith(("pusher:", "pusher_internal:")):
            if channel is None or channel not in self.channels:
                return (Garbage("channel", "a message on a channel that was not subscribed to"),)
            return (Message(channel, event, "" if data is None else data),)
        return self._protocol(event, channel, data or b"{}", now)

    def registered(self, signatures: Mapping[str, str], sign_in: SignIn | None, now: Instant) -> Outputs:
        """Sign in if the exchange asks for it. Afterwards subscribe to each channel.

        Args:
            signatures: the signature of each channel, by the channel's name. It has the form ``key:hex`` and is valid
                for a single socket id.
        """
        if self.state is not State.REGISTERING:
            return ()
        if not signatures:
            return self._end(Ending.LOST, "no_channels")
        self._signatures = dict(signatures)
        if sign_in is None:
            return self._subscribe(now)
        self.state = State.SIGNING_IN
        self._step_by = now + self._timing.sign_in
        return (Send(_text(event="pusher:signin", data={"auth": sign_in.auth, "user_data": sign_in.user_data})),)

    def _subscribe(self, now: Instant) -> Outputs:
        self.state = State.SUBSCRIBING
        self.channels = frozenset(self._signatures)
        self._pending = set(self._signatures)
        self._step_by = now + self._timing.subscribe
        return tuple(
            Send(_text(event="pusher:subscribe", data={"channel": name, "auth": signature}))
            for name, signature in self._signatures.items()
        )

    def fail(self, reason: str) -> Outputs:
        """End the connection because the registration failed or too many messages are waiting."""
        return self._end(Ending.LOST, reason)

    def close(self, reason: str) -> Outputs:
        """End the connection because mmbot wants it."""
        return self._end(Ending.ORDERED, reason)

    def closed(self, code: int | None, reason: str) -> Outputs:
        """Record that the websocket has closed. ``code`` is the close code, or None if there was no close code."""
        return self._end(ending_of(code), reason or "closed", code)

    def _protocol(self, event: str, channel: str | None, data: str | bytes, now: Instant) -> Outputs:
        try:
            match event:
                case "pusher:connection_established":
                    return self._established(_hello(data), now)
                case "pusher:signin_success" if self.state is State.SIGNING_IN:
                    return self._subscribe(now)
                case "pusher_internal:subscription_succeeded":
                    return self._subscribed(channel)
                case "pusher:ping":
                    return (Send(_text(event="pusher:pong", data={})),)
                case "pusher:pong":
                    return ()
                case "pusher:error":
                    return self._wrong(_error(data))
                case "pusher:subscription_error" | "pusher_internal:subscription_error":
                    return self._not_subscribed(channel)
        except _UNREADABLE as bad:
            if self.state is State.OPENING:
                # Without the information in this frame the connection cannot continue.
                return self._end(Ending.LOST, f"unreadable {event}")
            return (Garbage("protocol", _short(bad)),)
        return (Garbage("protocol", f"unknown event {event[:60]!r}"),)

    def _established(self, hello: _Hello, now: Instant) -> Outputs:
        if self.state is not State.OPENING:
            return (Garbage("protocol", "a second connection_established"),)
        if not hello.socket_id:
            return self._end(Ending.LOST, "no_socket_id")
        theirs = hello.activity_timeout
        if isinstance(theirs, float) and 0 < theirs < 1e6:
            self._silence = min(self._silence, max(round(theirs * SECOND), self._timing.least_silence))
        self.state = State.REGISTERING
        self._step_by = now + self._timing.register
        return (Established(hello.socket_id),)

    def _subscribed(self, channel: str | None) -> Outputs:
        if channel is None or channel not in self._pending:
            return (Garbage("protocol", "a subscription that was not asked for"),)
        self._pending.discard(channel)
        if self._pending:
            return ()
        self.state = State.UP
        self._step_by = None
        return (Up(),)

    def _not_subscribed(self, channel: str | None) -> Outputs:
        if channel is not None and channel not in self.channels:
            return (Garbage("protocol", "an error of a subscription that was not asked for"),)
        return self._end(Ending.LOST, "subscription_rejected")

    def _wrong(self, error: _Error) -> Outputs:
        said = error.message or ""
        if ending_of(error.code) is not Ending.LOST:
            return self._end(ending_of(error.code), said or "error", error.code)
        if self.state is State.UP:
            # Codes 4300 to 4399, and errors without a code, concern one event and not the connection.
            return (Garbage("error", f"{error.code}: {said}"[:_LONGEST_REASON]),)
        return self._end(Ending.LOST, said or "error", error.code)

    def _end(self, ending: Ending, reason: str, code: int | None = None) -> Outputs:
        if self.state is State.ENDED:
            return ()
        self.state = State.ENDED
        self.ended = Ended(ending, reason[:_LONGEST_REASON], code)
        return (self.ended,)


def _short(bad: BaseException) -> str:
    return f"{type(bad).__name__}: {bad}"[:_LONGEST_REASON]
