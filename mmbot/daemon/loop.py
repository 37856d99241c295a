"""The daemon's main loop (``Pump``).

The main loop gives events to the engine, sends the engine's requests, returns the answers, and carries out the engine's
orders. No other code calls the engine. The engine decides which request is sent, and when.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from structlog.types import FilteringBoundLogger

from mmbot.domain.instant import Clock, Duration, Instant
from mmbot.engine.events import (
    Answer,
    Beat,
    BookMessage,
    Event,
    Failed,
    Failure,
    PriceGiven,
    StopRequested,
    WagerMessage,
)
from mmbot.engine.orders import Exit, Order
from mmbot.engine.requests import CancelAll, CancelMany, CancelSportEvent, PlaceMany, Request
from mmbot.engine.status import EngineStatus

IDLE_S: Final = 1.0
"""The longest time between two calls of the engine, in real seconds. The health check ``/healthz`` depends on this
limit."""

_PAUSE_S: Final = 0.001  # wait before the next call if the deadline has passed but nothing was due

CHANGES: Final = (CancelAll, CancelSportEvent, CancelMany, PlaceMany)
"""The types of requests that place or cancel wagers. A shutdown waits for the answers to these requests, but not for
the answers to reads."""


class Driven(Protocol):
    """The methods of the engine that the main loop calls. Only these methods can change the engine."""

    def handle(self, event: Event, now: Instant) -> None:
        """Give one event to the engine."""

    def next_request(self, now: Instant) -> Request | None:
        """Return the most urgent request that is due. None if no request is due."""

    def deadline(self, now: Instant) -> Instant | None:
        """Return the time of the engine's next task. None if the engine has no task planned."""

    def orders(self) -> list[Order]:
        """Return the engine's new orders to the daemon, for example the order to connect the feed. Each order is
        returned only once."""


class Engine(Driven, Protocol):
    """The part of the engine that the daemon needs."""

    def status(self, now: Instant, *, sport_events: bool = True) -> EngineStatus:
        """Return the engine's status. If ``sport_events`` is false, the status has no sport events and no lines."""

    def price_doubt(self, price: PriceGiven, now: Instant) -> str | None:
        """Return the reason why a price of the user is not used now. None if the price is used."""

    @property
    def ready(self) -> bool:
        """True once the start-up is complete, so that the bot may quote. The engine then knows every wager of the
        account."""

    @property
    def differences(self) -> Mapping[str, int]:
        """The number of repaired differences between the feed's books and the books read over REST, for each kind of
        difference."""

    @property
    def audited(self) -> Mapping[str, int]:
        """The number of differences that were found between our records and the exchange's records, for each kind of
        difference."""

    @property
    def taken_or_pulled(self) -> Mapping[str, int]:
        """The total size that left the books because it was matched, and the total size that its maker cancelled. Sizes
        are in cents of the taker's stake."""


class Client(Protocol):
    """The part of the REST client that the main loop needs. The client raises no exception, but returns each error as
    an answer."""

    def perform(self, request: Request) -> Coroutine[Any, Any, Answer]:
        """Send a request, and return a coroutine that waits for the answer. The request may be sent before the
        coroutine is awaited."""


class Timings(Protocol):
    """Records the delays between an event and its request, in nanoseconds of real time."""

    def tick_to_wire(self, took: Duration) -> None:
        """Record the time from a book message to the placement that resulted."""

    def match_to_wire(self, took: Duration) -> None:
        """Record the time from a match to the placement or cancel that resulted."""


class Vital(Protocol):
    """Reports regularly that the event loop runs. It also notices when the event loop was interrupted (stood still)."""

    def interrupted_at(self) -> int:
        """Return how often the event loop stood still so far. The main loop compares the number with the earlier number
        before it sends a request."""

    def beat(self) -> None:
        """Record that the event loop runs."""

    def take(self) -> Sequence[Event]:
        """Return what interrupted the event loop since the previous call, as events for the engine."""


class Untimed:
    """An object in place of ``Vital``. It never reports that the event loop stood still."""

    def interrupted_at(self) -> int:
        """Return 0, because no interruption is noticed."""
        return 0

    def beat(self) -> None:
        """Do nothing."""

    def take(self) -> Sequence[Event]:
        """Return no events."""
        return ()


class _Arrival(NamedTuple):
    event: Event
    at: Instant
    received: int  # the machine's monotonic nanoseconds


