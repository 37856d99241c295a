"""What can be made to go wrong on demand: values for each fault, and the plan of those that stand.

Faults of an endpoint apply to its next requests; faults of the feed to its sockets. Single acts (drop the sockets, go
live, settle) are carried out at once by the server and are not kept here.
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
    """For how many requests; None for all until it is cleared."""


class LoseRequest(_Endpoint, frozen=True, kw_only=True, tag="lose_request"):
    """Close the connection without processing the request."""


class LoseAnswer(_Endpoint, frozen=True, kw_only=True, tag="lose_answer"):
    """Process the request, then close the connection without an answer."""


class HangAnswer(_Endpoint, frozen=True, kw_only=True, tag="hang_answer"):
    """Process the request, then never answer; the client's own timeout has to end it."""


class DelayRequest(_Endpoint, frozen=True, kw_only=True, tag="delay_request"):
    """Let the request wait before it is processed, whether its sender is still there or not."""

    seconds: Seconds
    jitter: Seconds = 0.0
    """The mean of what is added, exponentially distributed."""


class DelayAnswer(_Endpoint, frozen=True, kw_only=True, tag="delay_answer"):
    """Process the request at once and answer late."""

    seconds: Seconds
    jitter: Seconds = 0.0


class _Failure(_Endpoint, frozen=True, kw_only=True):
    code: str = "internal_error"
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    """As the error table has it for the code where it is not given; a code that is not in the table needs one."""

    def __post_init__(self) -> None:
        if self.status is None and self.code not in TABLE:
            raise ValueError(f"{self.code!r} is not in the error table, so its status has to be given")


class FailRequest(_Failure, frozen=True, kw_only=True, tag="fail_request"):
    """Answer with an error instead of processing the request."""

    retry_after: Seconds | None = None
    """For a 429: when to come again."""


class FailAnswer(_Failure, frozen=True, kw_only=True, tag="fail_answer"):
    """Process the request, then answer with an error all the same."""


class GarbleAnswer(_Endpoint, frozen=True, kw_only=True, tag="garble_answer"):
    """Process the request, then answer with 200 and bytes that are no JSON."""


EndpointFault = (
    LoseRequest | LoseAnswer | HangAnswer | DelayRequest | DelayAnswer | FailRequest | FailAnswer | GarbleAnswer
)


class _ConnectionFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    times: Times | None = None
    """For how many connections or registrations; None for all until it is cleared."""


class RefuseSocket(_ConnectionFault, frozen=True, kw_only=True, tag="refuse_socket"):
    """Turn new websocket connections away with HTTP 503."""


class HangUpgrade(_ConnectionFault, frozen=True, kw_only=True, tag="hang_upgrade"):
    """Never answer the upgrade of a new websocket connection."""


class MuteHello(_ConnectionFault, frozen=True, kw_only=True, tag="mute_hello"):
    """Accept a new websocket connection and never send ``pusher:connection_established``."""


class PusherError(_ConnectionFault, frozen=True, kw_only=True, tag="pusher_error"):
    """Answer a new websocket connection with ``pusher:error`` and close it with the same code."""

    code: Annotated[int, Meta(ge=4000, le=4999)]
    message: str = "fault on demand"


class WrongSignature(_ConnectionFault, frozen=True, kw_only=True, tag="wrong_signature"):
    """Hand out channel authorisations that the websocket then refuses."""


class MuteSubscribe(_ConnectionFault, frozen=True, kw_only=True, tag="mute_subscribe"):
    """Take a subscription and never confirm it."""


SocketFault = RefuseSocket | HangUpgrade | MuteHello | PusherError | WrongSignature | MuteSubscribe


class Silence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="silence", tag_field="fault"):
    """The sockets that stand send neither messages nor health checks any more; pings are still answered."""

    new: bool = False
    """Whether sockets that connect later are silent too."""


class HalfOpen(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="half_open", tag_field="fault"
):
    """The sockets that stand neither send nor answer anything; their connections stay."""

    new: bool = False


class StallFrame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="stall_frame", tag_field="fault"):
    """The sockets that stand send the beginning of a frame and nothing after it."""


class Duplicate(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="duplicate", tag_field="fault"
):
    """Every message is sent twice (PROTOCOL 8.5)."""

    seconds: Seconds = 0.0
    """Between the two."""


