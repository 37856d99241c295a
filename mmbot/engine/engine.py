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
from mmbot.domain.instant import SECOND, Instant, in_seconds
from mmbot.engine import events as e
from mmbot.engine.account.balance import Balance
from mmbot.engine.account.profit import Profit
from mmbot.engine.effects import Effects
from mmbot.engine.failed_requests import FailedRequests
from mmbot.engine.feed import Feed
from mmbot.engine.fill_status import StatusWriter
from mmbot.engine.followers.breakers import BREAKERS, Breaker
from mmbot.engine.followers.match_counts import MatchCounts
from mmbot.engine.life.events_over import Forgetting
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.quoting.given_prices import GivenPrices
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.reading.history import CREATED_RANGE
from mmbot.engine.reading.lookups import MatchingDetails, WagerLookups
from mmbot.engine.reading.unknown_placements import UnknownPlacements
from mmbot.engine.requests import (
    Level,
    Order,
    ReleaseLatch,
    Request,
    Seed,
    WriteLatch,
)
from mmbot.engine.risk.guards import ACCOUNT, shown
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.hedging import Hedging
from mmbot.engine.sending.placing import Placing
from mmbot.engine.state.shared import Shared
from mmbot.engine.status import Status, Step
from mmbot.engine.timing.timers import NEVER, Due
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
        self._profit_at: Instant = now
        self._rests_until: Instant = 0
        """Life, board, reads, profit and the feed's silence have nothing to do before; 0: they are to be asked."""
        shared.guards.hold("starting", ACCOUNT, "start", now)
        if seed.latched is not None:
            shared.guards.hold("latch", ACCOUNT, seed.latched, now)
        for saved in seed.wagers:
            shared.ledger.restore(saved)
            if isinstance(saved.line, LineKey) and saved.side is not None:
                shared.catalogue.learn(saved.line_id, saved.line, saved.side)
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
            self._rests_until = 0
        self._on[kind](event, now)

    def next_request(self, now: Instant) -> Request | None:
        """The most urgent request that is due and allowed at ``now``."""
        if self._rests(now):
            self._feed.taken_or_pulled.pair(now)
            return None
        self._tick(now)
        request = None
        if self._life.step is not Step.ENDED and self._shared.limiter.ready_at(now, True) <= now:
            request = self._most_urgent(now)
        if request is None:
            self._feed.taken_or_pulled.pair(now)  # nothing waits for this
        else:
            self._rests_until = 0
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
        """When to ask again if no event comes first. Call after ``next_request`` returned None."""
        shared = self._shared
        if self._rests(now):
            soonest = shared.timers.next()
            return soonest if soonest < self._rests_until else self._rests_until
        if self._life.step is Step.ENDED:
            return None
        times: list[Instant | None] = [shared.timers.next(), self._rests_until]
        if self._rests_until <= now:
            times = [
                self._profit_at,
                self._life.wake_at(now),
                self._unknown.wake_at(now),
                self._lookups.wake_at(),
                self._details.wake_at(),
                self._balance.wake_at(),
            ]
            if shared.coverage.up:
                times.append(shared.coverage.silent_at)
                times.append(self._board.wake_at(now))
            self._rests_until = min(at for at in times if at is not None)
            times.append(shared.timers.next())
        if self._cancelling.ready and not self._clearing:
            times.append(shared.limiter.ready_at(now, True))
        if shared.dirty_events:
            looks_at = shared.limiter.ready_at(now, True)
            if looks_at <= now:
                return now
            times.append(looks_at)
        if self._placing.pending or self._hedging.check:
            times.append(shared.limiter.ready_at(now, False))
        soonest = NEVER
        due = False
        for at in times:
            if at is not None and at < soonest:
                if at > now:
                    soonest = at
                else:
                    due = True
        if due:  # and yet nothing could be sent: the limiter holds it, or it waits for an event
            limited = shared.limiter.ready_at(now, True)
            if now < limited < soonest:
                return limited
            return soonest if soonest < NEVER else now + SECOND
        return soonest

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

    def _rests(self, now: Instant) -> bool:
        """Whether nothing can be due: the usual answer to a book of which only the depth changed."""
        shared = self._shared
        return (
            now < self._rests_until
            and not shared.dirty_events
            and now < shared.timers.soonest
            and not self._cancelling.ready
            and not self._quoting.to_place.lines
            and not self._hedging.check
        )

    def _tick(self, now: Instant) -> None:
        shared = self._shared
        if shared.coverage.up and now >= shared.coverage.silent_at:
            self._feed.lose("no health_check", now)
        if shared.timers.soonest <= now:
            self._rests_until = 0
            for due, key in shared.timers.pop(now):
                self._timer(due, key, now)
        if self._life.step is Step.CANCEL and not shared.settings.exclusive:
            for wager in shared.ledger.all_live():  # no cancel_all here; a line may be off the board or not read yet
                if not wager.foreign:
                    self._cancelling.want(wager)
        if now >= self._life.idle_until:
            before = self._life.step
            self._life.advance(now)
            if self._life.step is not before:
                self._rests_until = 0
                if self._life.step is Step.READY:  # a loss of earlier today counts from the first quote
                    self._profit_at = now
        if now >= self._profit_at:
            ready = self._life.step is Step.READY
            self._profit_at = now + SECOND
            self._profit.look(now, ready)
            self._quoting.look_at_cut()
            if ready:
                self._forgetting.look(now)

    def _timer(self, due: Due, key: LineKey | int | str, now: Instant) -> None:
        if isinstance(key, LineKey):
            if due is Due.HEDGE:
                self._hedging.pause_over(key, now)
            elif due is Due.SUSPECT:
                self._board.judge(key, now)
                self._quoting.book_changed(key)
            elif due is Due.MISSED:
                self._board.reread(key, now)
            else:
                self._placing.pause_over(key, now)
                self._quoting.line_due(key)
                self._hedging.check = True
        elif isinstance(key, int):
            if due is Due.MISSED:
                self._board.reread(key, now)
            else:
                self._quoting.timer(key, now)
        elif due is Due.CANCEL:
            self._cancelling.again(key, now)
        else:
            self._effects.timer(due, key, now)

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
        if now >= self._rests_until:
            request = self._lookups.next(now) or self._unknown.next(now) or self._life.next(now)
            if request is not None:
                return request
            if shared.coverage.up and (request := self._board.next(now)) is not None:
                return request
            request = self._details.next(now) or self._balance.next(now)
            if request is not None:
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
        shared.alert(Level.ERROR, "latch.set", reason=order.reason)

    def _on_resume(self, order: e.ResumeRequested, now: Instant) -> None:
        shared = self._shared
        if not shared.guards.holds("latch", ACCOUNT):
            return
        if self._life.step in (Step.CANCEL, Step.PROVE):
            shared.alert(Level.ERROR, "latch.resume_refused", reason="the account is not proved clear yet")
            return
        shared.hold("latch", ACCOUNT, None, now)
        shared.order(ReleaseLatch())
        shared.alert(Level.WARNING, "latch.released")

    def _on_latch_written(self, event: e.LatchWritten, now: Instant) -> None:
        if event.error is not None:
            self._shared.alert(Level.ERROR, "latch.not_written", error=event.error)
        elif event.reason is not None and self._shared.guards.holds("latch", ACCOUNT):
            self._shared.hold("latch", ACCOUNT, event.reason, now)

    def _on_wall_stepped(self, event: e.WallStepped, now: Instant) -> None:
        shared = self._shared
        shared.clock.stepped(event.offset)
        shared.alert(Level.WARNING, "clock.stepped", offset_s=in_seconds(event.offset))
        for event_id in shared.catalogue.markets:
            self._quoting.forget(event_id)

    def _on_price(self, event: e.PriceGiven, now: Instant) -> None:
        if not 0.0 < event.probability < 1.0:
            self._shared.alert(Level.ERROR, "price.impossible", line_id=event.line_id)
            return
        place = self._shared.catalogue.resolve(event.line_id)
        if place is None and self._shared.catalogue.line_of(event.line_id) is not None:
            self._shared.alert(Level.WARNING, "price.not_two_outcomes", line_id=event.line_id)
            return
        if place is None:
            self._shared.alert(
                Level.WARNING, "price.unknown_line", line_id=event.line_id
            )  # used once the board shows it
            self._given.take_early(event.line_id, event.probability, event.given_at)
            return
        line, side = place
        if event.given_at + self._shared.settings.price_age <= now:
            age = round(in_seconds(now - event.given_at), 1)
            self._shared.alert(Level.WARNING, "price.too_old", line_id=event.line_id, line=shown(line), age_s=age)
        self._quoting.price_given(line, side, event.probability, event.given_at, now)

    def _on_block(self, event: e.BlockReserved, now: Instant) -> None:
        self._placing.reserved(event.end)
