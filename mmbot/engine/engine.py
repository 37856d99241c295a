"""The engine: one event in, the most urgent request out. Plain synchronous code; time is given to it.

    handle(event, now)         takes one event
    next_request(now)          the most urgent request that is due and allowed now, or None
    deadline(now)              when it next wants to be asked without an event
    orders()                   what the shell has to do beside requests
    status(now)                its account of itself

Risk and latch are judged inside ``next_request``; nothing that was once allowed ages in a queue outside.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from mmbot.config import Config
from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.instant import MINUTE, SECOND, Instant, in_seconds
from mmbot.domain.lifecycle import State
from mmbot.domain.odds import negate
from mmbot.domain.wager import WagerReport
from mmbot.engine import events as e
from mmbot.engine.cancelling import Cancelling
from mmbot.engine.catalogue import TRADEABLE
from mmbot.engine.desk import Desk
from mmbot.engine.exposure import Scope
from mmbot.engine.flow import PAIRING, Flow
from mmbot.engine.guards import ACCOUNT
from mmbot.engine.hedging import Hedging
from mmbot.engine.lifecycle import Lifecycle, Step, is_resting
from mmbot.engine.placing import Funds, Placing
from mmbot.engine.profit import Profit
from mmbot.engine.quoting import Quoting
from mmbot.engine.reads import Reads
from mmbot.engine.report import Report
from mmbot.engine.requests import (
    CancelAll,
    CancelEvent,
    CancelMany,
    ClearLatch,
    Level,
    Order,
    PlaceMany,
    ReadBalance,
    ReadHistory,
    ReadMatches,
    ReadWager,
    Request,
    SaveSettlement,
    Seed,
    WriteLatch,
)
from mmbot.engine.status import Status
from mmbot.engine.timers import Due
from mmbot.engine.undecided import Undecided
from mmbot.engine.wagers import Change, Changes, Kind, Wager
from mmbot.strategy.interface import Strategy

BALANCE: Final = 30 * SECOND
"""The balance is read this often."""

RECONNECT: Final = 5 * MINUTE
"""A lost message leads to a reconnect this often at most."""

DETAILS: Final = 100
"""Wagers in one read of matches (PROTOCOL 4.1)."""


class Engine:
    """The deterministic core. Not safe for threads; one writer."""

    def __init__(self, config: Config, seed: Seed, strategies: Sequence[Strategy], now: Instant) -> None:
        self._desk: Final = Desk(config, seed, strategies)
        desk = self._desk
        self._cancelling: Final = Cancelling(desk)
        self._profit: Final = Profit(desk, seed.day)
        self._quoting: Final = Quoting(desk, self._cancelling, self._profit)
        self._funds: Final = Funds(desk)
        self._placing: Final = Placing(desk, self._quoting, self._funds)
        self._hedging: Final = Hedging(desk, self._quoting, self._placing)
        self._reads: Final = Reads(desk)
        self._flow: Final = Flow()
        self._undecided: Final = Undecided(desk)
        self._life: Final = Lifecycle(desk, self._reads, seed.since, now)
        self._report: Final = Report(
            desk, self._life, self._quoting, self._profit, self._funds, self._placing, self._cancelling, self._hedging
        )
        self._connection = 0
        self._beat_at: Instant = 0
        self._balance_at: Instant = now
        self._profit_at: Instant = now
        self._balance_asked = False
        self._details_at: Instant = now
        self._lookup_at: Instant = now
        self._reconnected_at: Instant | None = None
        self._matched_at: deque[Instant] = deque()
        self._prints: dict[str, Instant] = {}
        self._asked_at: dict[str, Instant] = {}
        self._thresholds: dict[Scope, str] = {}
        desk.guards.hold("starting", ACCOUNT, "start", now)
        if seed.latched is not None:
            desk.guards.hold("latch", ACCOUNT, seed.latched, now)
        for saved in seed.wagers:
            desk.ledger.restore(saved)
            desk.catalogue.learn(saved.line_id, saved.line, saved.side)
        for wager in desk.ledger.unknown():
            self._undecided.note(wager.external_id, now)
        for settled in seed.settlements:
            desk.ledger.restore_settlement(MarketKey(settled.event, settled.market), settled.gross)
        self._take_touched(now)
        self._on: Final[dict[type, Callable[..., None]]] = {
            e.BookMessage: self._on_book,
            e.PrintMessage: self._on_print,
            e.WagerMessage: self._on_wager,
            e.Beat: self._on_beat,
            e.FeedUp: self._on_feed_up,
            e.FeedLost: self._on_feed_lost,
            e.FeedRefused: self._on_feed_refused,
            e.TournamentMessage: self._on_tournament,
            e.EventMessage: self._on_event,
            e.MarketMessage: self._on_market,
            e.LineMessage: self._on_line,
            e.Placed: self._on_placed,
            e.Cancelled: self._on_cancelled,
            e.CancelledAll: self._on_cancelled_all,
            e.WagerRead: self._on_wager_read,
            e.HistoryRead: self._on_history,
            e.MatchesRead: self._on_matches,
            e.BalanceRead: self._on_balance,
            e.LadderRead: self._on_ladder,
            e.TournamentsRead: self._on_tournaments,
            e.EventsRead: self._on_events,
            e.MarketsRead: self._on_markets,
            e.Failed: self._on_failed,
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
        self._on[type(event)](event, now)

    def next_request(self, now: Instant) -> Request | None:
        """The most urgent request that is due and allowed at ``now``."""
        desk = self._desk
        self._tick(now)
        if self._life.step is Step.ENDED or desk.limiter.ready_at(now, True) > now:
            return None
        request = self._life.urgent(now)
        if request is None:
            self._look(now)
            if self._cancelling.pending and not self._flattening:
                request = self._cancelling.next(now)
        if request is not None:
            desk.limiter.take(now, True)
        elif desk.limiter.ready_at(now, False) <= now:
            request = self._other(now)
            if request is None:
                return None
            desk.limiter.take(now, False)
        else:
            return None
        desk.inflight[request.id] = (request, now)
        desk.sent_requests += 1
        return request

    def deadline(self, now: Instant) -> Instant | None:
        """When to ask again if no event comes first. Call after ``next_request`` returned None."""
        desk = self._desk
        if self._life.step is Step.ENDED:
            return None
        times = [
            desk.timers.next(),
            self._life.wake_at(now),
            self._undecided.wake_at(now),
            self._profit_at,
            None if self._balance_asked else self._balance_at,
        ]
        if desk.feed_up:
            times += [self._beat_at + desk.settings.feed_silence, self._reads.wake_at(now)]
        if self._cancelling.pending and not self._flattening:
            times.append(desk.limiter.ready_at(now, True))
        if desk.lookups:
            times.append(self._lookup_at)
        if desk.details:
            times.append(self._details_at)
        if self._placing.pending or desk.lookups or self._hedging.check or desk.dirty_events:
            times.append(desk.limiter.ready_at(now, False))
        later = [at for at in times if at is not None]
        soonest = min(later, default=None)
        limited = desk.limiter.ready_at(now, True)
        if soonest is None:
            return None
        if soonest <= now:  # due, and yet nothing could be sent: the limiter holds it, or it waits for an event
            beyond = [at for at in later if at > now]
            if limited > now:
                beyond.append(limited)
            soonest = min(beyond, default=now + SECOND)
        return soonest

    def orders(self) -> list[Order]:
        """Take what the shell has to do: connect, journal, latch, log, exit."""
        return self._desk.take_orders()

    def status(self, now: Instant) -> Status:
        """The engine's account of itself."""
        return self._report.status(now)

    @property
    def guards(self) -> dict[str, int]:
        """Over how many scopes each guard holds."""
        return self._desk.guards.names()

    @property
    def differences(self) -> dict[str, int]:
        """Repaired book differences by kind."""
        return self._desk.books.differences

    @property
    def flow(self) -> dict[str, int]:
        """Takers' stakes in cents that left the books: ``taken`` by matches, ``pulled`` by their makers."""
        return {"taken": self._flow.taken, "pulled": self._flow.pulled}

    # --- what is due ----------------------------------------------------------------------------------------------

    @property
    def _flattening(self) -> bool:
        """Whether ``cancel_all`` is doing the cancelling."""
        return self._desk.settings.exclusive and self._life.step in (Step.CANCEL, Step.PROVE)

    def _tick(self, now: Instant) -> None:
        desk = self._desk
        if desk.feed_up and now >= self._beat_at + desk.settings.feed_silence:
            self._lose_feed("no health_check", now)
        for due, key in desk.timers.pop(now):
            self._timer(due, key, now)
        self._life.advance(now)
        if now >= self._profit_at:
            self._profit_at = now + SECOND
            self._profit.look(now, self._life.step is Step.READY)

    def _timer(self, due: Due, key: LineKey | int | str, now: Instant) -> None:
        desk = self._desk
        if isinstance(key, LineKey):
            if due is Due.SUSPECT:
                self._reads.judge(key, now)
            elif due is Due.DROPS:
                again = self._flow.pair(key, now)
                if again is not None:
                    desk.timers.set(Due.DROPS, key, again)
            else:
                self._placing.pause_over(key, now)
                self._quoting.own_changed(key)
                self._hedging.check = True
        elif isinstance(key, int):
            self._quoting.timer(key, now)
        elif due is Due.CANCEL:
            self._cancelling.again(key, now)
        elif due is Due.ACTIVATION:
            self._check_activation(key, now)
        elif due is Due.PRINT:
            wager = desk.ledger.get(key)
            if self._prints.pop(key, None) is not None and wager is not None and wager.wager_id is not None:
                desk.lookups[wager.wager_id] = "a print at our price"
        elif due is Due.MATCHES:
            self._judge_matches(now)

    def _look(self, now: Instant) -> None:
        dirty = self._desk.dirty_events
        if not dirty:
            return
        quotable = self._life.step is Step.READY
        self._desk.dirty_events = {}
        for event in dirty:
            self._quoting.look(event, quotable, now)

    def _other(self, now: Instant) -> Request | None:
        """What is no cancel, in order of urgency."""
        desk = self._desk
        if desk.lookups and now >= self._lookup_at:
            for wager_id in desk.lookups:
                if wager_id not in self._asked_at:
                    self._asked_at[wager_id] = now
                    return ReadWager(desk.request_id(), wager_id)
        request: Request | None = self._undecided.next(now) or self._life.next(now)
        if request is not None:
            return request
        if desk.feed_up and (request := self._reads.next(now)) is not None:
            return request
        if desk.details and now >= self._details_at:
            self._details_at = now + SECOND
            wagers = tuple(list(desk.details)[:DETAILS])
            for wager_id in wagers:
                del desk.details[wager_id]
            return ReadMatches(desk.request_id(), wagers)
        if not self._balance_asked and now >= self._balance_at:
            self._balance_asked = True
            return ReadBalance(desk.request_id())
        if self._life.step is not Step.READY:
            return None
        request = self._hedging.next(now)
        if request is None and not desk.guards.any(ACCOUNT):
            request = self._placing.next(now)
        if request is not None:
            self._life.placed()
            self._take_touched(now)
        return request

    # --- the ledger -----------------------------------------------------------------------------------------------

    def _apply(self, changes: Changes, now: Instant) -> None:
        """Take over what a call to the ledger changed."""
        desk = self._desk
        for change in changes:
            wager = change.wager
            match change.kind:
                case Kind.MATCHED:
                    self._matched(change, now)
                case Kind.OPENED:
                    self._cancelling.opened(wager.external_id)
                    desk.books.enter(wager.line, wager.external_id, wager.sequence)
                    desk.alert(Level.INFO, "wager.opened", external_id=wager.external_id, odds=wager.odds)
                case Kind.ENDED:
                    if wager.opened_at is not None:
                        desk.books.haunt(wager.line, wager.side, wager.odds, change.stake, wager.sequence)
                    desk.books.leave(wager.line, wager.external_id)
                    self._ended(wager, now)
                case Kind.SETTLED:
                    settlement = desk.ledger.settlement(market_of(wager.line))
                    desk.order(
                        SaveSettlement(
                            wager.line.event, wager.line.market, settlement.gross, settlement.commission, now
                        )
                    )
                case Kind.DETAIL_WANTED:
                    if wager.wager_id is not None:
                        desk.details[wager.wager_id] = None
                case Kind.FOREIGN:
                    desk.alert(Level.WARNING, "wager.foreign", external_id=wager.external_id, stake=wager.stake)
                case Kind.REVIVED:
                    desk.alert(Level.WARNING, "wager.revived", external_id=wager.external_id)
                    self._cancelling.want(wager)
                case Kind.REPRICED | Kind.TAKEN_BACK:
                    desk.alert(Level.INFO, f"wager.{change.kind.value}", external_id=wager.external_id, win=change.win)
            if not wager.foreign:
                desk.order(desk.ledger.saved(wager))
        if changes:
            self._placing.freed()
        self._take_touched(now)

    def _take_touched(self, now: Instant) -> None:
        desk = self._desk
        touched = desk.ledger.drain_touched()
        if not touched:
            return
        for line in touched:
            position = desk.ledger.positions[line]
            desk.exposure.update(line, position)
            self._watch_thresholds(line, now)
            self._profit.mark(line, position)
            self._quoting.own_changed(line)
        self._placing.freed()
        self._hedging.look_again()

    def _watch_thresholds(self, line: LineKey, now: Instant) -> None:
        """Tell when a scope passes soft or hedge, either way; every line in it is looked at again."""
        desk = self._desk
        for scope in desk.exposure.scopes(line):
            matched = desk.exposure.matched(scope)
            soft, hedge, _ = desk.exposure.thresholds(scope)
            name = "hedge" if matched >= hedge else "soft" if matched >= soft else None
            if name == self._thresholds.get(scope):
                continue
            desk.alert(
                Level.INFO, "risk.threshold", scope=scope.kind, id=str(scope.id), threshold=name, matched=matched
            )
            if name is None:
                del self._thresholds[scope]
            else:
                self._thresholds[scope] = name
            if scope.kind in ("account", "tournament"):
                desk.touch_scope(ACCOUNT)
            self._hedging.check = True

    def _matched(self, change: Change, now: Instant) -> None:
        desk = self._desk
        wager = change.wager
        self._prints.pop(wager.external_id, None)
        if desk.config.exchange.funds == "at_match":
            self._funds.spent(change.stake, now)
        desk.books.haunt(wager.line, wager.side, wager.odds, change.stake, wager.sequence)
        self._report.matched(change, now)
        self._matched_at.append(now)
        desk.timers.set(Due.MATCHES, "matches", now + MINUTE)
        self._judge_matches(now)
        desk.alert(
            Level.INFO,
            "wager.matched",
            external_id=wager.external_id,
            odds=wager.odds,
            stake=change.stake,
            hedge=wager.hedge,
        )

    def _judge_matches(self, now: Instant) -> None:
        desk = self._desk
        recent = self._matched_at
        while recent and recent[0] + MINUTE <= now:
            recent.popleft()
        if recent:
            desk.timers.set(Due.MATCHES, "matches", recent[0] + MINUTE)
        many = len(recent) > desk.settings.matches_a_minute
        held = desk.guards.holds("matches_a_minute", ACCOUNT)
        if many and not held:
            desk.hold("matches_a_minute", ACCOUNT, f"{len(recent)} matches in a minute", now)
        elif held and not recent:
            desk.hold("matches_a_minute", ACCOUNT, None, now)

    def _ended(self, wager: Wager, now: Instant) -> None:
        desk = self._desk
        self._prints.pop(wager.external_id, None)
        self._cancelling.keep(wager.external_id)
        if wager.hedge:
            self._hedging.ended(wager)
        if wager.state is State.WIPED and not wager.foreign:
            event = wager.line.event
            if desk.hold("wiped", event, "the exchange wiped a wager", now):
                self._reads.events(desk.catalogue.tournament_of(event))

    def _report_wager(self, report: WagerReport, asked_at: Instant | None, now: Instant) -> None:
        """Take a report: of a private message, or of a read that was asked for at ``asked_at``."""
        desk = self._desk
        changes = desk.ledger.report(report, asked_at is None, now, desk.catalogue.resolve, asked_at)
        self._cancelling.identified(report.external_id, now)
        self._apply(changes, now)

    def _check_activation(self, external_id: str, now: Instant) -> None:
        """An accepted wager had no private message for too long."""
        desk = self._desk
        wager = desk.ledger.get(external_id)
        if wager is None or wager.state is not State.INACTIVE or wager.wager_id is None:
            return
        desk.lookups[wager.wager_id] = "not activated"
        desk.timers.set(Due.ACTIVATION, external_id, now + desk.settings.activation)

    # --- the feed -------------------------------------------------------------------------------------------------

    def _on_book(self, message: e.BookMessage, now: Instant) -> None:
        desk = self._desk
        desk.heard_at = now
        line = LineKey(message.event, message.market, message.number)
        quoted = line in self._quoting.slots
        if quoted and desk.ledger.has_live(line):
            awaited = [wager for wager in desk.ledger.live(line) if wager.opened_at is None and not wager.foreign]
            if awaited:
                desk.books.expect(line, awaited, message.book, message.sequence)
        known = desk.books.get(line)
        before = known.book if known is not None and known.known else None
        state = desk.books.on_message(line, message.book, message.sequence, message.connection, now)
        if state is None or not quoted:
            return
        if before is not None and self._flow.shift(line, before, message.book, now):
            desk.timers.set(Due.DROPS, line, now + PAIRING)
        self._quoting.book_changed(line)
        if line in desk.hedging:
            self._hedging.check = True

    def _on_print(self, message: e.PrintMessage, now: Instant) -> None:
        desk = self._desk
        desk.heard_at = now
        place = desk.catalogue.resolve(message.line_id)
        if place is None:
            return
        line, side = place
        if line in self._quoting.slots:
            self._flow.printed(line, side, message.matched_odds, message.stake, now)
        for wager in desk.ledger.live(line):
            same = wager.side == side and wager.odds == message.odds
            mirrored = wager.side != side and wager.odds == negate(message.odds)
            if (same or mirrored) and wager.external_id not in self._prints and not wager.foreign:
                self._prints[wager.external_id] = now
                desk.timers.set(Due.PRINT, wager.external_id, now + desk.settings.print_match)

    def _on_wager(self, message: e.WagerMessage, now: Instant) -> None:
        self._desk.heard_at = now
        self._report_wager(message.report, None, now)

    def _on_beat(self, message: e.Beat, now: Instant) -> None:
        if message.connection == self._connection:
            self._beat_at = now
            self._desk.heard_at = now

    def _on_feed_up(self, message: e.FeedUp, now: Instant) -> None:
        desk = self._desk
        self._connection = desk.books.connection = message.connection
        desk.feed_up = True
        self._beat_at = now
        desk.heard_at = now
        desk.alert(Level.INFO, "feed.up", connection=message.connection)
        self._life.feed_is_up(now)

    def _on_feed_lost(self, message: e.FeedLost, now: Instant) -> None:
        if self._desk.feed_up and message.connection == self._connection:
            self._lose_feed(message.reason, now)

    def _on_feed_refused(self, message: e.FeedRefused, now: Instant) -> None:
        desk = self._desk
        desk.hold("feed_refused", ACCOUNT, message.reason, now)
        desk.alert(Level.ERROR, "feed.refused", reason=message.reason)
        if desk.feed_up:
            self._lose_feed(message.reason, now)

    def _lose_feed(self, reason: str, now: Instant) -> None:
        desk = self._desk
        desk.alert(Level.WARNING, "feed.lost", reason=reason, silent_s=round(in_seconds(now - desk.heard_at), 3))
        desk.feed_up = False
        self._hedging.check = True
        desk.hold("feed", ACCOUNT, reason, now)
        self._life.feed_lost(now)

    def _on_tournament(self, message: e.TournamentMessage, now: Instant) -> None:
        self._desk.heard_at = now
        if self._desk.catalogue.on_tournament(message):
            self._reads.events(message.tournament_id)

    def _on_event(self, message: e.EventMessage, now: Instant) -> None:
        desk = self._desk
        desk.heard_at = now
        if not desk.catalogue.on_event(message):
            return
        self._quoting.forget(message.event_id)
        event = desk.catalogue.events[message.event_id]
        if event.status in TRADEABLE and message.op is not e.Op.DELETE:
            self._reads.markets(message.event_id)

    def _on_market(self, message: e.MarketMessage, now: Instant) -> None:
        self._desk.heard_at = now
        if self._desk.catalogue.on_market(message):
            self._quoting.forget(message.event)
            self._reads.markets(message.event)

    def _on_line(self, message: e.LineMessage, now: Instant) -> None:
        self._desk.heard_at = now
        if self._desk.catalogue.on_line(message):
            self._quoting.forget(message.event)
            self._reads.markets(message.event)

    # --- answers --------------------------------------------------------------------------------------------------

    def _sent(self, answer: e.Answer) -> tuple[Request, Instant] | None:
        return self._desk.inflight.pop(answer.request, None)

    def _on_placed(self, answer: e.Placed, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or not isinstance(sent[0], PlaceMany):
            return
        self._apply(self._placing.on_placed(sent[0], answer, now), now)
        for report in answer.accepted:
            self._cancelling.identified(report.external_id, now)
        self._after_placement(sent[0], now)

    def _after_placement(self, request: PlaceMany, now: Instant) -> None:
        ledger = self._desk.ledger
        for item in request.items:
            wager = ledger.get(item.external_id)
            if wager is None:
                continue
            self._desk.order(ledger.saved(wager))
            if wager.state is State.UNKNOWN:
                self._undecided.note(item.external_id, now)
            elif wager.hedge and not wager.remaining:
                self._hedging.ended(wager)
        self._take_touched(now)

    def _on_cancelled(self, answer: e.Cancelled, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or not isinstance(sent[0], CancelMany):
            return
        self._apply(self._cancelling.on_many(sent[0], answer, now), now)

    def _on_cancelled_all(self, answer: e.CancelledAll, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or self._life.on_cancelled(answer, now):
            return
        if isinstance(sent[0], CancelEvent):
            self._cancelling.on_event(sent[0], answer, now)

    def _on_wager_read(self, answer: e.WagerRead, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or not isinstance(sent[0], ReadWager):
            return
        desk = self._desk
        wager_id = sent[0].wager_id
        self._asked_at.pop(wager_id, None)
        why = desk.lookups.pop(wager_id, "")
        if answer.report is None:
            desk.alert(Level.ERROR, "wager.not_found", wager_id=wager_id, why=why)
            return
        wager = desk.ledger.by_id(wager_id)
        silent = wager is not None and wager.state is State.INACTIVE
        self._report_wager(answer.report, sent[1], now)
        if silent and wager is not None and wager.state is not State.INACTIVE and why == "not activated":
            self._reconnect("an activation was not told", now)

    def _reconnect(self, reason: str, now: Instant) -> None:
        """A message was lost: a new connection, once in a while at most."""
        last = self._reconnected_at
        if self._desk.feed_up and (last is None or now - last >= RECONNECT):
            self._reconnected_at = now
            self._lose_feed(reason, now)

    def _on_history(self, answer: e.HistoryRead, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or not isinstance(sent[0], ReadHistory):
            return
        for report in answer.wagers:
            self._report_wager(report, sent[1], now)
        resting = tuple(
            report
            for report in answer.wagers
            if is_resting(report) and (self._desk.settings.exclusive or self._is_ours(report))
        )
        absent = self._undecided.on_history(answer, now)
        if absent is not None:
            self._apply(absent, now)
        else:
            self._life.on_history(answer, resting, now)
        self._take_touched(now)

    def _is_ours(self, report: WagerReport) -> bool:
        wager = self._desk.ledger.get(report.external_id)
        return wager is not None and not wager.foreign

    def _on_matches(self, answer: e.MatchesRead, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or not isinstance(sent[0], ReadMatches):
            return
        for wager_id in sent[0].wager_ids:
            matches = [match for match in answer.matches if match.wager_id == wager_id]
            if matches:
                self._apply(self._desk.ledger.detail(wager_id, matches), now)

    def _on_balance(self, answer: e.BalanceRead, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None:
            return
        self._balance_asked = False
        self._balance_at = now + BALANCE
        self._funds.on_balance(answer, sent[1], now)
        self._placing.freed()

    def _on_ladder(self, answer: e.LadderRead, now: Instant) -> None:
        self._reads.on_ladder(answer, now)
        self._sent(answer)

    def _on_tournaments(self, answer: e.TournamentsRead, now: Instant) -> None:
        self._reads.on_tournaments(answer)
        self._sent(answer)

    def _on_events(self, answer: e.EventsRead, now: Instant) -> None:
        for event in self._reads.on_events(answer, now):
            self._quoting.forget(event)
        self._sent(answer)

    def _on_markets(self, answer: e.MarketsRead, now: Instant) -> None:
        for event in self._reads.on_markets(answer, now):
            self._quoting.forget(event)
        self._sent(answer)

    def _on_failed(self, answer: e.Failed, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None:
            return
        desk = self._desk
        request = sent[0]
        level = Level.ERROR if answer.failure is e.Failure.BUG else Level.WARNING
        desk.alert(
            level,
            "request.failed",
            request=type(request).__name__,
            failure=answer.failure.value,
            code=answer.code,
            message=answer.message,
        )
        if answer.code == "rate_limit_reached":
            desk.limiter.pause(answer.retry_at or now + SECOND)
        if isinstance(request, PlaceMany):
            self._apply(self._placing.on_failed(request, answer, now), now)
            self._after_placement(request, now)
        elif isinstance(request, CancelMany | CancelEvent):
            self._apply(self._cancelling.on_failed(request, answer, now), now)
        elif isinstance(request, CancelAll | ReadHistory):
            if not self._life.on_failed(answer, now):
                self._undecided.on_failed(answer, now)
        elif isinstance(request, ReadWager):
            self._asked_at.pop(request.wager_id, None)
            self._lookup_at = max(now + SECOND, answer.retry_at or 0)
        elif isinstance(request, ReadBalance):
            self._balance_asked = False
            self._balance_at = now + 5 * SECOND
        elif isinstance(request, ReadMatches):
            for wager_id in request.wager_ids:
                desk.details[wager_id] = None
        else:
            self._reads.failed(answer, now)

    # --- the operator ---------------------------------------------------------------------------------------------

    def _on_stop(self, order: e.StopRequested, now: Instant) -> None:
        self._life.stop(order.hurry, now)

    def _on_kill(self, order: e.KillRequested, now: Instant) -> None:
        desk = self._desk
        desk.hold("latch", ACCOUNT, order.reason, now)
        self._life.kill(now)
        desk.order(WriteLatch(order.reason, now))
        desk.alert(Level.ERROR, "latch.set", reason=order.reason)

    def _on_resume(self, order: e.ResumeRequested, now: Instant) -> None:
        desk = self._desk
        if not desk.guards.holds("latch", ACCOUNT):
            return
        if self._life.step in (Step.CANCEL, Step.PROVE):
            desk.alert(Level.ERROR, "latch.resume_refused", reason="the account is not proved flat yet")
            return
        desk.hold("latch", ACCOUNT, None, now)
        desk.order(ClearLatch())
        desk.alert(Level.WARNING, "latch.cleared")

    def _on_latch_written(self, event: e.LatchWritten, now: Instant) -> None:
        if event.error is not None:
            self._desk.alert(Level.ERROR, "latch.not_written", error=event.error)

    def _on_wall_stepped(self, event: e.WallStepped, now: Instant) -> None:
        desk = self._desk
        desk.wall_offset = event.offset
        desk.alert(Level.WARNING, "clock.stepped", offset_s=in_seconds(event.offset))
        for event_id in desk.catalogue.markets:
            self._quoting.forget(event_id)

    def _on_price(self, event: e.PriceGiven, now: Instant) -> None:
        place = self._desk.catalogue.resolve(event.line_id)
        if place is None:
            self._desk.alert(Level.WARNING, "price.unknown_line", line_id=event.line_id)
            return
        line, side = place
        self._quoting.price_given(line, side, event.probability, event.given_at, now)

    def _on_block(self, event: e.BlockReserved, now: Instant) -> None:
        self._placing.reserved(event.end)
