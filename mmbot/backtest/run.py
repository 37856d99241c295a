"""Runs one engine in virtual time against a simulated exchange, with delays and simulated failures between the two."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from mmbot.backtest.faults import Faults
from mmbot.backtest.link import Delays, Link
from mmbot.backtest.memory import Memory
from mmbot.config import Config
from mmbot.domain.instant import NEVER, SECOND, Instant
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.engine.engine import Engine
from mmbot.engine.exports import Breakers
from mmbot.simulator.judge.referee import Referee
from mmbot.simulator.venue.venue import Venue
from mmbot.strategy.interface import Strategy

BEAT: Final = 5 * SECOND
"""The time between two health checks of the feed."""


class World(Protocol):
    """A simulated exchange and the other traders on it."""

    venue: Venue
    referee: Referee

    def next_due(self) -> Instant | None:
        """Return the time at which something happens next. None if nothing more happens."""

    def advance(self, now: Instant) -> None:
        """Let everything happen that is due at ``now``."""


OnRequest = Callable[[r.Request, Instant], e.Answer | None]
"""The type of a function that may answer a request instead of the exchange. If the function returns None, the exchange
answers the request."""

OnAnswer = Callable[[e.Answer, Instant], e.Answer]
"""The type of a function that changes an answer before the answer leaves the exchange."""

OnMessage = Callable[[e.FeedMessage], e.FeedMessage | None]
"""The type of a function that changes a message before the exchange publishes it. If the function returns None, the
message is dropped."""


OnPass = Callable[[Instant, Instant], None]
"""The type of a function that is called before a period without events passes. Its arguments are the start and the end
of the period."""


class Run:
    """Drives one engine in virtual time. ``now`` is the present time."""

    def __init__(
        self,
        world: World,
        account: str,
        config: Config,
        strategies: Sequence[Strategy],
        start: Instant,
        delays: Delays | None = None,
        memory: Memory | None = None,
        *,
        faults: Faults | None = None,
        breakers: Breakers = (),
    ) -> None:
        self.world: Final = world
        self.now = start
        self.memory: Final = memory or Memory()
        self.engine: Final = Engine(config, self.memory.seed(), strategies, start, breakers)
        self.delays = delays or Delays()
        self.faults: Final = faults or Faults()
        self.exit: o.Exit | None = None
        self.alerts: list[tuple[Instant, o.Alert]] = []
        self.requests: list[tuple[Instant, r.Request]] = []
        self.events = 0
        self.on_request: OnRequest | None = None
        self.on_answer: OnAnswer | None = None
        self.on_message: OnMessage | None = None
        self.on_pass: OnPass | None = None
        self.channels = e.WHOLE_FEED
        """The channels that the next connection of the feed has."""
        self._link = Link(world.venue, account)
        self._queue: list[tuple[Instant, int, Callable[[], None]]] = []
        self._count = 0
        self._connection = 0
        self._up = False
        self._beat_at: Instant = start
        self._heard = True
        """True if the engine got an event after it was most recently asked for a request."""
        self._wake: Instant | None = None
        """The time of the engine's next task, if no event comes earlier. None if the time of the next task is not
        known."""
        self._world_due: Instant = start
        """The time at which the exchange, or a trader other than the bot, acts next."""
        self._under_way: dict[int, tuple[Instant, r.Request, Callable[[], None]]] = {}
        """The requests that have not reached the exchange yet. Each has its time of arrival and the function that lets
        it arrive."""

    # --- driving --------------------------------------------------------------------------------------------------

    @property
    def connection(self) -> int:
        """The number of the feed's newest connection."""
        return self._connection

    def at(self, when: Instant, what: Callable[[], None]) -> None:
        """Call a function at a given time."""

        def call() -> None:
            self._heard = True  # the function may give the engine an event
            what()

        self._at(when, call)

    def _at(self, when: Instant, what: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (when if when > self.now else self.now, self._count, what))

    def tell(self, event: e.Event) -> None:
        """Give the engine an event now, and send the requests that result from it."""
        if isinstance(event, e.KillRequested | e.StopRequested):
            self.world.referee.note_latched(self.now, "stop" if isinstance(event, e.StopRequested) else "kill")
        elif isinstance(event, e.ResumeRequested):
            self.world.referee.note_resumed(self.now)
        self._hand(event)
        self._pump()

    def until(self, end: Instant, stop: Callable[[], bool] | None = None) -> None:
        """Let time pass until ``end``, until the engine exits, or until ``stop`` returns True. ``stop`` is called
        whenever something has happened."""
        self._publish()  # a test may have acted at the exchange since the last call
        self._pump()
        while self.exit is None and not (stop is not None and stop()):
            following = self._following()
            self._pass(min(following, end + 1))
            if following > end:
                self.now = max(self.now, end)
                return
            self.now = now = max(self.now, following)
            if self._world_due <= now:
                self.world.advance(now)
            else:
                self.world.referee.observe(now)
            self._publish()
            if self._up and now >= self._beat_at:
                self._beat_at = now + BEAT
                self._deliver(e.Beat(self._connection))
            queue = self._queue
            while queue and queue[0][0] <= now and self.exit is None:
                heapq.heappop(queue)[2]()
            if self._heard or self._wake is None or now >= self._wake or self.engine.overdue:
                self._pump()
        self.memory.last = self.now

    def _following(self) -> Instant:
        """Return the time of the next event, or of the engine's next task if that is earlier. ``NEVER`` if there is no
        event and no task."""
        following = self._wake
        if following is None:
            wake = self.engine.deadline(self.now)
            following = self._wake = NEVER if wake is None else wake
        queue = self._queue
        if queue and queue[0][0] < following:
            following = queue[0][0]
        due = self.world.next_due()
        self._world_due = due = NEVER if due is None else due
        if due < following:
            following = due
        if self._up and self._beat_at < following and self._watches_beats:
            following = self._beat_at
        return following

    @property
    def _watches_beats(self) -> bool:
        """True if no health check may be skipped. This is so if a simulated failure may change health checks, or if the
        engine has overdue work."""
        return self.faults.carry is not None or self.engine.overdue

    def _pass(self, until: Instant) -> None:
        """Let time pass until ``until``, while only health checks arrive. The engine gets the newest of them, because
        this one says as much as all of them."""
        if self.on_pass is not None and until > self.now:
            self.on_pass(self.now, until)
        if not self._up or self._beat_at >= until:
            return
        count = -(-(until - self._beat_at) // BEAT)
        first, self._beat_at = self._beat_at, self._beat_at + count * BEAT
        if self.faults.silent:
            return
        beat, delay = e.Beat(self._connection), self.delays.feed
        arrived = min(count, max(0, -(-(until - first - delay) // BEAT)))
        if arrived:
            self.engine.handle(beat, first + (arrived - 1) * BEAT + delay)
            self.events += arrived
        for number in range(arrived, count):
            self._arrives(beat, first + number * BEAT + delay)

    def drop_feed(self, reason: str = "dropped") -> None:
        """Break the feed's connection, and tell the engine."""
        if self._up:
            self._up = False
            self.world.referee.note_feed_lost(self.now)
            self.tell(e.FeedLost(self._connection, reason))

    def reject_feed(self, reason: str) -> None:
        """Let the exchange close the feed's connection and reject new connections. Afterwards tell the engine."""
        self._up = False
        self.world.referee.note_feed_lost(self.now)
        self.tell(e.FeedRejected(self._connection, reason))

    def die(self, until: Instant) -> None:
        """Let the daemon die now, and let time pass at the exchange until ``until``. The daemon's requests that are
        under way still reach the exchange, but nobody receives the answers."""
        self._up = False
        for when, request, _ in sorted(self._under_way.values(), key=lambda item: item[0]):
            if when <= until:
                self.now = max(self.now, when)
                self._at_exchange(request)
        self._under_way.clear()
        self.now = until
        self.world.advance(until)
        self._publish()

    def leap(self, when: Instant) -> None:
        """Let time pass at the exchange until ``when`` without a call of the engine. Afterwards give the engine a
        health check."""
        self.now = when
        self.world.advance(when)
        self._beat_at = when
        self.engine.handle(e.Beat(self._connection), when)

    def stand_still(self, until: Instant) -> None:
        """Let time pass at the exchange until ``until``, while the daemon's process stands still. Requests that are
        under way reach the exchange in time. Messages and answers wait for the daemon."""
        for when, _, arrive in sorted(self._under_way.values(), key=lambda item: item[0]):
            if when <= until:
                self.now = max(self.now, when)
                arrive()
        self.now = max(self.now, until)
        self.world.advance(self.now)
        self._publish()
        self._beat_at = max(self._beat_at, self.now)

    def ask(self, request: r.Request) -> e.Answer:
        """Give a request to the exchange now, without a delay or a simulated failure, and return the answer."""
        return self._link.answer(request, self.now)

    # --- the wire -------------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        for announcement in self.world.venue.drain():
            if not self._up or self.faults.silent:
                continue
            message = self._link.message(announcement, self._connection)
            if message is not None and self.on_message is not None:
                message = self.on_message(message)
            if message is not None:
                self._deliver(message)

    def _deliver(self, message: e.FeedMessage) -> None:
        for late in self.faults.copies(message):
            self._arrives(message, self.now + self.delays.feed + late)

    def _arrives(self, message: e.FeedMessage, when: Instant) -> None:
        connection = self._connection

        def arrive() -> None:
            if self._up and self._connection == connection:
                self._hand(message)

        self._at(when, arrive)

    def _pump(self) -> None:
        self._heard, self._wake = False, None
        while self.exit is None:
            request = self.engine.next_request(self.now)
            self._obey(self.engine.orders())
            if request is None:
                return
            self.requests.append((self.now, request))
            self._send(request)

    def _send(self, request: r.Request) -> None:
        passage = self.faults.passage(request, self.now, self.delays)
        if passage.failed is not None:
            self._later(passage.failed_at, passage.failed)
        if passage.late is None:
            return

        def arrive() -> None:
            if self._under_way.pop(request.id, None) is None:
                return
            answer = self._at_exchange(request)
            if passage.answered:
                self._later(self.now + self.delays.answer + self.faults.answer_delay(), answer)

        when = self.now + self.delays.request + passage.late
        self._under_way[request.id] = (when, request, arrive)
        self._at(when, arrive)

    def _at_exchange(self, request: r.Request) -> e.Answer:
        self.world.advance(self.now)
        self.world.referee.note_request(self.now, type(request).__name__)
        answer = self._answer(request)
        self._publish()
        return answer

    def _answer(self, request: r.Request) -> e.Answer:
        answer = None if self.on_request is None else self.on_request(request, self.now)
        if answer is None:
            answer = self.ask(request)
        return answer if self.on_answer is None else self.on_answer(answer, self.now)

    def _later(self, when: Instant, answer: e.Event) -> None:
        self._at(when, partial(self._hand, answer))

    def _hand(self, event: e.Event) -> None:
        """Give the engine an event."""
        self._heard = True
        self.engine.handle(event, self.now)
        if isinstance(event, e.BookMessage | e.Beat) and self.engine.ready:
            self.memory.known = self.now
        self.events += 1

    def _obey(self, orders: Sequence[o.Order]) -> None:
        for order in orders:
            match order:
                case o.Connect():
                    self._connect()
                case o.WriteLatch():
                    self.memory.latch = order.reason
                    self._later(self.now, e.LatchWritten())
                case o.ReleaseLatch():
                    self.memory.latch = None
                case o.ReserveBlock():
                    self.memory.end = max(self.memory.end, order.end)
                    self._later(self.now, e.BlockReserved(order.end))
                case o.Alert():
                    self.alerts.append((self.now, order))
                case o.Exit():
                    self.exit = order
                case o.Save():
                    self.memory.keep(order, self.now)

    def _connect(self) -> None:
        self._up = False

        def arrive() -> None:
            if not self.faults.feed_allowed:
                self._at(self.now + SECOND, arrive)
                return
            self._connection += 1
            self._up = True
            self._beat_at = self.now
            self.world.referee.note_feed_up(self.now)
            self._hand(e.FeedUp(self._connection, self.channels))

        self._at(self.now + self.delays.connect, arrive)
