"""The faults that stay in force, and the plan that holds them.

Faults of an endpoint apply to its next requests, faults of the feed to its sockets. Faults that happen once (cut the
sockets, start a sport event, settle) are in ``one_off_faults``.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from random import Random
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from mmbot.domain.instant import Duration, seconds
from mmbot.simulator.venue.error_table import TABLE

Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Times = Annotated[int, Meta(ge=1)]


class _Endpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    endpoint: str = "*"
    """The last part of a path (``place_multiple_wagers``), or a pattern such as ``cancel_*``."""
    times: Times | None = 1
    """The number of requests that meet the fault. None: all of them until the fault is lifted."""


class LoseRequest(_Endpoint, frozen=True, kw_only=True, tag="lose_request"):
    """Close the connection without processing the request."""


class LoseAnswer(_Endpoint, frozen=True, kw_only=True, tag="lose_answer"):
    """Process the request, then close the connection without an answer."""


class HangAnswer(_Endpoint, frozen=True, kw_only=True, tag="hang_answer"):
    """Process the request and never answer, so that the client's own timeout has to end it."""


class DelayRequest(_Endpoint, frozen=True, kw_only=True, tag="delay_request"):
    """Wait before processing the request, even if the client has given up by then."""

    seconds: Seconds
    jitter: Seconds = 0.0
    """The mean of an additional delay in seconds, which is exponentially distributed."""


class DelayAnswer(_Endpoint, frozen=True, kw_only=True, tag="delay_answer"):
    """Process the request at once and answer late."""

    seconds: Seconds
    jitter: Seconds = 0.0


class _Failure(_Endpoint, frozen=True, kw_only=True):
    code: str = "internal_error"
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    """The HTTP status. None: the error table's. A code that is not in the table needs a status."""

    def __post_init__(self) -> None:
        if self.status is None and self.code not in TABLE:
            raise ValueError(f"{self.code!r} is not in the error table: give its status too")


class FailRequest(_Failure, frozen=True, kw_only=True, tag="fail_request"):
    """Answer with an error instead of processing the request."""

    retry_after: Seconds | None = None
    """For a 429: the seconds until the client may try again."""


class FailAnswer(_Failure, frozen=True, kw_only=True, tag="fail_answer"):
    """Process the request, but answer with an error."""


class GarbleAnswer(_Endpoint, frozen=True, kw_only=True, tag="garble_answer"):
    """Process the request, then answer with 200 and bytes that are not JSON."""


EndpointFault = (
    LoseRequest | LoseAnswer | HangAnswer | DelayRequest | DelayAnswer | FailRequest | FailAnswer | GarbleAnswer
)


class _ConnectionFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    times: Times | None = None
    """The number of connections or registrations that meet the fault. None: all of them until the fault is lifted."""


class RejectSocket(_ConnectionFault, frozen=True, kw_only=True, tag="reject_socket"):
    """Reject new websocket connections with HTTP 503."""


class HangUpgrade(_ConnectionFault, frozen=True, kw_only=True, tag="hang_upgrade"):
    """Never answer the upgrade of a new websocket connection."""


class MuteHello(_ConnectionFault, frozen=True, kw_only=True, tag="mute_hello"):
    """Accept a new websocket connection and never send ``pusher:connection_established``."""


class PusherError(_ConnectionFault, frozen=True, kw_only=True, tag="pusher_error"):
    """Answer a new websocket connection with ``pusher:error`` and close it with the same code."""

    code: Annotated[int, Meta(ge=4000, le=4999)]
    message: str = "fault on demand"


class WrongSignature(_ConnectionFault, frozen=True, kw_only=True, tag="wrong_signature"):
    """Hand out channel authorisations that the websocket then rejects."""


class MuteSubscribe(_ConnectionFault, frozen=True, kw_only=True, tag="mute_subscribe"):
    """Accept a subscription and never confirm it."""


SocketFault = RejectSocket | HangUpgrade | MuteHello | PusherError | WrongSignature | MuteSubscribe


class Silence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="silence", tag_field="fault"):
    """The present sockets send neither messages nor health checks any more. They still answer pings."""

    new: bool = False
    """True: sockets that connect later are silent too."""


class HalfOpen(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="half_open", tag_field="fault"
):
    """The present sockets neither send nor answer anything any more. Their connections stay."""

    new: bool = False


class StallFrame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="stall_frame", tag_field="fault"):
    """The present sockets send the start of a frame and nothing after it."""


class Duplicate(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="duplicate", tag_field="fault"
):
    """Every message is sent twice (docs/protocol.md 8.5)."""

    seconds: Seconds = 0.0
    """The time from the first to the second."""


