"""The engine: one event in, the most urgent request out. Plain synchronous code; time is given to it.

    handle(event, now)         takes one event
    next_request(now)          the most urgent request that is due and allowed now, or None
    deadline(now)              when it next wants to be asked without an event
    orders()                   what the shell has to do beside requests
    status(now)                its account of itself

Risk and latch are judged inside ``next_request``; nothing that was once allowed ages in a queue outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, get_args

from mmbot.config import Config
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant, in_seconds
from mmbot.engine import events as e
from mmbot.engine.account.balance import Balance
from mmbot.engine.account.profit import Profit
from mmbot.engine.effects import Effects
from mmbot.engine.failed_requests import FailedRequests
from mmbot.engine.feed import Feed
from mmbot.engine.fill_status import StatusWriter
from mmbot.engine.followers.breakers import BREAKERS, Breaker
from mmbot.engine.followers.match_counts import MatchCounts
from mmbot.engine.life.chores import CancelOneByOne, EverySecond
from mmbot.engine.life.events_over import Forgetting
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.orders import Order, ReleaseLatch, Seed, Severity, WriteLatch
from mmbot.engine.quoting.given_prices import GivenPrices
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.reading.history import CREATED_RANGE
from mmbot.engine.reading.lookups import MatchingDetails, WagerLookups
from mmbot.engine.reading.unknown_placements import UnknownPlacements
from mmbot.engine.requests import Request
from mmbot.engine.risk.guards import ACCOUNT, shown
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.hedging import Hedging
from mmbot.engine.sending.placing import Placing
from mmbot.engine.state.shared import Shared
from mmbot.engine.status import Status, Step
from mmbot.engine.timing.due import Asker, Chore, Part
from mmbot.engine.timing.timers import Due
from mmbot.strategy.interface import Strategy

SLICE: Final = 100
"""Lines looked at in one call, more or less: some milliseconds."""

ANSWERS: Final[tuple[type, ...]] = get_args(e.Answer)


Breakers = Sequence[Callable[[Shared], Breaker]]
"""Makers of circuit breakers: each is given the state that the parts of the engine share."""


class Engine:
    """The deterministic core. Not safe for threads; one writer."""

    def __init__(
        self,
        config: Config,
        seed: Seed,
        strategies: Sequence[Strategy],
        now: Instant,
        breakers: Breakers = (),
    ) -> None:
        """``breakers``: circuit breakers beyond those that every engine has."""
        self._shared: Final = Shared(config, seed, strategies)
        shared = self._shared
        self._effects: Final = Effects(shared)
        effects = self._effects
        self._profit: Final = Profit(shared, seed.day)
        self._given: Final = GivenPrices(shared)
        self._quoting: Final = Quoting(shared, self._profit, self._given)
        self._cancelling: Final = Cancelling(shared, effects, self._quoting)
        self._board: Final = BoardReader(shared, effects, self._quoting)
        self._unknown: Final = UnknownPlacements(shared, effects)
        self._life: Final = OrderOfLife(shared, effects, self._board, seed.since, now)
        self._balance: Final = Balance(shared, effects, now)
        self._placing: Final = Placing(
            shared, effects, self._life, self._quoting, self._cancelling, self._balance, self._board
        )
        self._hedging: Final = Hedging(shared, self._quoting, self._placing, self._given)
        self._counts: Final = MatchCounts(shared.catalogue, now)
        self._forgetting: Final = Forgetting(
            shared, self._quoting, self._given, self._placing, self._hedging, self._profit, self._counts
        )
        self._status: Final = StatusWriter(
            shared,
            self._life,
            self._quoting,
            self._profit,
            self._balance,
            self._placing,
            self._cancelling,
            self._hedging,
            self._counts,
        )
        effects.connect(
            self._quoting,
            self._placing,
            self._cancelling,
            self._hedging,
            self._balance,
            self._profit,
            self._board,
            self._unknown,
            self._counts,
            (*BREAKERS, *breakers),
        )
        self._feed: Final = Feed(shared, effects, self._quoting, self._hedging, self._board, self._life)
        self._lookups: Final = WagerLookups(shared, effects, self._life, self._feed)
        self._details: Final = MatchingDetails(shared, effects)
        self._failed: Final = FailedRequests(shared)
        self._askers: Final[tuple[Asker, ...]] = (
            self._lookups,
            self._unknown,
            self._life,
            self._board,
            self._details,
            self._balance,
        )
        """The parts that read something, in the order in which they are asked for a request."""
        self._chores: Final[tuple[Chore, ...]] = (
            self._feed,
            shared.timers,
            CancelOneByOne(shared, self._life, self._cancelling),
            self._life,
            EverySecond(self._life, self._profit, self._quoting, self._forgetting, now),
        )
        """The parts that do something themselves, in the order in which it is done."""
        chores: tuple[Part, ...] = self._chores
        askers: tuple[Part, ...] = self._askers
        parts = dict.fromkeys(chores + askers)  # life is both
        del parts[shared.timers]
        self._parts: Final[tuple[Part, ...]] = tuple(parts)
        """All of them but the timers, which are asked at each event: any part may set one."""
        shared.timers.register(
            {
                Due.EVENT: self._quoting.timer,
                Due.LINE: self._line_due,
                Due.HEDGE: self._hedging.pause_over,
                Due.SUSPECT: self._board.judge,
                Due.MISSED: self._board.reread,
                Due.CANCEL: self._cancelling.again,
                **effects.timers(),
            }
        )
        self._quiet_until: Instant = 0
        """No part but the timers has anything due before this; 0: the parts are to be asked."""
        self._remembers = True
        self.asked = 0
        """How often the chores and askers were asked when something is due."""
        shared.guards.hold("starting", ACCOUNT, "start", now)
        if seed.latched is not None:
            shared.guards.hold("latch", ACCOUNT, seed.latched, now)
        for saved in seed.wagers:
            shared.ledger.restore(saved)
            if isinstance(saved.line, LineKey) and saved.side is not None:
                shared.catalogue.remember_id(saved.line_id, saved.line, saved.side)
        for saved in seed.wagers:  # too old for the history's ranges: its result is asked for by id
            if saved.wager_id is not None and saved.matched and saved.sent_at < now - CREATED_RANGE:
                shared.lookups[saved.wager_id] = "older than the history reaches"
        for wager in shared.ledger.unknown():
            self._unknown.note(wager.external_id, now)
        live = {wager.external_id: None for wager in shared.ledger.all_live()}
        self._life.expect(saved for saved in seed.wagers if saved.matched or saved.external_id in live)
        for settled in seed.settlements:
            shared.ledger.restore_settlement(MarketKey(settled.event, settled.market), settled.gross)
        self._effects.take_positions(now)
        self._on: Final[dict[type, Callable[..., None]]] = {
            **self._feed.handlers(),
            **dict.fromkeys(ANSWERS, self._on_answer),
            e.StopRequested: self._on_stop,
            e.KillRequested: self._on_kill,
            e.ResumeRequested: self._on_resume,
            e.LatchWritten: self._on_latch_written,
            e.WallStepped: self._on_wall_stepped,
            e.PriceGiven: self._on_price,
            e.BlockReserved: self._on_block,
        }

    # --- the four calls -------------------------------------------------------------------------------------------

    def handle(self, event: e.Event, now: Instant) -> None:
        """Take one event. Decisions are left to ``next_request``, so that a burst costs one."""
        kind = type(event)
        if kind is not e.BookMessage and kind is not e.Beat:  # they bring nothing nearer
            self._quiet_until = 0
        self._on[kind](event, now)

    def next_request(self, now: Instant) -> Request | None:
        """The most urgent request that is due and allowed at ``now``."""
        if self._is_quiet(now):
            self._feed.taken_or_pulled.pair(now)
            return None
        if now >= self._quiet_until or now >= self._shared.timers.soonest:
            self._quiet_until = 0
            for chore in self._chores:
                chore.do_due(now)
        request = None
        if self._life.step is not Step.ENDED and self._shared.limiter.ready_at(now, True) <= now:
            request = self._most_urgent(now)
        if request is None:
            self._feed.taken_or_pulled.pair(now)  # nothing waits for this
        else:
            self._quiet_until = 0
        return request

    def _most_urgent(self, now: Instant) -> Request | None:
        shared = self._shared
        clearing = self._life.clearing
        request = self._life.urgent(now) if clearing else None
        if request is None:
            if shared.dirty_events:
                self._look(now)
            if self._cancelling.ready and not self._clearing and (self._cancelling.full or not shared.dirty_events):
                request = self._cancelling.next(now)
            if request is None and clearing:
                # The proof of being clear is as urgent, whatever a 429 says; unknown placements are part of it.
                request = self._unknown.next(now) or self._life.next(now)
        if request is not None:
            shared.limiter.take(now, True)
        elif shared.limiter.ready_at(now, False) <= now:
            request = self._other(now)
            if request is None:
                return None
            shared.limiter.take(now, False)
        else:
            return None
        return request

    def deadline(self, now: Instant) -> Instant | None:
        """When to ask again if no event comes first; None once life has ended. Call after ``next_request`` returned
        None."""
        shared = self._shared
        if self._is_quiet(now):
            return min(self._quiet_until, shared.timers.due_at(now))
        if self._life.step is Step.ENDED:
            return None
        times = self._due_times(now)
        if shared.dirty_events or (self._cancelling.ready and not self._clearing):
            at = shared.limiter.ready_at(now, True)
            if at <= now and shared.dirty_events:
                return now
            times.append(at)
        if self._placing.pending or self._hedging.check:
            times.append(shared.limiter.ready_at(now, False))
        later = [at for at in times if at > now]
        if len(later) < len(times):  # something is due and was not sent: the limiter holds it, or it waits for an event
            limited = shared.limiter.ready_at(now, True)
            if limited > now:
                later.append(limited)
        return min(later)

    def _due_times(self, now: Instant) -> list[Instant]:
        """When something of the chores and askers is due: as remembered, or asked of each of them."""
        timers_at = self._shared.timers.due_at(now)
        if now < self._quiet_until:
            return [self._quiet_until, timers_at]
        self.asked += 1
        times = [part.due_at(now) for part in self._parts]
        if self._remembers:
            self._quiet_until = min(times)
        times.append(timers_at)
        return times

    def ask_every_time(self) -> None:
        """Ask every chore and asker at each event from now on: slower, with the same requests. For tests."""
        self._remembers = False
        self._quiet_until = 0

    def orders(self) -> list[Order]:
        """Take what the shell has to do: connect, journal, latch, log, exit."""
        return self._shared.take_orders()

    def status(self, now: Instant, *, events: bool = True) -> Status:
        """The engine's account of itself. Without its events it costs the same however many lines there are."""
        return self._status.status(now, events)

    @property
    def quoted_lines(self) -> int:
        """Lines with at least one wager that could match."""
        return self._status.quoted_lines()

    def look_at_everything(self) -> None:
        """Use nothing that is remembered between two looks from now on: slower, with the same requests. For tests."""
        self._quoting.look_at_everything()

    @property
    def looks(self) -> int:
        """How many lines were looked at so far: each time one is judged by its book, its strategy and its limits."""
        return self._quoting.looks

    @property
    def guards(self) -> dict[str, int]:
        """Over how many scopes each guard holds."""
        return self._shared.guards.names()

    @property
    def differences(self) -> dict[str, int]:
        """Repaired book differences by kind."""
        return self._shared.books.differences

    @property
    def taken_or_pulled(self) -> dict[str, int]:
        """Takers' stakes in cents that left the books: ``taken`` by matches, ``pulled`` by their makers."""
        drops = self._feed.taken_or_pulled
        return {"taken": drops.taken, "pulled": drops.pulled}

    # --- what is due ----------------------------------------------------------------------------------------------

    @property
    def _clearing(self) -> bool:
        """Whether ``cancel_all`` is doing the cancelling."""
        return self._shared.settings.exclusive and self._life.clearing

    def _is_quiet(self, now: Instant) -> bool:
        """Whether nothing can be due: the usual answer to a book of which only the depth changed."""
        shared = self._shared
        return (
            now < self._quiet_until
            and not shared.dirty_events
            and now < shared.timers.soonest
            and not self._cancelling.ready
            and not self._quoting.to_place.lines
            and not self._hedging.check
        )

    def _line_due(self, line: LineKey, now: Instant) -> None:
        """A line's pause may be over, or its book or price may have aged."""
        self._placing.pause_over(line, now)
        self._quoting.line_due(line)
        self._hedging.check = True

    def _look(self, now: Instant) -> None:
        """Look at what changed, a slice at a time: a burst over the whole board keeps nobody waiting who is in a hurry.
        A full batch of cancels leaves before the rest is looked at; nothing is placed before all of it was."""
        dirty = self._shared.dirty_events
        if not dirty:
            return
        quotable = self._life.step is Step.READY
        lines = 0
        for event in list(dirty):
            if lines >= SLICE or (self._cancelling.full and not self._clearing):
                return
            del dirty[event]
            lines += self._quoting.look(event, quotable, now)
            if self._quoting.compared:
                self._cancelling.collect()

    def _other(self, now: Instant) -> Request | None:
        """What is no cancel, in order of urgency."""
        shared = self._shared
        request: Request | None
        if now >= self._quiet_until:
            for asker in self._askers:
                if (request := asker.next(now)) is not None:
                    return request
        if self._life.step is not Step.READY or shared.dirty_events:
            return None
        request = self._hedging.next(now)
        if request is None and not shared.guards.any(ACCOUNT):
            request = self._placing.next(now)
        if request is not None:
            self._life.placed()
            self._effects.placed()
        return request

    def _on_answer(self, answer: e.Answer, now: Instant) -> None:
        """Give an answer to the owner of its request."""
        sent = self._shared.in_flight.pop(answer.request, None)
        if sent is None:
            return
        if isinstance(answer, e.Failed):
            self._failed.note(sent.request, answer, now)
        sent.owner.on_answer(sent.request, sent.sent_at, answer, now)

    # --- the operator ---------------------------------------------------------------------------------------------

    def _on_stop(self, order: e.StopRequested, now: Instant) -> None:
        self._life.stop(order.hurry, now)

    def _on_kill(self, order: e.KillRequested, now: Instant) -> None:
        shared = self._shared
        first = (
            shared.guards.reason("latch", ACCOUNT) or order.reason
        )  # a second kill does not change what the first was for
        shared.hold("latch", ACCOUNT, first, now)
        self._life.kill(now)
        shared.order(WriteLatch(first, now))
        shared.alert(Severity.ERROR, "latch.set", reason=order.reason)

    def _on_resume(self, order: e.ResumeRequested, now: Instant) -> None:
        shared = self._shared
        if not shared.guards.holds("latch", ACCOUNT):
            return
        if self._life.step in (Step.CANCEL, Step.PROVE):
            shared.alert(Severity.ERROR, "latch.resume_refused", reason="the account is not proved clear yet")
            return
        shared.hold("latch", ACCOUNT, None, now)
        shared.order(ReleaseLatch())
        shared.alert(Severity.WARNING, "latch.released")

    def _on_latch_written(self, event: e.LatchWritten, now: Instant) -> None:
        if event.error is not None:
            self._shared.alert(Severity.ERROR, "latch.not_written", error=event.error)
        elif event.reason is not None and self._shared.guards.holds("latch", ACCOUNT):
            self._shared.hold("latch", ACCOUNT, event.reason, now)

    def _on_wall_stepped(self, event: e.WallStepped, now: Instant) -> None:
        shared = self._shared
        shared.clock.stepped(event.offset)
        shared.alert(Severity.WARNING, "clock.stepped", offset_s=in_seconds(event.offset))
        for event_id in shared.catalogue.markets:
            self._quoting.forget(event_id)

    def _on_price(self, event: e.PriceGiven, now: Instant) -> None:
        if not 0.0 < event.probability < 1.0:
            self._shared.alert(Severity.ERROR, "price.impossible", line_id=event.line_id)
            return
        place = self._shared.catalogue.resolve(event.line_id)
        if place is None and self._shared.catalogue.line_of(event.line_id) is not None:
            self._shared.alert(Severity.WARNING, "price.not_two_outcomes", line_id=event.line_id)
            return
        if place is None:
            self._shared.alert(
                Severity.WARNING, "price.unknown_line", line_id=event.line_id
            )  # used once the board shows it
            self._given.take_early(event.line_id, event.probability, event.given_at)
            return
        line, side = place
        if event.given_at + self._shared.settings.price_age <= now:
            age = round(in_seconds(now - event.given_at), 1)
            self._shared.alert(Severity.WARNING, "price.too_old", line_id=event.line_id, line=shown(line), age_s=age)
        self._quoting.price_given(line, side, event.probability, event.given_at, now)

    def _on_block(self, event: e.BlockReserved, now: Instant) -> None:
        self._placing.reserved(event.end)
