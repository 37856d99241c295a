"""The engine takes one event at a time and returns the most urgent request.

The engine is plain synchronous code. The engine has no clock, so each call is given the present instant. The code
around the engine, which does all I/O, is called the shell.

    handle(event, now)         take one event
    next_request(now)          return the most urgent request that is due and allowed now, or None
    deadline(now)              return when to call ``next_request`` again if no event comes first
    orders()                   return what the shell has to do: connect the feed, save, log, exit
    status(now)                return the status of the engine

``next_request`` checks the limits and the kill latch at the moment at which it returns a request. No approved request
waits in a queue outside the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, get_args

from mmbot.config import Config
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.engine import events as e
from mmbot.engine.failed_requests import FailedRequests
from mmbot.engine.orders import Order, Seed
from mmbot.engine.parts import Breakers, Parts
from mmbot.engine.requests import Request
from mmbot.engine.restore import restore
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.status import EngineStatus, Quoted
from mmbot.engine.step import Step
from mmbot.engine.timing.due import Asker, Chore, Part
from mmbot.strategy.interface import Strategy

SLICE: Final = 100
"""The number of lines whose quotes the engine decides before it checks again whether a cancel has to be sent. Deciding
so many lines takes a few milliseconds at most."""

ANSWERS: Final[tuple[type, ...]] = get_args(e.Answer)


class Engine:
    """The deterministic core. Only one thread may call it, because the core is not thread-safe."""

    def __init__(
        self,
        config: Config,
        seed: Seed,
        strategies: Sequence[Strategy],
        now: Instant,
        breakers: Breakers = (),
    ) -> None:
        """Build the parts of the engine, and restore the state that earlier runs saved.

        Args:
            breakers: circuit breakers in addition to the breakers that every engine has.
        """
        parts = Parts(config, seed, strategies, now, breakers)
        self._shared: Final = parts.shared
        self._effects: Final = parts.effects
        self._quoting: Final = parts.quoting
        self._profit: Final = parts.profit
        self._cancelling: Final = parts.cancelling
        self._unknown: Final = parts.unknown
        self._life: Final = parts.life
        self._placing: Final = parts.placing
        self._hedging: Final = parts.hedging
        self._audit: Final = parts.audit
        self._sweep: Final = parts.sweep
        self.transactions: Final = parts.transactions
        """The part of the engine that reads the account's transactions."""
        self._given: Final = parts.given
        self._feed: Final = parts.feed
        self._status: Final = parts.status
        self._failed: Final = FailedRequests(parts.shared)
        self._askers: Final[tuple[Asker, ...]] = parts.askers
        self._background: Final[tuple[Asker, ...]] = parts.background
        self._background_at: Instant = 0
        """The instant of the next task of the background parts of the engine. The value 0 means that these parts have
        to be asked for this instant."""
        self._chores: Final[tuple[Chore, ...]] = parts.chores
        self._every_second: Final = parts.every_second
        self._clocked: Final[tuple[Part, ...]] = parts.clocked()  # without timers: any event may set one
        """The parts of the engine for which the engine remembers the instant of their next task."""
        self._quiet_until: Instant = 0
        """The instant of the next task of any part of the engine except the timers. The value 0 means that the parts
        have to be asked for this instant."""
        self._remembers = True
        self.overdue = False
        """True if a task was due at the latest call of ``deadline`` but could not be done yet."""
        self.asked = 0
        """The number of times that the engine has asked all its parts for the instant of their next task."""
        restore(parts, seed, now)
        self._on: Final[dict[type, Callable[..., None]]] = {
            **parts.feed.handlers(),
            **dict.fromkeys(ANSWERS, self._on_answer),
            **parts.operator.handlers(),
        }

    # --- the five calls -------------------------------------------------------------------------------------------

    def handle(self, event: e.Event, now: Instant) -> None:
        """Take one event. The decisions are made by ``next_request``, once for a whole burst of events."""
        kind = type(event)
        if kind is not e.BookMessage and kind is not e.Beat:  # these two make nothing due earlier
            self._quiet_until = self._background_at = 0
        self._on[kind](event, now)

    def next_request(self, now: Instant) -> Request | None:
        """Return the most urgent request that is due and allowed at ``now``. The result is None if there is no such
        request."""
        if self._is_quiet(now):
            self._feed.taken_or_pulled.pair(now)
            return None
        if now >= self._quiet_until or now >= self._shared.timers.soonest:
            if self._quiet_until or now >= self._shared.timers.soonest:  # something is due that may concern any part
                self._background_at = 0
            self._quiet_until = 0
            for chore in self._chores:
                chore.do_due(now)
        request = None
        if self._life.step is not Step.ENDED and self._shared.limiter.ready_at(now, True) <= now:
            request = self._most_urgent(now)
        if request is None:
            self._feed.taken_or_pulled.pair(now)  # done only when there is nothing to send
        else:
            self._quiet_until = 0
        return request

    def _most_urgent(self, now: Instant) -> Request | None:
        shared = self._shared
        clearing = self._life.clearing
        request = self._life.urgent(now) if clearing else None
        if request is None:
            if shared.dirty_sport_events:
                self._look(now)
            if (
                self._cancelling.ready
                and not self._clearing
                and (self._cancelling.full or not shared.dirty_sport_events)
            ):
                request = self._cancelling.next(now)
            if request is None and clearing:
                # The proof that the account is clear is as urgent as a cancel, even after a 429.
                request = self._unknown.next(now) or self._life.next(now)
        if request is not None:
            shared.limiter.take(now, True, request.id)
        elif shared.limiter.ready_at(now, False) <= now:
            request = self._other(now)
            if request is None:
                return None
            shared.limiter.take(now, False, request.id)
        else:
            return None
        return request

    def deadline(self, now: Instant) -> Instant | None:
        """Return the instant at which ``next_request`` has to be called again, unless an event comes earlier. The
        result is None after the engine has ended.

        Call this method after ``next_request`` has returned None.
        """
        shared = self._shared
        if self._profit.moved:
            self._quiet_until = 0
        self.overdue = False
        if self._is_quiet(now):
            return min(self._quiet_until, shared.timers.due_at(now))
        if self._life.step is Step.ENDED:
            return None
        times = self._due_times(now)
        if shared.dirty_sport_events or (self._cancelling.ready and not self._clearing):
            at = shared.limiter.ready_at(now, True)
            if at <= now and shared.dirty_sport_events:
                return now
            times.append(at)
        if self._placing.pending or self._hedging.check:
            times.append(shared.limiter.ready_at(now, False))
        later = [at for at in times if at > now]
        if len(later) < len(times):  # something was due and not done: it waits for the rate limit, an event or a second
            self.overdue = True
            later.append(self._every_second.first_from(now + 1))
            limited = shared.limiter.ready_at(now, True)
            if limited > now:
                later.append(limited)
        return min(later)

    def _due_times(self, now: Instant) -> list[Instant]:
        """Return the instants of the next tasks of the parts of the engine, and the instant of the next timer.
        Remembered instants are used as long as they are valid."""
        timers_at = self._shared.timers.due_at(now)
        if now < self._quiet_until:
            return [self._quiet_until, timers_at]
        self.asked += 1
        times = [part.due_at(now) for part in self._clocked]
        background_at = self._background_at
        if now >= background_at:
            background_at = min([part.due_at(now) for part in self._background])
        times.append(background_at)
        if self._remembers:
            self._quiet_until = min(times)
            self._background_at = background_at
        times.append(timers_at)
        return times

    def ask_every_time(self) -> None:
        """At each event from now on, ask every part of the engine for the instant of its next task. This is slower and
        leads to the same requests. Only tests use it."""
        self._remembers = False
        self._quiet_until = self._background_at = 0

    def orders(self) -> list[Order]:
        """Return what the shell (the code around the engine) has to do, as decided since the previous call of this
        method. For example, the shell has to connect the feed, save entries in the journal, or write a log entry."""
        return self._shared.outbox.take()

    def status(self, now: Instant, *, sport_events: bool = True) -> EngineStatus:
        """Return the status of the engine. If ``sport_events`` is false, the status leaves out the sport events. The
        cost of this call then does not grow with the number of lines."""
        return self._status.status(now, sport_events)

    def quoted(self, line: LineKey) -> Quoted | None:
        """Return which outcomes of a line we quote, and the reason if we do not quote the line. The result is None if
        no quoting rule applies to the line."""
        return self._status.quoted(line)

    def price_doubt(self, price: e.PriceGiven, now: Instant) -> str | None:
        """Return why a price of the user will not be used now, such as ``unknown_line``. None if the price will be
        used."""
        return self._given.doubt(price.line_id, price.given_at, now)

    @property
    def ready(self) -> bool:
        """True while the daemon has reached the step in which it may quote. A guard may still stop quoting."""
        return self._life.step is Step.READY

    def next_second(self, now: Instant) -> Instant:
        """Return the next instant for the checks that are made at most once a second, such as the check of the day's
        loss. The instant is ``now`` or later."""
        return self._every_second.first_from(now)

    def look_at_everything(self) -> None:
        """Switch off all caches of quoting. From now on, quotes are always decided from scratch. This is slower and
        leads to the same requests. Only tests use it."""
        self._quoting.look_at_everything()

    @property
    def looks(self) -> int:
        """How many times the engine has decided the quotes of a line."""
        return self._quoting.looks

    @property
    def guards(self) -> dict[str, int]:
        """For each guard (a reason not to quote), the number of scopes over which it holds. A scope is the account, a
        sport event or a line."""
        return self._shared.guards.names()

    @property
    def differences(self) -> dict[str, int]:
        """For each kind of difference between a book from the feed and a REST read: how many such differences were
        found and repaired."""
        return self._shared.books.differences

    @property
    def audited(self) -> dict[str, int]:
        """For each kind of difference between our records and the exchange's records: how many such differences the
        audit found."""
        return self._audit.differences

    @property
    def taken_or_pulled(self) -> dict[str, int]:
        """The stakes that left the books, in cents. ``taken`` counts the stakes that were matched. ``pulled`` counts
        the stakes that their makers withdrew."""
        drops = self._feed.taken_or_pulled
        return {"taken": drops.taken, "pulled": drops.pulled}

    # --- what is due ----------------------------------------------------------------------------------------------

    @property
    def _clearing(self) -> bool:
        """True while ``cancel_all`` cancels everything, so that no wager has to be cancelled on its own."""
        return self._shared.settings.exclusive and self._life.clearing

    def _is_quiet(self, now: Instant) -> bool:
        """Return true if no task can be due. This is the usual case when a book changed only in levels that no strategy
        sees."""
        shared = self._shared
        return (
            now < self._quiet_until
            and not shared.dirty_sport_events
            and now < shared.timers.soonest
            and not self._cancelling.ready
            and not self._quoting.to_place.lines
            and not self._hedging.check
        )

    def _look(self, now: Instant) -> None:
        """Decide the quotes of the sport events that changed, for about ``SLICE`` lines in one call. This bound keeps a
        burst of changes from delaying a cancel.

        As soon as a batch of cancels is full, the batch is sent, before the remaining sport events are looked at.
        Nothing is placed until the quotes of every changed sport event are decided.
        """
        dirty = self._shared.dirty_sport_events
        if not dirty:
            return
        quotable = self._life.step is Step.READY
        lines = 0
        for sport_event in list(dirty):
            if lines >= SLICE or (self._cancelling.full and not self._clearing):
                return
            del dirty[sport_event]
            lines += self._quoting.look(sport_event, quotable, now)
            if self._quoting.compared:
                self._cancelling.collect()

    def _other(self, now: Instant) -> Request | None:
        """Return the most urgent request that is not a cancel: a read, a hedge or a placement."""
        shared = self._shared
        request: Request | None
        if now >= self._quiet_until:
            for asker in self._askers:
                if (request := asker.next(now)) is not None:
                    return request
            if now >= self._background_at:
                for asker in self._background:
                    if (request := asker.next(now)) is not None:
                        return request
        if self._life.step is not Step.READY or shared.dirty_sport_events:
            return None
        request = self._hedging.next(now)
        if request is None and not shared.guards.any(ACCOUNT):
            request = self._placing.next(now)
        if request is not None:
            self._life.placed()
            self._effects.placed()
            return request
        if now < self._quiet_until or now < self._background_at:
            return None
        return self._audit.when_idle(now) or self.transactions.when_idle(now) or self._sweep.when_idle(now)

    def _on_answer(self, answer: e.Answer, now: Instant) -> None:
        """Pass an answer to the part of the engine that made the request."""
        self._shared.limiter.answered(answer.request, now)
        sent = self._shared.in_flight.pop(answer.request, None)
        if sent is None:
            return
        if isinstance(answer, e.Failed):
            self._failed.note(sent.request, answer, now)
        sent.owner.on_answer(sent.request, sent.sent_at, answer, now)
