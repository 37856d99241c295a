"""The matching engine. It matches orders and updates wagers, wallets and the public book.

Orders match by price. Orders at the same price match by time. A match gets the odds of the order that was open first.
So the taker gets the better price (docs/protocol.md 7.5).
"""

from __future__ import annotations

from mmbot.domain.catalogue import MarketKey
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, could_match, negate
from mmbot.domain.wager import Matching, Status
from mmbot.simulator.venue.accounts.order import Order
from mmbot.simulator.venue.announcements import Announcements
from mmbot.simulator.venue.board.book import LineBook
from mmbot.simulator.venue.changes import Printed, WagerChanged
from mmbot.simulator.venue.match_arithmetic import pair, takeable, taken_by_favourite
from mmbot.simulator.venue.records import VenueMatch


class MatchingEngine:
    """Matches the orders of every line. It keeps the matched orders of each market, because the market's result has to
    be applied to them."""

    __slots__ = ("_announcements", "_half_up", "_lag", "_matches", "_partly_canceled", "_undated", "matched")

    def __init__(
        self,
        announcements: Announcements,
        lag: Duration,
        maker_wins: str,
        results_dated: bool = True,
        partly_canceled: str = "open",
    ) -> None:
        self._announcements = announcements
        self._partly_canceled = Status(partly_canceled)
        self._lag = lag
        self._half_up = maker_wins == "half_up"
        self._undated = () if results_dated else (Status.SETTLED, Status.CLOSED, Status.MANUALLY_SETTLED, Status.VOID)
        self._matches = 0
        self.matched: dict[MarketKey, dict[int, Order]] = {}

    def announce(
        self, order: Order, now: Instant, match_stake: Cents | None = None, match_odds: Odds | None = None
    ) -> None:
        """Record a change of an order, and announce it. The announcement goes to the account that owns the order, and
        to the observers of this account. Changes of the crowd's orders are neither recorded nor announced."""
        order.sequence = now
        if order.status not in self._undated:
            order.updated_at = now
        account = order.account
        if account.wallet.unlimited:
            return
        record = account.changed(order, self._lag)
        kind = "status" if match_stake is None else "matching"
        self._announcements.add(WagerChanged(account.account_id, record, kind, match_stake, match_odds, now))
        for watcher in self._announcements.watchers(account.account_id):
            watcher.changed(record, match_stake, match_odds, now)

    def enter(self, order: Order, book: LineBook, now: Instant, *, rest: bool = True) -> None:
        """Let an order match the open orders that it crosses. If ``rest`` is true, the unmatched part stays open. If
        ``rest`` is false, the unmatched part is cancelled."""
        self._cross(order, book, now)
        if not order.live:
            return
        if rest:
            book.add(order, now)
            self._announcements.book_changed(book.key, now)
        else:
            self.end(order, book, Status.CANCELED, now)

    def _cross(self, taker: Order, book: LineBook, now: Instant) -> None:
        while taker.live:
            level = book.best(1 - taker.side)
            if level is None or not could_match(taker.odds, level.odds):
                return
            maker = next(iter(level.orders.values()))
            if self.execute(taker, maker, book, taker.remaining, now):
                continue
            if self.unfunded(maker):
                self.end(maker, book, Status.CANCELED, now)
            else:
                self.end(taker, book, Status.CANCELED, now)

    @staticmethod
    def unfunded(maker: Order) -> bool:
        """True if the maker's wallet cannot pay for a match of even one cent."""
        return takeable(maker.account.wallet.affordable(maker.remaining), maker.odds) == 0

    def execute(self, taker: Order, maker: Order, book: LineBook, most: Cents, now: Instant) -> Cents:
        """Match two open orders at the maker's odds. The matched stakes are limited by both orders and both wallets.
        ``most`` is the largest stake that the taker may match, in cents.

        Returns the taker's matched stake in cents, or 0 if not even one cent could be matched.
        """
        taker_free = taker.account.wallet.affordable(min(taker.remaining, most))
        maker_free = maker.account.wallet.affordable(maker.remaining)
        odds = maker.odds
        if odds < 0:
            maker_stake, taker_stake = pair(maker_free, taker_free, -odds)
        elif self._half_up:
            taker_stake, maker_stake = pair(taker_free, maker_free, odds)
        else:
            taker_stake, maker_stake = taken_by_favourite(taker_free, maker_free, odds)
        if taker_stake == 0 or maker_stake == 0:
            return 0
        stays = takeable(maker.remaining - maker_stake, odds) > 0
        if not stays:
            book.remove(maker, now)
        self._matches += 1
        self._apply(maker, maker_stake, taker_stake, odds, False, now)
        if stays:
            book.reduced(maker, now)
        self._apply(taker, taker_stake, maker_stake, negate(odds), True, now)
        self._announcements.add(
            Printed(book.key, taker.side, taker.line_id, taker.odds, negate(odds), taker_stake, now)
        )
        self._announcements.book_changed(book.key, now)
        for order in (maker, taker):
            if order.live and takeable(order.remaining, order.odds) == 0:
                self._trim(order, now)
        return taker_stake

    def _apply(self, order: Order, stake: Cents, win: Cents, odds: Odds, taker: bool, now: Instant) -> None:
        account = order.account
        order.matched += stake
        order.win += win
        order.matching = Matching.FULLY_MATCHED if order.remaining == 0 else Matching.PARTIALLY_MATCHED
        account.wallet.match(stake, order.wager_id, order.market, now)
        self.matched.setdefault(order.market, {})[order.number] = order
        if account.wallet.unlimited:
            return
        account.open_stakes -= stake
        if order.remaining == 0:
            account.ended(order)
        match_id = f"{self._matches}-{'t' if taker else 'm'}"
        account.matched(
            VenueMatch(
                match_id,
                order.wager_id,
                order.external_id,
                order.line,
                order.side,
                order.line_id,
                odds,
                stake,
                win,
                taker,
                now,
            )
        )
        self.announce(order, now, stake, odds)

    def _trim(self, order: Order, now: Instant) -> None:
        """Cancel the unmatched part of an order if it is too small to win a cent. Nobody could ever match this part.
        The matched part of the order stays."""
        self._close(order, Status.CANCELED, now)

    def end(self, order: Order, book: LineBook, status: Status, now: Instant) -> None:
        """End the unmatched part of an order. An order without a match gets ``status``. An order with a match keeps its
        status, and its stake is reduced to the matched part. If the setting ``partly_canceled`` says so, a cancel sets
        the status of such an order, too, and leaves the stake as it is."""
        if book.remove(order, now):
            self._announcements.book_changed(book.key, now)
        self._close(order, status, now)

    def _close(self, order: Order, status: Status, now: Instant) -> None:
        account = order.account
        remaining = order.remaining
        if not account.wallet.unlimited:
            account.ended(order)
            if order.status is Status.OPEN:
                account.open_stakes -= remaining
        if order.status is Status.OPEN:
            account.wallet.release(remaining, order.wager_id, order.market, now)
        if order.matched and status is Status.CANCELED is self._partly_canceled:
            order.status = status
        elif order.matched:
            order.stake = order.matched
            order.matching = Matching.FULLY_MATCHED
        else:
            order.status = status
        self.announce(order, now)