class DropMessages(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_messages", tag_field="fault"
):
    """Messages of one kind are lost on their way; health checks still come."""

    change_type: str = "*"
    """``wager``, ``market_selections``, ``matched_bet`` …, or a pattern."""
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """How many of them, by chance."""
    times: Times | None = None


class DelayMessages(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="delay_messages", tag_field="fault"
):
    """Messages of one kind are under way for a while."""

    change_type: str = "*"
    seconds: Seconds = 0.0
    jitter: Seconds = 0.0
    """The mean of what is added, exponentially distributed, for each message."""
    in_order: bool = True
    """Whether a message waits for those before it. False: the later overtakes the earlier."""


class DelayActivations(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="delay_activations", tag_field="fault"
):
    """Wagers accepted from now on stay inactive for longer; those that follow queue up behind them."""

    seconds: Seconds


class BareSides(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bare_sides", tag_field="fault"):
    """An empty side of a book is an empty list, without the placeholder that names its outcome; in answers and in
    messages. Both were seen (PROTOCOL 5.2)."""


FeedFault = Silence | HalfOpen | StallFrame | Duplicate | DropMessages | DelayMessages | DelayActivations | BareSides

Fault = EndpointFault | SocketFault | FeedFault


SocketKind = TypeVar("SocketKind", RefuseSocket, HangUpgrade, MuteHello, PusherError, WrongSignature, MuteSubscribe)

FeedKind = TypeVar("FeedKind", DelayMessages, Duplicate)


class _FaultInForce(msgspec.Struct):
    number: int
    fault: Fault
    left: int | None


class FaultPlan:
    """The faults that stand, in the order they were asked for. One that has run its times is gone.

    Args:
        rng: for what happens by chance.
    """

    def __init__(self, rng: Random | None = None) -> None:
        self._rng: Final = rng or Random(0)
        self._held: Final[list[_FaultInForce]] = []
        self._last = 0

    def add(self, fault: Fault) -> int:
        """Let a fault stand; its number clears it."""
        self._last += 1
        self._held.append(_FaultInForce(self._last, fault, getattr(fault, "times", None)))
        return self._last

    def lift(self, number: int | None = None) -> list[Fault]:
        """Lift one fault, or all of them; returns those that stood."""
        gone = [h for h in self._held if number is None or h.number == number]
        for held in gone:
            self._held.remove(held)
        return [held.fault for held in gone]

    def in_force(self) -> dict[int, Fault]:
        """What stands now, by number."""
        return {held.number: held.fault for held in self._held}

    def at_endpoint(self, endpoint: str) -> list[EndpointFault]:
        """The faults that the present request to an endpoint meets: the first of each kind; each is one time less."""
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
        """The first standing fault of a kind, which is one time less then."""
        for held in self._held:
            if isinstance(held.fault, kind):
                self._use(held)
                return held.fault
        return None

    def drops(self, change_type: str) -> bool:
        """Whether a message of this kind is lost on its way."""
        for held in self._held:
            fault = held.fault
            if not isinstance(fault, DropMessages) or not fnmatchcase(change_type, fault.change_type):
                continue
            if fault.share == 1.0 or self._rng.random() < fault.share:
                self._use(held)
                return True
        return False

    def delay_of(self, change_type: str) -> tuple[Duration, bool] | None:
        """How long a message of this kind is under way, and whether it keeps its place; None: it is sent at once."""
        for fault in self._in_force(DelayMessages):
            if fnmatchcase(change_type, fault.change_type):
                return self.draw_delay(fault), fault.in_order
        return None

    @property
    def bare_sides(self) -> bool:
        """Whether an empty side names no outcome."""
        return any(isinstance(held.fault, BareSides) for held in self._held)

    def repeat_after(self) -> Duration | None:
        """How much later a message comes for the second time; None: it comes once."""
        return next((seconds(fault.seconds) for fault in self._in_force(Duplicate)), None)

    def draw_delay(self, delay: DelayRequest | DelayAnswer | DelayMessages) -> Duration:
        """A length of a delay: its least, and what chance adds."""
        extra = self._rng.expovariate(1.0 / delay.jitter) if delay.jitter else 0.0
        return seconds(delay.seconds + extra)

    def _in_force(self, kind: type[FeedKind]) -> list[FeedKind]:
        return [held.fault for held in self._held if isinstance(held.fault, kind)]

    def _use(self, held: _FaultInForce) -> None:
        if held.left is not None:
            held.left -= 1
            if held.left == 0:
                self._held.remove(held)
