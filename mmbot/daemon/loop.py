"""The pump: events into the engine in bursts, its requests out to the client, their answers back in, its orders done.

It is the only caller of the engine. It decides nothing: what is sent, and when, is the engine's.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, NamedTuple, Protocol

from structlog.types import FilteringBoundLogger

from mmbot.domain.instant import Clock, Duration, Instant
from mmbot.engine.events import Answer, Beat, BookMessage, Event, Failed, Failure, StopRequested, WagerMessage
from mmbot.engine.requests import (
    CancelAll,
    CancelEvent,
    CancelMany,
    Exit,
    Order,
    PlaceMany,
    Request,
)
from mmbot.engine.status import Status

IDLE_S: Final = 1.0
"""The engine is asked this often at least, in the machine's seconds, whatever its deadline: ``/healthz`` needs it."""

_PAUSE_S: Final = 0.001  # before asking again an engine whose deadline has passed though it had nothing to send

CHANGES: Final = (CancelAll, CancelEvent, CancelMany, PlaceMany)
"""Requests that change something: at the end they are waited for, reads are not."""


class Engine(Protocol):
    """What the pump needs of the engine."""

    def handle(self, event: Event, now: Instant) -> None:
        """Take one event."""

    def next_request(self, now: Instant) -> Request | None:
        """The most urgent request that is due, or None."""

    def deadline(self, now: Instant) -> Instant | None:
        """When it next wants to be asked."""

    def orders(self) -> list[Order]:
        """What the shell is to do; drained."""

    def status(self, now: Instant, *, events: bool = True) -> Status:
        """Its account of itself, with or without the events and their lines."""

    @property
    def quoted_lines(self) -> int:
        """Lines with at least one wager that could match."""

    @property
    def differences(self) -> Mapping[str, int]:
        """Repaired book differences by kind."""

    @property
    def taken_or_pulled(self) -> Mapping[str, int]:
        """Takers' stakes in cents that left the books, by kind."""


class Client(Protocol):
    """What the pump needs of the REST client. It turns errors into answers and raises nothing."""

    def perform(self, request: Request) -> Coroutine[Any, Any, Answer]:
        """Send a request, and return what waits for its answer. It may have left already when this returns."""


class Timings(Protocol):
    """Where the pump reports how fast it was, in the machine's nanoseconds."""

    def tick_to_wire(self, took: Duration) -> None:
        """From a book message to the placement that it led to."""

    def match_to_wire(self, took: Duration) -> None:
        """From a match to the placement or cancel that it led to."""


class _Arrival(NamedTuple):
    event: Event
    at: Instant
    received: int  # the machine's monotonic nanoseconds


class Pump:
    """Drives one engine until it orders the exit. Everything happens on the thread of the event loop.

    Events may be delivered before ``run``: they wait, so that a signal during start-up is the first thing it hears.
    """

    def __init__(
        self,
        clock: Clock,
        carry_out: Callable[[Order], None],
        timings: Timings,
        log: FilteringBoundLogger,
        answered: Callable[[Request, Answer, Instant], None] = lambda *_: None,
    ) -> None:
        """``answered``: told of every answer, beside the engine."""
        self._clock: Final = clock
        self._carry_out: Final = carry_out
        self._timings: Final = timings
        self._log: Final = log
        self._note_answer: Final = answered
        self._inbox: deque[_Arrival] = deque()
        self._wake: Final = asyncio.Event()
        self._tasks: dict[asyncio.Task[Answer], Request] = {}
        self.handling: Event | None = None
        """The event in the engine's hands; after a crash, the one that it died of."""
        self.fault: str | None = None
        """The part whose death made the daemon stop, if one did."""
        self.heard_at: Instant = 0
        """When the feed was last heard: everything before it is known. 0 before the first message."""
        self.pumped_at: float = time.monotonic()
        """When the engine was last asked, by the machine's monotonic clock in seconds."""

    @property
    def waiting(self) -> int:
        """How many delivered events the engine has not seen yet."""
        return len(self._inbox)

    def deliver(self, event: Event) -> None:
        """Hand an event in; the engine sees it, with this instant as its arrival, before it is next asked."""
        self._inbox.append(_Arrival(event, self._clock.now(), time.monotonic_ns()))
        self._wake.set()

    def part_died(self, part: str) -> None:
        """A part of the daemon is gone for good: stop in order, and remember why."""
        self.fault = self.fault or part
        self.deliver(StopRequested())

    async def run(self, engine: Engine, client: Client) -> Exit:
        """Drive the engine until it orders the exit.

        Raises:
            BaseException: whatever the engine raises; ``handling`` then tells over which event, if over one.
        """
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None
        try:
            while True:
                busy = self._turn(engine, client)
                if timer is not None:
                    timer.cancel()  # not before the turn: what is to leave has left now
                end = None
                for order in engine.orders():
                    if isinstance(order, Exit):
                        end = order
                    else:
                        self._carry_out(order)
                if end is not None:
                    return end
                self.pumped_at = time.monotonic()
                timer = loop.call_later(self._sleep(engine.deadline(self._clock.now()), busy), self._wake.set)
                await self._wake.wait()
                self._wake.clear()
        finally:
            if timer is not None:
                timer.cancel()

    async def finish(self, timeout_s: float) -> tuple[Request, ...]:
        """End what is in flight: reads at once, what changes something when it is answered or after ``timeout_s``.

        Returns:
            The requests that were given up.
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
        """Drain the inbox into the engine, then send all that is due. Whether there was anything to do."""
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
            self._send(client, request)
            if isinstance(request, PlaceMany):
                if book:
                    self._timings.tick_to_wire(time.monotonic_ns() - book)
                    book = 0
                if match:
                    self._timings.match_to_wire(time.monotonic_ns() - match)
                    match = 0
            elif match and isinstance(request, CancelMany | CancelEvent | CancelAll):
                self._timings.match_to_wire(time.monotonic_ns() - match)
                match = 0
        return busy

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

    def _answered(self, task: asyncio.Task[Answer]) -> None:
        request = self._tasks.pop(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            answer = task.result()
            self._note_answer(request, answer, self._clock.now())
            self.deliver(answer)
            return
        # A client that raises is broken: what it sent has an unknown outcome, and nothing more is placed through it.
        self._log.error("request.raised", request=type(request).__name__, exc_info=error)
        self.deliver(Failed(request=request.id, failure=Failure.UNKNOWN, code="shell", message=repr(error)))
        self.part_died("client")
