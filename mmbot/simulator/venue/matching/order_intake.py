"""Accepts wagers, lets them wait in a queue until they open, and cancels them (docs/protocol.md 6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, could_match
from mmbot.domain.wager import Status
from mmbot.simulator.venue.accounts.order import Account, Order
from mmbot.simulator.venue.announcements import Announcements
from mmbot.simulator.venue.board.board import Board, derived_id
from mmbot.simulator.venue.error_table import TOO_SMALL, VenueError
from mmbot.simulator.venue.match_arithmetic import takeable
from mmbot.simulator.venue.matching.matching_engine import MatchingEngine
from mmbot.simulator.venue.records import RepeatedId, VenueWager
from mmbot.simulator.venue.settings import ADD_LIQUIDITY_ONLY, FILL_OR_KILL, VenueSettings
from mmbot.simulator.venue.timers import Timers

_EXTERNAL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_LINE_ID: Final = re.compile(r"[0-9a-f]{32}")


BY_HAND: Final = "(by hand)"
"""The text that replaces the ``external_id`` of a wager that a person placed on the exchange's own page."""


class OrderIntake:
    """Accepts and cancels wagers. The caller advances the time and reports when an operation is complete."""

    def __init__(
        self,
        settings: VenueSettings,
        seed: int,
        board: Board,
        matching_engine: MatchingEngine,
        announcements: Announcements,
        timers: Timers,
        accounts: Mapping[str, Account],
    ) -> None:
        self._settings = settings
        self._seed = seed
        self._board = board
        self._matching_engine = matching_engine
        self._announcements = announcements
        self._timers = timers
        self._accounts = accounts
        self.set_ladder(settings.ladder)
        self._rejects_self_match = settings.self_match == "reject"
        self._queue_ends = {False: 0, True: 0}
        self._numbers = 0
        self.activation_extra: Duration = 0
        """The extra time in nanoseconds that a newly accepted wager waits until it opens."""

    @property
    def ladder(self) -> tuple[Odds, ...]:
        """The odds that the exchange accepts, in the order in which they were given."""
        return self._ladder

    def set_ladder(self, odds: tuple[Odds, ...]) -> None:
        """Accept only these odds from now on."""
        self._ladder = odds
        self._odds = dict.fromkeys(odds)

    def accept(
        self,
        owner: Account,
        external_id: str,
        line_id: str,
        odds: Odds,
        stake: Cents,
        strategy: str | None,
        now: Instant,
    ) -> VenueWager:
        """Accept a wager into the queue, where it waits until it opens. If the wager is rejected, VenueError is raised
        with an error code of the error table."""
        if external_id == BY_HAND:
            external_id = ""
        elif not _EXTERNAL_ID.fullmatch(external_id):
            raise VenueError("invalid_external_id")
        used = owner.by_external_id.get(external_id)
        if used is not None:
            same = (used.line_id, used.odds, used.asked_stake, used.strategy) == (
                line_id,
                odds,
                stake,
                strategy or None,
            )
            repeat = RepeatedId(owner.account_id, external_id, same, now)
            for watcher in self._announcements.watchers(owner.account_id):
                watcher.repeated(repeat, now)
            raise VenueError("wager_external_id_existed")
        found = self._board.find(line_id)
        if found is None:
            raise VenueError("market_line_invalid" if _LINE_ID.fullmatch(line_id) else "invalid_line_id")
        line, side = found
        rejection = self._board.rejection(line)
        if rejection is not None:
            raise rejection
        self._check_terms(odds, stake, strategy)
        if not owner.wallet.unlimited and self._own_crossing(owner, line, side, odds) and self._rejects_self_match:
            raise VenueError("self_match")
        if not owner.wallet.covers(stake):
            raise VenueError("insufficient_amount")
        live = self._board.in_play(line.sport_event)
        if live and self._waiting(owner, now) >= self._settings.delayed_wagers:
            raise VenueError("too_many_delayed_requests")
        order = self._order(owner, external_id, line, side, odds, stake, strategy, now)
        owner.accepted(order)
        due = self._schedule_activation(order, live, now)
        if live:
            owner.delayed.append(due)
        owner.changed(order, self._settings.history_lag_ns)
        record = order.snapshot()
        for watcher in self._announcements.watchers(owner.account_id):
            watcher.changed(record, None, None, now)
        return record

    @staticmethod
    def _waiting(owner: Account, now: Instant) -> int:
        """Return how many of the account's wagers wait for the end of their bet delay."""
        while owner.delayed and owner.delayed[0] <= now:
            owner.delayed.popleft()
        return len(owner.delayed)

    def _check_terms(self, odds: Odds, stake: Cents, strategy: str | None) -> None:
        if odds not in self._odds:
            raise VenueError("wager_invalid_odds")
        if stake < self._settings.min_stake:
            raise VenueError("invalid_request", TOO_SMALL)
        if stake > self._settings.max_stake:
            raise VenueError("wager_stake_exceeds_max")
        if takeable(stake, odds) == 0:
            raise VenueError("wager_invalid_profit")
        if strategy == ADD_LIQUIDITY_ONLY:
            raise VenueError("err_add_liquidity_only_disabled")
        if strategy not in (None, "", FILL_OR_KILL):
            raise VenueError("invalid_request", f"unknown wager_strategy {strategy!r}")

    def _own_crossing(self, owner: Account, line: LineKey, side: Side, odds: Odds) -> list[Order]:
        return [
            order
            for order in owner.on_line.get(line, {}).values()
            if order.side != side and could_match(order.odds, odds)
        ]

    def _order(
        self,
        owner: Account,
        external_id: str,
        line: LineKey,
        side: Side,
        odds: Odds,
        stake: Cents,
        strategy: str | None,
        now: Instant,
    ) -> Order:
        self._numbers += 1
        number = self._numbers
        outcome = self._board.lines[line].outcomes[side]
        if owner.wallet.unlimited:
            wager_id = f"crowd-{number}"
        else:
            digits = derived_id("wager", self._seed, number)
            wager_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        return Order(
            number,
            wager_id,
            external_id,
            owner,
            line,
            side,
            outcome.line_id,
            outcome.outcome_id,
            odds,
            stake,
            strategy or None,
            now,
        )

    def _schedule_activation(self, order: Order, live: bool, now: Instant) -> Instant:
        delay = self._settings.live_activation_ns if live else self._settings.activation_ns
        due = max(now + delay + self.activation_extra, self._queue_ends[live])
        self._queue_ends[live] = due
        self._timers.add(due, partial(self.activate, order))
        return due

    def at_once(self, owner: Account, line: LineKey, side: Side, odds: Odds, stake: Cents, now: Instant) -> Order:
        """Make an order of the crowd that is open immediately. The order is not yet in the book."""
        order = self._order(owner, "", line, side, odds, stake, None, now)
        order.status = Status.OPEN
        order.opened_at = now
        return order

    def activate(self, order: Order, now: Instant) -> None:
        """Open a wager whose wait is over, and let it match the orders that it crosses. A wager that cannot open gets
        the status ``invalid``. If it could match another wager of the same account, both wagers may get the status
        ``wiped`` (see ``VenueSettings.self_match``)."""
        if order.status is not Status.INACTIVE:
            return
        owner = order.account
        book = self._board.books[order.line]
        crossing = self._own_crossing(owner, order.line, order.side, order.odds)
        if crossing and not self._rejects_self_match:
            for other in crossing:
                if other.status is Status.OPEN:
                    self._matching_engine.end(other, book, Status.WIPED, now)
            self._matching_engine.end(order, book, Status.WIPED, now)
            return
        if (
            self._board.rejection(order.line) is not None
            or any(other.status is Status.OPEN for other in crossing)
            or not owner.wallet.accepts(order.stake, owner.open_stakes, self._settings.unmatched_multiple)
        ):
            self._matching_engine.end(order, book, Status.INVALID, now)
            return
        owner.wallet.hold(order.stake, order.wager_id, order.market, now)
        owner.open_stakes += order.stake
        order.status = Status.OPEN
        order.opened_at = now
        self._matching_engine.announce(order, now)
        self._matching_engine.enter(order, book, now)
        if order.strategy == FILL_OR_KILL and order.live:
            self._timers.add(now + self._settings.fill_or_kill_ns, partial(self._expire, order))

    def _expire(self, order: Order, now: Instant) -> None:
        if order.live:
            self._matching_engine.end(order, self._board.books[order.line], Status.CANCELED, now)

    def cancel(self, owner: Account, wager_id: str, external_id: str, now: Instant) -> VenueWager:
        """Cancel one wager. Raises VenueError if the wager cannot be cancelled (docs/protocol.md 6.4)."""
        order = owner.by_id.get(wager_id)
        if order is None:
            known = any(wager_id in other.by_id for other in self._accounts.values())
            raise VenueError("wager_not_belongs_to_user" if known else "data_not_found")
        if order.external_id != external_id:
            raise VenueError("wager_not_matching_external_id")
        status = order.status
        if status is Status.INACTIVE:
            raise VenueError("wager_is_placing")
        if status in (Status.CANCELED, Status.WIPED):
            raise VenueError("wager_already_cancelled")
        if status is Status.INVALID:
            raise VenueError("wager_is_invalid")
        if not order.live:
            raise VenueError("wager_already_matched")
        window = self._settings.opened_retry_ns
        if window and order.opened_at is not None and now - order.opened_at < window:
            raise VenueError("wager_opened_retry")
        if window and order.matched and now - order.updated_at < window:
            raise VenueError("opened_retry")
        self._matching_engine.end(order, self._board.books[order.line], Status.CANCELED, now)
        return order.snapshot()

    def cancel_open(self, owner: Account, wanted: Callable[[Order], bool], now: Instant) -> int:
        """Cancel every open wager for which ``wanted`` returns true. Returns the number of cancelled wagers. A wager
        that is still being placed stays."""
        orders = [
            order for order in owner.live.values() if order.status is Status.OPEN and order.live and wanted(order)
        ]
        for order in orders:
            self._matching_engine.end(order, self._board.books[order.line], Status.CANCELED, now)
        return len(orders)

    def wipe(self, market: MarketKey, status: Status, now: Instant) -> None:
        """End every wager of a market that is open or still being placed, on all accounts. A wager without a match gets
        ``status``."""
        for line in self._board.markets[market].lines:
            book = self._board.books[line.key]
            for side in (0, 1):
                for order in book.resting(side):
                    self._matching_engine.end(order, book, status, now)
        for account in self._accounts.values():
            for order in [each for each in account.live.values() if each.market == market]:
                self._matching_engine.end(order, self._board.books[order.line], status, now)
