"""The failures that the local exchange can simulate, and a list of those in force. A fault (simulated failure) stays in
force until it is lifted (ended).

Some faults apply to the next requests to an endpoint. Other faults apply to the websockets of the feed. Faults that
happen once, such as cutting all connections, are in ``one_off_faults``.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from random import Random
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from mmbot.domain.instant import Duration, seconds
from mmbot.simulator.venue.error_table import TABLE

Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Times = Annotated[int, Meta(ge=1)]


class _Endpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    endpoint: str = "*"
    """The final part of the endpoint's path, for example ``place_multiple_wagers``. It can be a pattern such as
    ``cancel_*``."""
    times: Times | None = 1
    """The number of requests that the fault (simulated failure) affects. If it is None, every request is affected until
    the fault is lifted."""


class LoseRequest(_Endpoint, frozen=True, kw_only=True, tag="lose_request"):
    """Close the connection without processing the request."""


class LoseAnswer(_Endpoint, frozen=True, kw_only=True, tag="lose_answer"):
    """Process the request, and close the connection without an answer."""


class HangAnswer(_Endpoint, frozen=True, kw_only=True, tag="hang_answer"):
    """Process the request and never answer. The client's own timeout has to end the request."""


class DelayRequest(_Endpoint, frozen=True, kw_only=True, tag="delay_request"):
    """Wait before processing the request. The request is processed even if the client no longer waits for the
    answer."""

    seconds: Seconds
    jitter: Seconds = 0.0
    """The mean of an additional random delay in seconds. The delay is exponentially distributed."""


class DelayAnswer(_Endpoint, frozen=True, kw_only=True, tag="delay_answer"):
    """Process the request at once, but answer late."""

    seconds: Seconds
    jitter: Seconds = 0.0


class _Failure(_Endpoint, frozen=True, kw_only=True):
    code: str = "internal_error"
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    """The HTTP status of the answer. If it is None, the error table gives the status. A status must be given if
    ``code`` is not in the error table."""

    def __post_init__(self) -> None:
        if self.status is None and self.code not in TABLE:
            raise ValueError(f"{self.code!r} is not in the error table: give its status too")


class FailRequest(_Failure, frozen=True, kw_only=True, tag="fail_request"):
    """Answer with an error instead of processing the request."""

    retry_after: Seconds | None = None
    """The number of seconds until the client may try again, for an answer with the status 429."""


class FailAnswer(_Failure, frozen=True, kw_only=True, tag="fail_answer"):
    """Process the request, but answer with an error."""


class GarbleAnswer(_Endpoint, frozen=True, kw_only=True, tag="garble_answer"):
    """Process the request, but answer with HTTP 200 and bytes that are not JSON."""


class ReplaceAnswer(_Endpoint, frozen=True, kw_only=True, tag="replace_answer"):
    """Process the request, but replace the answer with the given status, headers and bytes."""

    status: Annotated[int, Meta(ge=200, le=599)] = 200
    body: str = ""
    headers: dict[str, str] = {}


class EndlessAnswer(_Endpoint, frozen=True, kw_only=True, tag="endless_answer"):
    """Process the request, but answer with a body that never ends."""


class AddWagers(_Endpoint, frozen=True, kw_only=True, tag="add_wagers"):
    """Add items to the list of wagers in the answer, whatever the request asked for."""

    endpoint: str = "get_wager_histories"
    wagers: list[Any]


EndpointFault = (
    LoseRequest
    | LoseAnswer
    | HangAnswer
    | DelayRequest
    | DelayAnswer
    | FailRequest
    | FailAnswer
    | GarbleAnswer
    | ReplaceAnswer
    | EndlessAnswer
    | AddWagers
)


class _ConnectionFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    times: Times | None = None
    """The number of connections, registrations or subscriptions that the fault (simulated failure) affects. If it is
    None, all of them are affected until the fault is lifted."""


class RejectSocket(_ConnectionFault, frozen=True, kw_only=True, tag="reject_socket"):
    """Reject new websocket connections with HTTP 503."""


class HangUpgrade(_ConnectionFault, frozen=True, kw_only=True, tag="hang_upgrade"):
    """Never answer the HTTP request that opens a websocket connection."""


class MuteHello(_ConnectionFault, frozen=True, kw_only=True, tag="mute_hello"):
    """Accept new websocket connections, but never send ``pusher:connection_established``."""


class PusherError(_ConnectionFault, frozen=True, kw_only=True, tag="pusher_error"):
    """Answer a new websocket connection with the message ``pusher:error``, and close the connection with the code of
    this error."""

    code: Annotated[int, Meta(ge=4000, le=4999)]
    message: str = "fault on demand"


class WrongSignature(_ConnectionFault, frozen=True, kw_only=True, tag="wrong_signature"):
    """Give clients wrong channel signatures, which the websocket server rejects later."""


class MuteSubscribe(_ConnectionFault, frozen=True, kw_only=True, tag="mute_subscribe"):
    """Receive subscriptions, but never confirm them."""


SocketFault = RejectSocket | HangUpgrade | MuteHello | PusherError | WrongSignature | MuteSubscribe


class Silence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="silence", tag_field="fault"):
    """Stop sending messages and health checks to the websockets that are connected now. The server still answers their
    pings."""

    new: bool = False
    """True if websockets that connect later are silent too."""


class HalfOpen(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="half_open", tag_field="fault"
):
    """Stop all sending to the websockets that are connected now, and answer nothing. The connections stay open."""

    new: bool = False


class StallFrame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="stall_frame", tag_field="fault"):
    """Send only the beginning of a frame to the websockets that are connected now, and nothing afterwards."""


class Duplicate(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="duplicate", tag_field="fault"
):
    """Send every message twice (docs/protocol.md 8.5)."""

    seconds: Seconds = 0.0
    """The number of seconds between the first and the second sending of a message."""