class Pump:
    """Runs one engine until the engine orders the exit. Everything runs on the thread of the event loop.

    Events that are delivered before ``run`` starts wait until it starts. For example, a signal during the start-up
    becomes the first event of the engine.
    """

    def __init__(
        self,
        clock: Clock,
        carry_out: Callable[[Order], None],
        timings: Timings,
        log: FilteringBoundLogger,
        answered: Callable[[Request, Answer, Instant], None] = lambda *_: None,
        vital: Vital | None = None,
    ) -> None:
        """Create a main loop. The engine gets every answer. The function ``answered`` is called with every answer
        too."""
        self.vital: Vital = vital or Untimed()
        """The object that notices if the event loop stands still. It must be set before ``run`` is called."""
        self._interruptions = 0
        self._clock: Final = clock
        self._carry_out: Final = carry_out
        self._timings: Final = timings
        self._log: Final = log
        self._note_answer: Final = answered
        self._inbox: deque[_Arrival] = deque()
        self._wake: Final = asyncio.Event()
        self._tasks: dict[asyncio.Task[Answer], Request] = {}
        self.handling: Event | None = None
        """The event that the engine is handling. None between two events. After a crash, it is the event that caused
        the crash."""
        self.fault: str | None = None
        """The name of the failed part that made the daemon stop. None if no part failed."""
        self.heard_at: Instant = 0
        """The time of the newest feed message. All earlier feed messages have been received too. 0 if no feed message
        has come yet."""
        self.pumped_at: float = time.monotonic()
        """The time at which the engine ran most recently, in seconds of the machine's monotonic clock."""

    @property
    def waiting(self) -> int:
        """The number of delivered events that the engine has not handled yet."""
        return len(self._inbox)

    def deliver(self, event: Event) -> None:
        """Put an event into the queue for the engine, with the present time as its time of arrival. The engine handles
        the event before it makes its next request."""
        self._inbox.append(_Arrival(event, self._clock.now(), time.monotonic_ns()))
        self._wake.set()

    def part_died(self, part: str) -> None:
        """Start an orderly stop because a part of the daemon failed. If several parts fail, only the name of the first
        failed part is kept."""
        self.fault = self.fault or part
        self.deliver(StopRequested())

    async def run(self, engine: Driven, client: Client) -> Exit:
        """Run the engine until it orders the exit.

        Raises:
            BaseException: if the engine fails. Any error of the engine is passed on. If an event caused the error,
                ``handling`` is this event.
        """
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None
        try:
            while True:
                busy = self._turn(engine, client)
                if timer is not None:
                    timer.cancel()  # after the turn: the requests have been sent by now
                end = None
                for order in engine.orders():
                    if isinstance(order, Exit):
                        end = order
                    else:
                        self._carry_out(order)
                if end is not None:
                    return end
                self.pumped_at = time.monotonic()
                self.vital.beat()
                timer = loop.call_later(self._sleep(engine.deadline(self._clock.now()), busy), self._wake.set)
                await self._wake.wait()
                self._wake.clear()
        finally:
            if timer is not None:
                timer.cancel()

    async def finish(self, timeout_s: float) -> tuple[Request, ...]:
        """End the requests that are under way. A read is dropped immediately. A placement or cancel ends when it is
        answered, or after ``timeout_s`` seconds.

        Returns:
            the placements and cancels that were not answered in time.
        """
        for task, request in self._tasks.items():
            if not isinstance(request, CHANGES):
                task.cancel()
        changing = {task: request for task, request in self._tasks.items() if isinstance(request, CHANGES)}
        if not changing:
            return ()
        _, late = await asyncio.wait(changing, timeout=timeout_s)
        for task in late:
            task.cancel()
        return tuple(changing[task] for task in late)

    def _turn(self, engine: Driven, client: Client) -> bool:
        """Give all queued events to the engine, and send every request that is due. Return True if there was anything
        to do."""
        vital = self.vital
        if vital.interrupted_at() != self._interruptions:
            self._take_interruptions(engine)
        inbox = self._inbox
        book = match = 0
        busy = bool(inbox)
        while inbox:
            event, at, received = inbox.popleft()
            self.handling = event
            engine.handle(event, at)
            if isinstance(event, BookMessage):
                book = book or received
                self.heard_at = at
            elif isinstance(event, Beat):
                self.heard_at = at
            elif isinstance(event, WagerMessage) and event.report.match_stake:
                match = match or received
        self.handling = None
        now = self._clock.now()
        while (request := engine.next_request(now)) is not None:
            busy = True
            if vital.interrupted_at() != self._interruptions:
                # It was decided before a pause. The next turn hands the pause to the engine first.
                self._answer(
                    request, Failed(request.id, Failure.RETRYABLE, "interrupted", "not sent: the loop stood still")
                )
                break
            self._send(client, request)
            if isinstance(request, PlaceMany):
                if book:
                    self._timings.tick_to_wire(time.monotonic_ns() - book)
                    book = 0
                if match:
                    self._timings.match_to_wire(time.monotonic_ns() - match)
                    match = 0
            elif match and isinstance(request, CancelMany | CancelSportEvent | CancelAll):
                self._timings.match_to_wire(time.monotonic_ns() - match)
                match = 0
        return busy

    def _take_interruptions(self, engine: Driven) -> None:
        """Tell the engine that the event loop stood still. Events that arrived in the meantime are handled
        afterwards."""
        now = self._clock.now()
        self._interruptions = self.vital.interrupted_at()  # before ``take``, so that none is missed
        for event in self.vital.take():
            self.handling = event
            engine.handle(event, now)

    def _sleep(self, deadline: Instant | None, busy: bool) -> float:
        if deadline is None:
            return IDLE_S
        left = self._clock.real_seconds(deadline - self._clock.now())
        if left > 0:
            return min(left, IDLE_S)
        return 0.0 if busy else _PAUSE_S

    def _send(self, client: Client, request: Request) -> None:
        task = asyncio.get_running_loop().create_task(client.perform(request))
        self._tasks[task] = request
        task.add_done_callback(self._answered)

    def _answer(self, request: Request, answer: Answer) -> None:
        self._note_answer(request, answer, self._clock.now())
        self.deliver(answer)

    def _answered(self, task: asyncio.Task[Answer]) -> None:
        request = self._tasks.pop(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._answer(request, task.result())
            return
        # A client that raises is broken. The outcome of the request is unknown, and the client must place nothing more.
        self._log.error("request.raised", request=type(request).__name__, exc_info=error)
        self.deliver(Failed(request=request.id, failure=Failure.UNKNOWN, code="shell", message=repr(error)))
        self.part_died("client")
