"""The crowd that replays a tape (the file of a recorded market).

Recorded prices become the crowd's orders. Recorded trades become its takers. The recorded result settles the market.

The user is the account that trades with the crowd, usually the bot. The user's wagers were not in the recorded market.
The crowd trades with these wagers by the following rules:

- Each price level of the tape is one order of the crowd. If the user takes stake from a level, this stake is missing
  until the tape changes the level.
- If a new level crosses a wager of the user, the level takes this wager at the user's odds. On a real exchange, the
  maker of the level would first have met the user's wager. Without this rule, the user would miss the matches that come
  when the price moves.
- A print is a recorded trade. It first takes the user's wagers at better odds than the odds of the print.
- At its own odds, a print takes a user's wager after the stake that was ahead of this wager in the queue. The stake
  ahead shrinks with each print. It also shrinks when the level becomes smaller than the stake ahead. If a recorded
  maker withdraws stake, the crowd assumes that this stake was behind the user.
- A print is used once. The part of the print that takes no wager of the user is announced as a trade between others.
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent, Tournament
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, Side, could_match, negate, per_hundred
from mmbot.simulator.crowd.crowd import maker_stake
from mmbot.simulator.crowd.tape import Change, Price, Tape, Trade
from mmbot.simulator.venue.accounts.order import Order
from mmbot.simulator.venue.board.board import ACTIVE, NOT_STARTED
from mmbot.simulator.venue.venue import Venue

SPORT_EVENT: Final = 20_000_001
MARKET: Final = 219
_MARKET_KEY: Final = MarketKey(SPORT_EVENT, MARKET)
_TOURNAMENTS: Final = {
    "Basketball": (132, "NBA"),
    "American Football": (31, "NFL"),
    "Baseball": (109, "MLB"),
    "Ice Hockey": (234, "NHL"),
}
_OTHER: Final = (1, "Recorded")


class TapeCrowd:
    """Plays one tape (recorded market) on a simulated exchange. The sport event is listed as soon as the object is
    created. The first recorded change is played at ``start``. The intervals between the changes are as recorded."""

    def __init__(self, venue: Venue, tape: Tape, start: Instant) -> None:
        self._venue = venue
        self._tape = tape
        self._shift: Duration = start - tape.start
        self._next = 0
        self._due: Instant | None = start
        self._ladder = Ladder(venue.settings.ladder)
        self._ticks: dict[float, Odds | None] = {}
        self._raw: tuple[tuple[Price, ...], tuple[Price, ...]] = ((), ())
        self._laddered: list[tuple[tuple[Price, ...], dict[Odds, Cents]]] = [((), {}), ((), {})]
        """The newest recorded prices of each outcome, in two forms. One is the form in the recording. The other has the
        stakes by odds of the ladder."""
        self._levels: tuple[dict[Odds, Cents], dict[Odds, Cents]] = ({}, {})
        self._orders: tuple[dict[Odds, Order], dict[Odds, Order]] = ({}, {})
        self._open = False
        self._in_play = False
        self._resting = False
        self.line: Final = LineKey(SPORT_EVENT, MARKET, 0)
        self._account = venue.open_account("tape", 0, unlimited=True)
        self._list(start)

    def _list(self, now: Instant) -> None:
        tape = self._tape
        number, name = _TOURNAMENTS.get(tape.sport, _OTHER)
        self._venue.add_tournament(Tournament(number, name, tape.sport), now)
        self._venue.add_sport_event(
            SportEvent(
                SPORT_EVENT,
                number,
                tape.sport_event,
                NOT_STARTED,
                tape.scheduled + self._shift,
                tape.sport,
                name,
                competitors=tape.outcomes,
            ),
            now,
        )
        outcomes = tuple(Outcome(4 + side, "", name, 11 + side) for side, name in enumerate(tape.outcomes))
        line = Line(self.line, outcomes)
        self._venue.add_market(
            Market(_MARKET_KEY, "Moneyline", "moneyline", "moneyline", "Game Lines", lines=(line,)), now
        )

    @property
    def finished(self) -> bool:
        """True if every recorded change was played."""
        return self._next == len(self._tape.changes)

    def next_due(self) -> Instant | None:
        """The time at which the next recorded change is played. None after the last recorded change."""
        return self._due

    def advance(self, now: Instant) -> None:
        """Play every recorded change that is due at or before ``now``."""
        while (due := self.next_due()) is not None and due <= now:
            self._play(due)
            self._next += 1
            self._due = None if self.finished else self._tape.changes[self._next].at + self._shift

    # --- one change -----------------------------------------------------------------------------------------------

    def _play(self, now: Instant) -> None:
        change = self._tape.changes[self._next]
        venue = self._venue
        if venue.board.in_play(SPORT_EVENT) and not self._in_play:
            self._started()  # a command started the sport event, not the tape
        if self._resting:
            for trade in change.trades:
                self._replay_print(trade, now)
        raw = list(self._raw)
        for side, prices in enumerate(change.books):
            if prices is not None:
                raw[side] = prices
        self._raw = (raw[0], raw[1])
        if not venue.concluded(_MARKET_KEY):
            self._set_status(change, now)
        if not (self._open and venue.board.tradeable(self.line)):
            self._withdraw(now)
        elif not self._resting:
            self._resting = True
            self._show_levels(1, now)
        elif any(prices is not None for prices in change.books):
            self._show_levels(1 if change.books[1] is not None else 0, now)

    def _set_status(self, change: Change, now: Instant) -> None:
        if change.winner is not None:
            self._open = False
            self._venue.settle(_MARKET_KEY, change.winner, now)
            return
        if change.status is not None:
            self._open = change.status == "open"
            self._venue.set_market_status(_MARKET_KEY, ACTIVE if self._open else change.status, now)
        if change.in_play and not self._in_play:
            self._venue.go_live(SPORT_EVENT, now)
            self._started()

    def _started(self) -> None:
        """Record that the sport event is in play. The exchange has cancelled all orders from before the start."""
        self._in_play = True
        self._forget_levels()

    def _withdraw(self, now: Instant) -> None:
        for orders in self._orders:
            for order in orders.values():
                self._venue.crowd.withdraw(order, now)
        self._forget_levels()

    def _forget_levels(self) -> None:
        self._resting = False
        for side in (0, 1):
            self._orders[side].clear()
            self._levels[side].clear()

    # --- levels ---------------------------------------------------------------------------------------------------

    def _tick(self, decimal: float) -> Odds | None:
        """Convert decimal odds to odds of the ladder. If the ladder does not have them, take the nearest odds that are
        worse for the taker. Returns None if the ladder has no such odds."""
        if decimal not in self._ticks:
            self._ticks[decimal] = self._ladder.at_least(1.0 / decimal)
        return self._ticks[decimal]

    def _show_levels(self, last_changed: Side, now: Instant) -> None:
        wanted = (self._on_ladder(0), self._on_ladder(1))
        self._uncross(wanted, last_changed)
        fresh: list[tuple[Side, Odds, Cents]] = []
        for side in (0, 1):
            shown, target = self._levels[side], wanted[side]
            for odds in [odds for odds, value in shown.items() if target.get(odds) != value]:
                del shown[odds]
                order = self._orders[side].pop(odds, None)
                if order is not None:
                    self._venue.crowd.withdraw(order, now)
                self._shorten_queue(side, odds, target.get(odds, 0))
            fresh += [(side, odds, value) for odds, value in target.items() if odds not in shown]
        for side, odds, value in fresh:
            self._levels[side][odds] = value
            order = self._venue.crowd.enter(
                self._account, self.line, 1 - side, negate(odds), maker_stake(value, odds), now
            )
            if order is not None and order.live:
                self._orders[side][odds] = order

    def _on_ladder(self, side: Side) -> dict[Odds, Cents]:
        """Return a new dict with the recorded stakes of an outcome, by odds on the ladder."""
        prices = self._raw[side]
        known, levels = self._laddered[side]
        if known is not prices:
            levels = {}
            for price in prices:
                odds = self._tick(price.decimal)
                if odds is not None and price.stake:
                    levels[odds] = levels.get(odds, 0) + price.stake
            self._laddered[side] = (prices, levels)
        return levels.copy()

    def _uncross(self, wanted: tuple[dict[Odds, Cents], dict[Odds, Cents]], last_changed: Side) -> None:
        """Separate the price levels of the two outcomes if they would match each other. ``last_changed`` is the outcome
        with the newest price change. The best level of this outcome moves to shorter odds, tick by tick, until it
        cannot match the other outcome."""
        moved = wanted[last_changed]
        other = wanted[1 - last_changed]
        if not other:
            return
        best_other = max(other, key=per_hundred)
        while moved:
            best = max(moved, key=per_hundred)
            if not could_match(negate(best), negate(best_other)):
                return
            value = moved.pop(best)
            shorter = self._ladder.longer(best, -1)
            if shorter is not None:
                moved[shorter] = moved.get(shorter, 0) + value

    def _shorten_queue(self, side: Side, odds: Odds, value: Cents) -> None:
        level = self._venue.board.books[self.line].level(1 - side, negate(odds))
        if level is not None:
            for order in level.orders.values():
                order.queue_ahead = min(order.queue_ahead, value)

    # --- prints ---------------------------------------------------------------------------------------------------

    def _replay_print(self, trade: Trade, now: Instant) -> None:
        """Let the taker of a recorded trade (a print) take the user's wagers.

        The recording does not say which outcome the taker backed, so the book from just before the print decides. The
        price of the print is compared with the price shown for the recorded outcome. If the print is no better for a
        taker, the taker backed this outcome. Otherwise the taker backed the opposite outcome, at the complementary
        price.

        The complementary price is rounded to longer odds. The price of a print is often slightly shorter than the level
        that was taken. Such a print must not count as a trade beyond this level.
        """
        shown = self._raw[trade.side]
        if shown and trade.decimal <= shown[0].decimal:
            side, stake = trade.side, trade.stake
            odds = self._tick(trade.decimal)
        else:
            side = 1 - trade.side
            stake = round(trade.stake * (trade.decimal - 1.0))
            odds = self._ladder.at_most(1.0 - 1.0 / trade.decimal)
        if odds is None:
            return
        stake = self._take(side, odds, stake, now)
        if stake > 0:
            self._venue.board.announce_match(self.line, side, odds, stake, now)

    def _take(self, side: Side, odds: Odds, stake: Cents, now: Instant) -> Cents:
        """Let a taker who backs ``side`` at ``odds`` take the user's wagers. Wagers at better odds for the taker are
        taken first. Wagers at ``odds`` follow in the order of the queue. Returns the rest of the taker's stake, in
        cents."""
        book = self._venue.board.books[self.line]
        users = [order for order in book.resting(1 - side) if not order.account.wallet.unlimited]
        passed: Cents = 0
        at_price: list[Order] = []
        limit = per_hundred(odds)
        for order in users:
            offered = per_hundred(negate(order.odds))
            if offered < limit or stake <= 0:
                break
            if offered == limit:
                at_price.append(order)
                wait = min(stake, max(0, order.queue_ahead - passed))
                passed += wait
                stake -= wait
            if stake > 0:
                stake -= self._venue.crowd.take(self._account, order, stake, now)
        for order in at_price:
            order.queue_ahead = max(0, order.queue_ahead - passed)
        return stake + passed