class DropMessages(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_messages", tag_field="fault"
):
    """Lose messages of one type. Messages of other types still arrive. The type of health checks is
    ``private_system_signal``."""

    change_type: str = "*"
    """The type of the messages, for example ``wager`` or ``market_selections``, or a pattern for several types."""
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """The share of the messages of the chosen type that is lost, above 0 and at most 1. The lost messages are chosen at
    random."""
    times: Times | None = None


class DelayMessages(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="delay_messages", tag_field="fault"
):
    """Delay messages of one type."""

    change_type: str = "*"
    seconds: Seconds = 0.0
    jitter: Seconds = 0.0
    """The mean of an additional random delay of each message in seconds. The delay is exponentially distributed."""
    in_order: bool = True
    """True if no message overtakes an earlier message. False if a message with a shorter delay can overtake an earlier
    message."""


class DelayActivations(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="delay_activations", tag_field="fault"
):
    """Keep new wagers inactive for longer. They still open in the order in which they were accepted."""

    seconds: Seconds


class BareSides(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bare_sides", tag_field="fault"):
    """Send an outcome without offers as an empty list. Normally the server sends a placeholder that names the outcome.
    REST answers and messages of the feed are affected. The real exchange has sent both forms (docs/protocol.md 5.2)."""


FeedFault = Silence | HalfOpen | StallFrame | Duplicate | DropMessages | DelayMessages | DelayActivations | BareSides

Fault = EndpointFault | SocketFault | FeedFault


SocketKind = TypeVar("SocketKind", RejectSocket, HangUpgrade, MuteHello, PusherError, WrongSignature, MuteSubscribe)

FeedKind = TypeVar("FeedKind", DelayMessages, Duplicate)


class _FaultInForce(msgspec.Struct):
    number: int
    fault: Fault
    left: int | None


class FaultPlan:
    """The faults (simulated failures) in force, in the order in which they were added. A fault with a value of
    ``times`` ends after this number of uses.

    Args:
        rng: random numbers for the faults that depend on chance.
    """

    def __init__(self, rng: Random | None = None) -> None:
        self._rng: Final = rng or Random(0)
        self._held: Final[list[_FaultInForce]] = []
        self._last = 0

    def add(self, fault: Fault) -> int:
        """Put a fault (simulated failure) in force, and return its number. ``lift`` takes this number."""
        self._last += 1
        self._held.append(_FaultInForce(self._last, fault, getattr(fault, "times", None)))
        return self._last

    def lift(self, number: int | None = None) -> list[Fault]:
        """Lift (end) the fault (simulated failure) with this number. If ``number`` is None, lift all faults. Returns
        the lifted faults."""
        gone = [h for h in self._held if number is None or h.number == number]
        for held in gone:
            self._held.remove(held)
        return [held.fault for held in gone]

    def in_force(self) -> dict[int, Fault]:
        """Return the faults (simulated failures) in force, by number."""
        return {held.number: held.fault for held in self._held}

    def at_endpoint(self, endpoint: str) -> list[EndpointFault]:
        """Return the faults (simulated failures) that apply to the next request to ``endpoint``. If several faults have
        the same type, only the oldest applies. Each call counts as one use of each returned fault."""
        met: list[EndpointFault] = []
        for held in list(self._held):
            fault = held.fault
            if not isinstance(fault, EndpointFault) or not fnmatchcase(endpoint, fault.endpoint):
                continue
            if not any(type(other) is type(fault) for other in met):
                met.append(fault)
                self._use(held)
        return met

    def at_socket(self, kind: type[SocketKind]) -> SocketKind | None:
        """Return the oldest fault (simulated failure) of the type ``kind``. None if no such fault is in force. Each
        call counts as one use of the returned fault."""
        for held in self._held:
            if isinstance(held.fault, kind):
                self._use(held)
                return held.fault
        return None

    def drops(self, change_type: str) -> bool:
        """True if the next message of this type is to be lost. A call that returns True counts as one use of the fault
        that loses the message."""
        for held in self._held:
            fault = held.fault
            if not isinstance(fault, DropMessages) or not fnmatchcase(change_type, fault.change_type):
                continue
            if fault.share == 1.0 or self._rng.random() < fault.share:
                self._use(held)
                return True
        return False

    def delay_of(self, change_type: str) -> tuple[Duration, bool] | None:
        """Return the delay of the next message of this type in nanoseconds. With the delay comes True if the message
        must not overtake earlier messages. The result is None if no fault delays the message."""
        for fault in self._in_force(DelayMessages):
            if fnmatchcase(change_type, fault.change_type):
                return self.draw_delay(fault), fault.in_order
        return None

    @property
    def bare_sides(self) -> bool:
        """True if an outcome without offers is sent as an empty list instead of a placeholder."""
        return any(isinstance(held.fault, BareSides) for held in self._held)

    def repeat_after(self) -> Duration | None:
        """Return the time in nanoseconds after which a message is sent again. None if messages are sent only once."""
        return next((seconds(fault.seconds) for fault in self._in_force(Duplicate)), None)

    def draw_delay(self, delay: DelayRequest | DelayAnswer | DelayMessages) -> Duration:
        """Draw the length of a delay in nanoseconds. It is the fault's fixed delay plus a random part."""
        extra = self._rng.expovariate(1.0 / delay.jitter) if delay.jitter else 0.0
        return seconds(delay.seconds + extra)

    def _in_force(self, kind: type[FeedKind]) -> list[FeedKind]:
        return [held.fault for held in self._held if isinstance(held.fault, kind)]

    def _use(self, held: _FaultInForce) -> None:
        if held.left is not None:
            held.left -= 1
            if held.left == 0:
                self._held.remove(held)
