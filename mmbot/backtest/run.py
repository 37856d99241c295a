"""One run in virtual time: a world, an engine, and the delays and faults between them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, Protocol

import msgspec

from mmbot.backtest.link import Link
from mmbot.config import Config
from mmbot.domain.instant import MILLISECOND, SECOND, Duration, Instant
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.engine import Breakers, Engine
from mmbot.simulator.judge.referee import Referee
from mmbot.simulator.venue.venue import Venue
from mmbot.strategy.interface import Strategy

BEAT: Final = 5 * SECOND
"""Between two health checks."""


class World(Protocol):
    """What happens at the exchange without us."""

    venue: Venue
    referee: Referee

    def next_due(self) -> Instant | None:
        """When something happens next."""

    def advance(self, now: Instant) -> None:
        """Let everything happen that is due."""


class Delays(msgspec.Struct, frozen=True):
    """How long things take between daemon and exchange."""

    request: Duration = 5 * MILLISECOND
    answer: Duration = 5 * MILLISECOND
    feed: Duration = 5 * MILLISECOND
    connect: Duration = 200 * MILLISECOND
    timeout: Duration = 5 * SECOND


DETOUR: Final = 150 * MILLISECOND


class Fate(Enum):
    """What becomes of a request."""

    DONE = "done"
    LOST = "lost"
    """It never reaches the exchange; the daemon times out."""
    UNANSWERED = "unanswered"
    """The exchange does it; the answer is lost and the daemon times out."""
    LATE = "late"
    """The daemon times out, and then the exchange does it after all."""
    SLOW = "slow"
    """It is overtaken: its way there takes ``DETOUR`` longer than others'."""
    LIMITED = "limited"
    """429."""
    BROKEN = "broken"
    """A 5xx before anything was done."""


Interfere = Callable[[r.Request, Instant], Fate]

Carry = Callable[[e.FeedMessage], Sequence[Duration]]
"""How much later than usual each copy of a message arrives: none where it is lost, two where it comes twice."""


class Memory:
    """The state directory of a run: what a restart begins from."""

    def __init__(self) -> None:
        self.wagers: dict[str, r.SaveWager] = {}
        self.day: r.SaveDay | None = None
        self.settlements: dict[tuple[int, int], r.SaveSettlement] = {}
        self.latch: str | None = None
        self.end = 0
        self.runs = 0
        self.last: Instant = 0

    def seed(self) -> r.Seed:
        """What the next run's engine starts from."""
        self.runs += 1
        return r.Seed(
            run_id=f"r{self.runs}",
            next_sequence=self.end,
            end_sequence=self.end,
            latched=self.latch,
            wagers=tuple(self.wagers.values()),
            day=self.day,
            settlements=tuple(self.settlements.values()),
            since=self.last,
        )


