"""Takes every event from the feed: books, prints (public messages about matches), private messages and health checks.
Also takes changes of the listed markets and lines, and learns when a connection starts or is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mmbot.domain.instant import MINUTE, NEVER, Instant, in_seconds
from mmbot.domain.odds import negate
from mmbot.domain.wager import Status
from mmbot.engine import events as e
from mmbot.engine.books.catalogue import TRADEABLE
from mmbot.engine.books.taken_or_pulled import TakenOrPulled
from mmbot.engine.effects import Effects
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.orders import Severity
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.sending.hedging import Hedging
from mmbot.engine.state.shared import Shared

RECONNECT: Final = 5 * MINUTE
"""The shortest time between two reconnects that are made because messages were lost."""


class Feed:
    """The handlers of the feed's messages."""

    def __init__(
        self,
        shared: Shared,
        effects: Effects,
        quoting: Quoting,
        hedging: Hedging,
        board: BoardReader,
        life: OrderOfLife,
    ) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._quoting: Final = quoting
        self._hedging: Final = hedging
        self._board: Final = board
        self._life: Final = life
        self.taken_or_pulled: Final = TakenOrPulled()
        self._reconnected_at: Instant | None = None

    def handlers(self) -> Mapping[type, Callable[..., None]]:
        """Return the handler of each type of feed message."""
        return {
            e.BookMessage: self._on_book,
            e.PrintMessage: self._on_print,
            e.WagerMessage: self._on_wager,
            e.UnreadWagerMessage: self._on_unread_wager,
            e.Beat: self._on_beat,
            e.FeedUp: self._on_feed_up,
            e.FeedLost: self._on_feed_lost,
            e.FeedRejected: self._on_feed_rejected,
            e.TournamentMessage: self._on_tournament,
            e.SportEventMessage: self._on_sport_event,
            e.MarketMessage: self._on_market,
            e.LineMessage: self._on_line,
            e.StoodStill: self._on_stood_still,
        }

    def _on_book(self, message: e.BookMessage, now: Instant) -> None:
        shared = self._shared
        line, sequence, book = message.line, message.sequence, message.book
        shared.coverage.heard(message.connection, now)
        generation = shared.coverage.generation(line.sport_event, message.connection)
        ahead = sequence - now - shared.clock.wall_offset
        if generation and ahead > shared.clock.ahead:
            shared.clock.note_message(sequence, now)
        if ahead > shared.clock.ahead:  # a stamp far in the future would make later messages look old
            sequence = now + shared.clock.wall_offset + shared.clock.ahead
        quoted = self._quoting.lines.get(line)
        if quoted is not None and quoted.live and shared.ledger.live_wagers.awaiting:
            awaited = [wager for wager in quoted.live.values() if wager.opened_at is None and not wager.foreign]
            if awaited:
                shared.books.find_awaited(line, awaited, book, sequence)
        state = shared.books.on_message(line, book, sequence, generation, now)
        if state is None:
            return
        if quoted is None or not quoted.sound:
            self._board.missed(line, now)
        if quoted is None:
            return
        if state.former is not None:
            self.taken_or_pulled.replaced(line, state.former, book, now)
        self._quoting.book_came(quoted)
        if shared.hedging and line in shared.hedging:
            self._hedging.check = True

    def _on_print(self, message: e.PrintMessage, now: Instant) -> None:
        shared = self._shared
        shared.coverage.heard(message.connection, now)
        place = shared.catalogue.resolve(message.line_id)
        if place is None:
            return
        line, side = place
        if line in self._quoting.lines:
            self.taken_or_pulled.printed(line, side, message.matched_odds, message.stake, now)
        for wager in shared.ledger.live(line):
            # A taker may accept worse odds than those of the wager he takes, so the odds of the match count too.
            same = wager.side == side and wager.odds in (message.odds, message.matched_odds)
            mirrored = wager.side != side and wager.odds in (negate(message.odds), negate(message.matched_odds))
            if (same or mirrored) and not wager.foreign:
                self._effects.prints.seen(wager, now)

    def _on_wager(self, message: e.WagerMessage, now: Instant) -> None:
        self._shared.coverage.heard(message.connection, now)
        self._shared.clock.note_message(message.report.sequence, now)
        self._effects.take_report(message.report, None, now)
        if message.report.status is Status.OPEN:
            self._life.may_rest(now)

    def _on_unread_wager(self, message: e.UnreadWagerMessage, now: Instant) -> None:
        """Apply the readable parts of a message about a wager. Look the wager up, because a REST read may have the
        other parts."""
        shared, wager = self._shared, message.wager
        shared.coverage.heard(message.connection, now)
        if wager.wager_id:
            shared.lookups[wager.wager_id] = "a message about it could not be read"
        self._effects.take_unread(wager, None, now)
        if wager.may_rest:
            self._life.may_rest(now)

    def _on_beat(self, message: e.Beat, now: Instant) -> None:
        self._shared.coverage.beat(message.connection, now)

    def _on_feed_up(self, message: e.FeedUp, now: Instant) -> None:
        shared, coverage = self._shared, self._shared.coverage
        private = any(channel.private for channel in message.channels)
        standing = coverage.up and message.connection == coverage.private
        if coverage.up and private is not standing:  # messages may have been lost in between
            self.lose("another connection took its place" if private else "its private channel is gone", now)
        if not private or standing:
            self._cover(message.connection, message.channels, now)
            return
        coverage.carry(message.connection, message.channels, now)
        shared.hold("feed_rejected", ACCOUNT, None, now)
        shared.outbox.alert(Severity.INFO, "feed.up", connection=message.connection)

    def _on_feed_lost(self, message: e.FeedLost, now: Instant) -> None:
        coverage = self._shared.coverage
        if message.connection != coverage.private:
            if message.connection in coverage.connections:
                self._cover(message.connection, (), now, message.reason)
        else:
            coverage.private_ended()
            if coverage.up:
                self.lose(message.reason, now)

    def _cover(self, connection: int, channels: tuple[e.Channel, ...], now: Instant, reason: str | None = None) -> None:
        """Record which channels a connection carries now.

        If the books of a sport event now come over other channels than before, the books are read again. If no channel
        brings the books of a sport event any more, the guard ``book_unread`` stops quoting on all its lines.
        """
        shared, coverage = self._shared, self._shared.coverage
        before = {sport_event: coverage.of(sport_event).generation for sport_event in shared.catalogue.markets}
        coverage.carry(connection, channels, now)
        lost = 0
        for sport_event, generation in before.items():
            present = coverage.of(sport_event).generation
            if present == generation:
                continue
            shared.dirty_sport_events[sport_event] = None
            if present:
                self._board.markets(sport_event)
            else:
                lost += 1
        severity = Severity.WARNING if lost or reason is not None else Severity.INFO
        shared.outbox.alert(
            severity, "feed.channels", connection=connection, channels=len(channels), lost=lost, reason=reason
        )

    def _on_feed_rejected(self, message: e.FeedRejected, now: Instant) -> None:
        shared = self._shared
        coverage = shared.coverage
        if coverage.up and message.connection != coverage.private:
            # A connection with books alone: its sport events are not covered, and nothing else is wrong.
            shared.outbox.alert(Severity.WARNING, "feed.rejected", reason=message.reason)
            return
        if shared.hold("feed_rejected", ACCOUNT, message.reason, now):
            shared.outbox.alert(Severity.WARNING, "feed.rejected", reason=message.reason)
        if coverage.up:
            self.lose(message.reason, now)

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the feed counts as silent, unless a health check comes earlier. While the feed is
        down, the result is ``NEVER``."""
        coverage = self._shared.coverage
        return coverage.silent_at if coverage.up else NEVER

    def do_due(self, now: Instant) -> None:
        """If the feed is silent, treat it as lost."""
        if self.due_at(now) <= now:
            self.lose("no health_check", now)

    def lose(self, reason: str, now: Instant) -> None:
        """Treat the feed as lost and cancel everything."""
        shared, coverage = self._shared, self._shared.coverage
        silent_s = round(in_seconds(now - coverage.heard_at), 3)
        shared.outbox.alert(Severity.WARNING, "feed.lost", reason=reason, silent_s=silent_s)
        coverage.private_lost()
        self._hedging.check = True
        shared.hold("feed", ACCOUNT, reason, now)
        self._life.feed_lost(now)

    def _on_stood_still(self, event: e.StoodStill, now: Instant) -> None:
        """Treat the feed as lost, because the shell (the code around the engine) did not run for some time. Messages of
        that time may be late or missing."""
        shared = self._shared
        seconds = round(in_seconds(event.gap), 3)
        reason = f"the daemon stood still for {seconds:g} s" if event.gap else "the watchdog cancelled everything"
        shared.hold("stood_still", ACCOUNT, reason, now)
        shared.outbox.alert(Severity.ERROR, "daemon.stood_still", seconds=seconds, fenced=not event.gap)
        if shared.coverage.up:
            self.lose(reason, now)
        else:
            self._life.restart("stood_still", now)

    def _on_tournament(self, message: e.TournamentMessage, now: Instant) -> None:
        self._shared.coverage.heard(message.connection, now)
        if self._shared.catalogue.on_tournament(message):
            self._board.sport_events(message.tournament_id)

    def _on_sport_event(self, message: e.SportEventMessage, now: Instant) -> None:
        shared = self._shared
        shared.coverage.heard(message.connection, now)
        if not shared.catalogue.on_sport_event(message):
            return
        shared.exposure.place(message.sport_event_id, shared.catalogue.tournament_of(message.sport_event_id))
        self._quoting.forget(message.sport_event_id)
        self._board.settle_tournament(message.sport_event_id)
        sport_event = shared.catalogue.sport_events[message.sport_event_id]
        if sport_event.status in TRADEABLE and message.op is not e.Op.DELETE:
            self._board.markets(message.sport_event_id)
            if shared.guards.holds("wiped", message.sport_event_id):  # only a read can show that it has not started
                self._board.sport_events(sport_event.tournament_id)

    def _on_market(self, message: e.MarketMessage, now: Instant) -> None:
        self._shared.coverage.heard(message.connection, now)
        if self._shared.catalogue.on_market(message):
            self._quoting.forget(message.sport_event)
            self._board.markets(message.sport_event)

    def _on_line(self, message: e.LineMessage, now: Instant) -> None:
        self._shared.coverage.heard(message.connection, now)
        if self._shared.catalogue.on_line(message):
            self._quoting.forget(message.sport_event)
            self._board.markets(message.sport_event)

    def reconnect(self, reason: str, now: Instant) -> None:
        """Connect the feed again because a message was lost. Do nothing if such a reconnect was made less than five
        minutes ago."""
        last = self._reconnected_at
        if self._shared.coverage.up and (last is None or now - last >= RECONNECT):
            self._reconnected_at = now
            self.lose(reason, now)
