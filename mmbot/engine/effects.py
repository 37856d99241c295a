"""Passes each change of a wager to the followers (the parts of the engine that act on such changes), always in the same
order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.wager import UnreadWager, WagerReport
from mmbot.domain.wager_states import State
from mmbot.engine.account.balance import Balance
from mmbot.engine.account.profit import Profit
from mmbot.engine.events import HistoryRead
from mmbot.engine.followers.activation import Activation
from mmbot.engine.followers.breakers import Breaker
from mmbot.engine.followers.details_wanted import MatchDetails
from mmbot.engine.followers.journal import Journal
from mmbot.engine.followers.log import Log
from mmbot.engine.followers.match_counts import MatchCounts
from mmbot.engine.followers.own_stake_in_books import OwnStakeInBooks
from mmbot.engine.followers.prints import Prints
from mmbot.engine.followers.thresholds import ThresholdLog
from mmbot.engine.followers.wiped import Wiped
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.reading.unknown_placements import UnknownPlacements
from mmbot.engine.reading.unread_wagers import UnreadWagers
from mmbot.engine.requests import PlaceMany
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.hedging import Hedging
from mmbot.engine.sending.placing import Placing
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.changes import Changes, Follower


class Effects:
    """Passes each change of a wager to the followers. For each position that changed, this class updates exposure,
    profit and quotes."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._thresholds: Final = ThresholdLog(shared)
        self._activation: Final = Activation(shared)
        self.prints: Final = Prints(shared)
        self.unread: Final = UnreadWagers(shared, self)

    def connect(
        self,
        quoting: Quoting,
        placing: Placing,
        cancelling: Cancelling,
        hedging: Hedging,
        balance: Balance,
        profit: Profit,
        board: BoardReader,
        unknown: UnknownPlacements,
        counts: MatchCounts,
        audit: Sequence[Follower],
        breakers: Sequence[Callable[[Shared], Breaker]],
    ) -> None:
        """Connect the parts of the engine that act on changes."""
        shared = self._shared
        self._quoting = quoting
        self._placing = placing
        self._cancelling = cancelling
        self._hedging = hedging
        self._profit = profit
        self._unknown = unknown
        self._journal = Journal(shared, profit)
        self._breakers: dict[str, Breaker] = {}
        for make in breakers:
            breaker = make(shared)
            self._breakers[breaker.guard.name] = breaker
            shared.guards.add(breaker.guard)
        self._followers: tuple[Follower, ...] = (
            OwnStakeInBooks(shared.books, quoting),
            cancelling,
            balance,
            hedging,
            Wiped(shared, board),
            self.prints,
            *self._breakers.values(),
            counts,
            *audit,
            MatchDetails(shared),
            self._journal,
            Log(shared),  # last, so that a new guard is logged before the change that caused it
        )
        """The followers (parts of the engine that act on changes of wagers), in the sequence in which they receive a
        change."""

    def apply(self, changes: Changes, now: Instant) -> None:
        """Pass the changes that the ledger made to every follower."""
        for change in changes:
            for follower in self._followers:
                follower.changed(change, now)
        if changes:
            self._placing.freed()
            self._placing.watch(now)
        self.take_positions(now)

    def take_positions(self, now: Instant) -> None:
        """Update exposure, profit and quotes of each position that changed. Exposure is updated before profit and
        quotes, because their updates need the new exposure."""
        shared = self._shared
        moved = shared.ledger.drain_moved()
        if not moved:
            return
        shared.moves += 1
        for key in moved:
            if isinstance(key, LineKey):
                position = shared.ledger.positions[key]
                shared.exposure.update(key, position)
                self._thresholds.moved(key)
                self._profit.mark(key, position)
                self._quoting.own_changed(key)
            else:
                full = shared.ledger.full_stakes[key]
                shared.exposure.update_full(key, full)
                self._thresholds.moved(key)
                self._profit.mark_full(key, full)
                self._quoting.market_changed(key)
        if shared.exposure.unplaced and any(key.sport_event in shared.exposure.unplaced for key in moved):
            shared.touch_scope(ACCOUNT)  # they count in every tournament
        self._placing.freed()
        self._hedging.look_again()

    def room_freed(self) -> None:
        """Check again each placement that lacked funds, because a new balance was read."""
        self._placing.freed()

    def placed(self) -> None:
        """Note that the engine has returned a placement for sending."""
        self._shared.moves += 1

    def take_report(self, report: WagerReport, asked_at: Instant | None, now: Instant) -> None:
        """Apply a report of a wager.

        Args:
            report: the state of the wager at the exchange.
            asked_at: the instant at which the read was sent. None if the report came in a private message.
            now: the present instant.
        """
        shared = self._shared
        changes = shared.ledger.take_report(report, asked_at is None, now, shared.catalogue.resolve, asked_at)
        self._cancelling.identified(report.external_id, now)
        self.apply(changes, now)
        self._activation.reported(report.external_id, now)
        if self.unread.held:
            self.unread.lift(report.wager_id, now)

    def take_unread(self, wager: UnreadWager, asked_at: Instant | None, now: Instant) -> None:
        """Apply a report of a wager of which some part cannot be read. ``asked_at`` is the instant at which the read
        was sent, or None if the report came in a private message."""
        self.unread.take(wager, asked_at, now)

    def take_page(self, page: HistoryRead, asked_at: Instant, now: Instant) -> None:
        """Apply the report of every wager on a page of the history. The page was requested at ``asked_at``."""
        for report in page.wagers:
            self.take_report(report, asked_at, now)
        for wager in page.unread:
            self.take_unread(wager, asked_at, now)

    def proved_clear(self, since: Instant, now: Instant) -> None:
        """Record that no wager is open. This was shown by a history that is complete beyond the instant ``since``."""
        self.unread.proved_clear(since, now)

    def locate_wagers(self, now: Instant) -> None:
        """Find the wagers whose line was unknown when they were reported and is known now. Add these wagers to the
        positions of their lines."""
        shared = self._shared
        located = shared.ledger.locate(shared.catalogue.resolve)
        for wager in located:
            shared.outbox.save(wager)
            self._journal.name(wager)
        self._journal.name_later()
        if located:
            self.take_positions(now)

    def restored(self) -> None:
        """Save the names of restored wagers that the bot did not place, because the earlier run may not have known
        these names."""
        for wager in self._shared.ledger.wagers():
            if wager.booked is None:
                self._journal.name(wager)

    def sport_events_learned(self) -> None:
        """Save the names of sport events that were looked up."""
        self._journal.name_later()

    def placement_answered(self, request: PlaceMany, now: Instant) -> None:
        """Save the wagers of a placement request in the journal, because the request was answered or failed. If it is
        unknown whether the exchange accepted a wager, request a look-up of the wager."""
        ledger = self._shared.ledger
        for item in request.items:
            wager = ledger.get(item.external_id)
            if wager is None:
                continue
            self._shared.outbox.save(wager)
            if wager.state is State.UNKNOWN:
                self._unknown.note(item.external_id, now)
            elif wager.hedge and not wager.remaining:
                self._hedging.ended(wager)
        self.take_positions(now)

    def timers(self) -> Mapping[Due, Callable[..., None]]:
        """Return the handlers of the timers that followers set."""
        return {
            Due.ACTIVATION: self._activation.overdue,
            Due.PRINT: self.prints.overdue,
            Due.BREAKER: self._breaker_due,
        }

    def _breaker_due(self, guard: str, now: Instant) -> None:
        self._breakers[guard].due(now)