class DropMessages(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_messages", tag_field="fault"
):
    """Messages of one type are lost. Health checks still arrive."""

    change_type: str = "*"
    """``wager``, ``market_selections``, ``matched_bet`` …, or a pattern."""
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """The share of these messages that is lost, at random."""
    times: Times | None = None


class DelayMessages(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="delay_messages", tag_field="fault"
):
    """Messages of one type arrive late."""

    change_type: str = "*"
    seconds: Seconds = 0.0
    jitter: Seconds = 0.0
    """The mean of an additional delay of each message in seconds, which is exponentially distributed."""
    in_order: bool = True
    """True: a message waits for those before it. False: a later message may overtake it."""


class DelayActivations(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="delay_activations", tag_field="fault"
):
    """Wagers that are accepted from now on stay inactive for longer. Later wagers queue behind them."""

    seconds: Seconds


class BareSides(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bare_sides", tag_field="fault"):
    """An empty side of a book is an empty list, without the placeholder that names its outcome. This applies to answers
    and to messages. The real exchange has sent both forms (docs/protocol.md 5.2)."""


FeedFault = Silence | HalfOpen | StallFrame | Duplicate | DropMessages | DelayMessages | DelayActivations | BareSides

Fault = EndpointFault | SocketFault | FeedFault


SocketKind = TypeVar("SocketKind", RejectSocket, HangUpgrade, MuteHello, PusherError, WrongSignature, MuteSubscribe)

FeedKind = TypeVar("FeedKind", DelayMessages, Duplicate)


class _FaultInForce(msgspec.Struct):
    number: int
    fault: Fault
    left: int | None


class FaultPlan:
    """The faults in force, in the order in which they were added. A fault ends when it has been met ``times`` times.

    Args:
        rng: the random numbers of faults that depend on chance.
    """

    def __init__(self, rng: Random | None = None) -> None:
        self._rng: Final = rng or Random(0)
        self._held: Final[list[_FaultInForce]] = []
        self._last = 0

    def add(self, fault: Fault) -> int:
        """Put a fault in force. Returns the number that lifts it."""
        self._last += 1
        self._held.append(_FaultInForce(self._last, fault, getattr(fault, "times", None)))
        return self._last

    def lift(self, number: int | None = None) -> list[Fault]:
        """Lift one fault, or all of them. Returns the lifted faults."""
        gone = [h for h in self._held if number is None or h.number == number]
        for held in gone:
            self._held.remove(held)
        return [held.fault for held in gone]

    def in_force(self) -> dict[int, Fault]:
        """The faults in force, by number."""
        return {held.number: held.fault for held in self._held}

    def at_endpoint(self, endpoint: str) -> list[EndpointFault]:
        """The faults that a request to an endpoint meets now: the first of each kind. Each is used up once."""
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
        """The first fault of a kind, which is used up once; None if there is none."""
        for held in self._held:
            if isinstance(held.fault, kind):
                self._use(held)
                return held.fault
        return None

    def drops(self, change_type: str) -> bool:
        """True if a message of this type is lost."""
        for held in self._held:
            fault = held.fault
            if not isinstance(fault, DropMessages) or not fnmatchcase(change_type, fault.change_type):
                continue
            if fault.share == 1.0 or self._rng.random() < fault.share:
                self._use(held)
                return True
        return False

    def delay_of(self, change_type: str) -> tuple[Duration, bool] | None:
        """The delay of a message of this type, and True if the message keeps its place in the order. None: no delay."""
        for fault in self._in_force(DelayMessages):
            if fnmatchcase(change_type, fault.change_type):
                return self.draw_delay(fault), fault.in_order
        return None

    @property
    def bare_sides(self) -> bool:
        """True if an empty side is sent without its placeholder."""
        return any(isinstance(held.fault, BareSides) for held in self._held)

    def repeat_after(self) -> Duration | None:
        """The time after which a message is sent a second time, or None if it is sent once."""
        return next((seconds(fault.seconds) for fault in self._in_force(Duplicate)), None)

    def draw_delay(self, delay: DelayRequest | DelayAnswer | DelayMessages) -> Duration:
        """Draw the length of a delay: the fault's fixed part and a random part."""
        extra = self._rng.expovariate(1.0 / delay.jitter) if delay.jitter else 0.0
        return seconds(delay.seconds + extra)

    def _in_force(self, kind: type[FeedKind]) -> list[FeedKind]:
        return [held.fault for held in self._held if isinstance(held.fault, kind)]

    def _use(self, held: _FaultInForce) -> None:
        if held.left is not None:
            held.left -= 1
            if held.left == 0:
                self._held.remove(held)