class Run:
    """Drives one engine. ``now`` is the virtual present."""

    def __init__(
        self,
        world: World,
        account: str,
        config: Config,
        strategies: Sequence[Strategy],
        start: Instant,
        delays: Delays | None = None,
        memory: Memory | None = None,
        interfere: Interfere | None = None,
        breakers: Breakers = (),
    ) -> None:
        self.world: Final = world
        self.now = start
        self.memory: Final = memory or Memory()
        self.engine: Final = Engine(config, self.memory.seed(), strategies, start, breakers)
        self.delays = delays or Delays()
        self.interfere = interfere
        self.exit: r.Exit | None = None
        self.alerts: list[tuple[Instant, r.Alert]] = []
        self.requests: list[tuple[Instant, r.Request]] = []
        self.events = 0
        self.feed_allowed = True
        self.silent = False
        """The socket stands, but nothing comes through it."""
        self.carry: Carry | None = None
        """None: every message arrives once and in order."""
        self.linger: Callable[[], Duration] = lambda: 0
        """How much longer than usual an answer takes."""
        self.hint: Duration | None = None
        """How long a 429 asks to wait; None where it does not say."""
        self._link = Link(world.venue, account)
        self._queue: list[tuple[Instant, int, Callable[[], None]]] = []
        self._count = 0
        self._connection = 0
        self._up = False
        self._beat_at: Instant = start

    # --- driving --------------------------------------------------------------------------------------------------

    def at(self, when: Instant, what: Callable[[], None]) -> None:
        """Do something at an instant."""
        self._count += 1
        heapq.heappush(self._queue, (max(when, self.now), self._count, what))

    def tell(self, event: e.Event) -> None:
        """Give the engine an event now, and send what it then asks for."""
        if isinstance(event, e.KillRequested | e.StopRequested):
            self.world.referee.note_latched(self.now, "stop" if isinstance(event, e.StopRequested) else "kill")
        elif isinstance(event, e.ResumeRequested):
            self.world.referee.note_resumed(self.now)
        self.engine.handle(event, self.now)
        self.events += 1
        self._pump()

    def until(self, end: Instant, stop: Callable[[], bool] | None = None) -> None:
        """Let time pass to ``end``, to the engine's exit, or until ``stop`` says so."""
        self._publish()  # what was done at the exchange since the last call
        self._pump()
        while self.exit is None and not (stop is not None and stop()):
            due = [
                self._queue[0][0] if self._queue else None,
                self.world.next_due(),
                self.engine.deadline(self.now),
                self._beat_at if self._up else None,
            ]
            following = min((at for at in due if at is not None), default=None)
            if following is None or following > end:
                self.now = max(self.now, end)
                return
            self.now = max(self.now, following)
            self.world.advance(self.now)
            self._publish()
            if self._up and self.now >= self._beat_at:
                self._beat_at = self.now + BEAT
                self._deliver(e.Beat(self._connection))
            while self._queue and self._queue[0][0] <= self.now and self.exit is None:
                heapq.heappop(self._queue)[2]()
            self._pump()
        self.memory.last = self.now

    def drop_feed(self, reason: str = "dropped") -> None:
        """The socket is gone."""
        if self._up:
            self._up = False
            self.world.referee.note_feed_lost(self.now)
            self.tell(e.FeedLost(self._connection, reason))

    # --- the wire -------------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        for event in self.world.venue.drain():
            if not self._up or self.silent:
                continue
            message = self._link.message(event, self._connection)
            if message is not None:
                self._deliver(message)

    def _deliver(self, message: e.FeedMessage) -> None:
        if self.silent:
            return
        connection = self._connection

        def arrive() -> None:
            if self._up and self._connection == connection:
                self.engine.handle(message, self.now)
                self.events += 1

        for late in (0,) if self.carry is None else self.carry(message):
            self.at(self.now + self.delays.feed + late, arrive)

    def _pump(self) -> None:
        while self.exit is None:
            request = self.engine.next_request(self.now)
            self._obey(self.engine.orders())
            if request is None:
                return
            self.requests.append((self.now, request))
            self._send(request)

    def _send(self, request: r.Request) -> None:
        fate = self.interfere(request, self.now) if self.interfere is not None else Fate.DONE
        sent_at = self.now
        if fate in (Fate.LOST, Fate.UNANSWERED, Fate.LATE):
            self._later(sent_at + self.delays.timeout, e.Failed(request.id, e.Failure.UNKNOWN, "timeout"))
        if fate in (Fate.LIMITED, Fate.BROKEN):
            kind, code = (
                (e.Failure.LATER, "rate_limit_reached")
                if fate is Fate.LIMITED
                else (e.Failure.UNKNOWN, "internal_error")
            )
            hint = None if self.hint is None or fate is Fate.BROKEN else sent_at + self.hint
            failed = e.Failed(request.id, kind, code, "", hint)
            self._later(sent_at + self.delays.request + self.delays.answer, failed)
        if fate in (Fate.LOST, Fate.LIMITED, Fate.BROKEN):
            return

        def arrive() -> None:
            self.world.advance(self.now)
            self.world.referee.note_request(self.now, type(request).__name__)
            answer = self._link.answer(request, self.now)
            self._publish()
            if fate in (Fate.DONE, Fate.SLOW):
                self._later(self.now + self.delays.answer + self.linger(), answer)

        late = {Fate.LATE: self.delays.timeout + 3 * SECOND, Fate.SLOW: DETOUR}.get(fate, 0)
        self.at(sent_at + self.delays.request + late, arrive)

    def _later(self, when: Instant, answer: e.Event) -> None:
        def arrive() -> None:
            self.engine.handle(answer, self.now)
            self.events += 1

        self.at(when, arrive)

    def _obey(self, orders: Sequence[r.Order]) -> None:
        for order in orders:
            match order:
                case r.Connect():
                    self._connect()
                case r.WriteLatch():
                    self.memory.latch = order.reason
                    self._later(self.now, e.LatchWritten())
                case r.ClearLatch():
                    self.memory.latch = None
                case r.ReserveBlock():
                    self.memory.end = max(self.memory.end, order.end)
                    self._later(self.now, e.BlockReserved(order.end))
                case r.Alert():
                    self.alerts.append((self.now, order))
                case r.Exit():
                    self.exit = order
                case r.SaveWager():
                    self.memory.wagers[order.external_id] = order
                case r.SaveDay():
                    self.memory.day = order
                case r.SaveSettlement():
                    self.memory.settlements[order.event, order.market] = order

    def _connect(self) -> None:
        self._up = False

        def arrive() -> None:
            if not self.feed_allowed:
                self.at(self.now + SECOND, arrive)
                return
            self._connection += 1
            self._up = True
            self._beat_at = self.now
            self.world.referee.note_feed_up(self.now)
            self.engine.handle(e.FeedUp(self._connection), self.now)
            self.events += 1

        self.at(self.now + self.delays.connect, arrive)
