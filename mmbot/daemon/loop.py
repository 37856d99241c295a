"""The daemon's main loop (``Pump``).

It gives events to the engine, sends the engine's requests, returns the answers, and carries out the engine's orders.
Only
the main loop calls the engine. The engine decides which request is sent, and when.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from structlog.types import FilteringBoundLogger

from mmbot.domain.instant import Clock, Duration, Instant
from mmbot.engine.events import Answer, Beat, BookMessage, Event, Failed, Failure, StopRequested, WagerMessage
from mmbot.engine.orders import Exit, Order
from mmbot.engine.requests import CancelAll, CancelMany, CancelSportEvent, PlaceMany, Request
from mmbot.engine.status import Status

IDLE_S: Final = 1.0
"""Longest time between two calls of the engine, in real seconds. ``/healthz`` relies on it."""

_PAUSE_S: Final = 0.001  # wait before the next call if the deadline has passed but nothing was due

CHANGES: Final = (CancelAll, CancelSportEvent, CancelMany, PlaceMany)
"""Placements and cancels. A shutdown waits for their answers, but not for the answers to reads."""


class Engine(Protocol):
    """The part of the engine that the main loop needs."""

    def handle(self, event: Event, now: Instant) -> None:
        """Take one event."""

    def next_request(self, now: Instant) -> Request | None:
        """Return the most urgent request that is due; None if none is due."""

    def deadline(self, now: Instant) -> Instant | None:
        """Return the time at which the engine next has work; None if it has none."""

    def orders(self) -> list[Order]:
        """Return the engine's new orders to the daemon, such as to connect the feed. Each order is returned once."""

    def status(self, now: Instant, *, sport_events: bool = True) -> Status:
        """Return the engine's status, with or without the sport events and their lines."""

    @property
    def differences(self) -> Mapping[str, int]:
        """Number of repaired differences between the feed's books and REST, by kind."""

    @property
    def audited(self) -> Mapping[str, int]:
        """Number of differences between our records and the exchange's, by kind."""

    @property
    def taken_or_pulled(self) -> Mapping[str, int]:
        """Sizes that left the books, by kind (taken by a match, or pulled by the maker), in cents that takers could
        have staked."""


class Client(Protocol):
    """The part of the REST client that the main loop needs. The client returns errors as answers and raises nothing."""

    def perform(self, request: Request) -> Coroutine[Any, Any, Answer]:
        """Send a request, and return a coroutine that waits for the answer. The request may already be on its way."""


class Timings(Protocol):
    """Takes the main loop's timings, in nanoseconds of real time."""

    def tick_to_wire(self, took: Duration) -> None:
        """Record the time from a book message to the placement that it caused."""

    def match_to_wire(self, took: Duration) -> None:
        """Record the time from a match to the placement or cancel that it caused."""


class Vital(Protocol):
    """Shows that the event loop runs, and notices when it did not."""

    def interrupted_at(self) -> int:
        """Return how often the loop was interrupted so far. Asked before each request is sent."""

    def beat(self) -> None:
        """Note that the loop runs."""

    def take(self) -> Sequence[Event]:
        """Return the interruptions since the last call, as events for the engine."""


class Untimed:
    """A ``Vital`` that notices nothing."""

    def interrupted_at(self) -> int:
        """Return 0."""
        return 0

    def beat(self) -> None:
        """Do nothing."""

    def take(self) -> Sequence[Event]:
        """Return nothing."""
        return ()


class _Arrival(NamedTuple):
    event: Event
    at: Instant
    received: int  # the machine's monotonic nanoseconds


class Pump:
    """Drives one engine until the engine orders the exit. Everything runs on the thread of the event loop.

    Events that are delivered before ``run`` wait for it. So a signal during start-up is the first event that the engine
    gets.
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
        """Create a main loop. ``answered`` is called with every answer, which the engine gets, too."""
        self.vital: Vital = vital or Untimed()
        """Set it before ``run``."""
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
        """The event that the engine is handling. After a crash, the event that caused it."""
        self.fault: str | None = None
        """Name of the failed part that made the daemon stop; None if no part failed."""
        self.heard_at: Instant = 0
        """Time of the feed's last message. All messages before it have been received. 0 before the first message."""
        self.pumped_at: float = time.monotonic()
        """Time at which the engine last ran, by the machine's monotonic clock in seconds."""

    @property
    def waiting(self) -> int:
        """Number of delivered events that the engine has not handled yet."""
        return len(self._inbox)

    def deliver(self, event: Event) -> None:
        """Queue an event. The engine handles it before its next request, with the present time as the time of
        arrival."""
        self._inbox.append(_Arrival(event, self._clock.now(), time.monotonic_ns()))
        self._wake.set()

    def part_died(self, part: str) -> None:
        """Start an orderly stop because a part of the daemon failed. Only the first such part is remembered."""
        self.fault = self.fault or part
        self.deliver(StopRequested())

    async def run(self, engine: Engine, client: Client) -> Exit:
        """Drive the engine until it orders the exit.

        Raises:
            BaseException: any error of the engine. ``handling`` is then the event that caused the error, if there was
                one.
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
        """End the requests that are under way. Reads end immediately. Placements and cancels end when they are
        answered, or after ``timeout_s`` seconds.

        Returns:
            The placements and cancels that were not answered in time.
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

    def _turn(self, engine: Engine, client: Client) -> bool:
        """Hand all queued events to the engine, then send every due request. Return True if there was anything to
        do."""
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

    def _take_interruptions(self, engine: Engine) -> None:
        """Hand the interruptions to the engine before anything that arrived meanwhile."""
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
