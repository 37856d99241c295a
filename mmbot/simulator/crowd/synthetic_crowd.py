"""A synthetic crowd. Fair prices move at random. A simulated market maker ("the house") quotes around the fair prices,
and takers trade with this market maker. Some takers know the future price.

One random seed decides everything. Each line has its own random numbers, so a change on one line does not affect
another line.
"""

from __future__ import annotations

import math
from collections import deque
from functools import partial
from random import Random
from typing import Final

import msgspec

from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND, Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, Side, implied, profit, stake_for_payout
from mmbot.simulator.crowd import fixtures
from mmbot.simulator.crowd.fixtures import Fixture, Offer
from mmbot.simulator.venue.accounts.order import Order
from mmbot.simulator.venue.board.board import POSTPONED
from mmbot.simulator.venue.records import ShownLevel
from mmbot.simulator.venue.timers import Timers
from mmbot.simulator.venue.venue import Venue


class BoardSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the synthetic markets. Times are in nanoseconds, money is in cents, and prices are probabilities."""

    full: bool = False
    """True for the full board, with every sort of market that the bot has to tell apart. False for the plain board,
    whose markets have one line each."""
    sport_events: int | None = None
    """The number of sport events to list, from the top of the board. If it is None, the plain board lists six sport
    events, and the full board lists all its sport events."""
    first_start_ns: Duration = 6 * MINUTE
    """The time from the start of the run to the start of the first sport event. The interval to the second start is
    twice as long. Each further interval is twice the interval before it."""
    game_ns: Duration = 5 * MINUTE
    """The time for which a sport event is in play."""
    step_ns: Duration = SECOND
    """The time between two changes of the fair price."""
    volatility: float = 0.008
    """The standard deviation of one change of the fair price before the sport event starts, in log-odds. In play the
    standard deviation is three times this value."""
    bound: float = 1.8
    """The greatest distance between the fair price of the favourite line and even odds, in log-odds."""
    refresh_ns: Duration = 2 * SECOND
    """The mean time between two updates of the simulated market maker's quotes on a line."""
    half_width: float = 0.02
    """The distance of the simulated market maker's best prices from the fair price, in probability."""
    level_step: float = 0.01
    levels: int = 4
    level_payout: Cents = 30_000
    """The mean payout (stake plus profit) of the simulated market maker's orders at its best price, in cents. Its
    orders at worse prices are larger."""
    taker_ns: Duration = 8 * SECOND
    """The mean time between the arrivals of two takers on the same line."""
    taker_payout: Cents = 6_000
    informed: float = 0.2
    """The share of takers who know the future price, from 0 to 1."""
    foresight: int = 120
    """The number of future price changes that informed takers know."""
    push: float = 0.03
    """The probability of a push (no winner) if the line of a point spread or total is a whole number."""


FIRST_SPORT_EVENT: Final = 10_000_001

_DRAW: Final = 0.26
"""The probability of the draw in a market with three outcomes. The moving fair price divides the rest between the
outcomes that are not the draw."""

_PLAIN_SPORT_EVENTS: Final = 6
"""The number of sport events that the plain board lists by default."""

_STEP, _HOUSE, _TAKER = range(3)


class _PriceWalk:
    """A random walk of the fair price in log-odds, within a bound. The next steps are drawn in advance, so that
    informed takers can know them. The lines of a market share one walk."""

    def __init__(self, rng: Random, first: float, board: BoardSettings) -> None:
        self._rng = rng
        self._bound = board.bound
        self._ahead = board.foresight
        self._values: deque[float] = deque([first])
        self.volatility = board.volatility
        self._grow()

    def _grow(self) -> None:
        while len(self._values) <= self._ahead:
            value = self._values[-1] + self._rng.gauss(0.0, self.volatility)
            value = max(-2 * self._bound - value, value) if value < -self._bound else value
            value = min(2 * self._bound - value, value) if value > self._bound else value
            self._values.append(value)

    def step(self) -> None:
        """Move the present price to the next step of the walk."""
        self._values.popleft()
        self._grow()

    def now(self, shift: float = 0.0) -> float:
        """Return the present probability of outcome 0 on a line. ``shift`` is the log-odds of outcome 0 on this line
        minus those on the market's favourite line."""
        return 1.0 / (1.0 + math.exp(-self._values[0] - shift))

    def later(self, shift: float = 0.0) -> float:
        """Return the future probability of outcome 0 on a line, at the most distant step drawn in advance. ``shift`` is
        the log-odds of outcome 0 on this line minus those on the market's favourite line."""
        return 1.0 / (1.0 + math.exp(-self._values[-1] - shift))


class _TradedLine:
    """A line on which the crowd trades. It has a fair price, random numbers, and the simulated market maker's
    orders."""

    __slots__ = ("house", "key", "leads", "outcomes", "rng", "shift", "walk", "whole")

    def __init__(self, key: LineKey, outcomes: int, shift: float, rng: Random, walk: _PriceWalk, leads: bool) -> None:
        self.key = key
        self.outcomes = outcomes
        self.shift = shift
        """The log-odds of outcome 0 on the line minus the log-odds of outcome 0 on the market's favourite line."""
        self.rng = rng
        self.walk = walk
        self.leads = leads
        """True for the favourite line of a market. The favourite line drives the random walk that all lines of the
        market share. It also decides the result."""
        self.whole = bool(key.number) and key.number % 4 == 0
        self.house: tuple[dict[Odds, Order], dict[Odds, Order]] = ({}, {})
        """The simulated market maker's orders by odds, with one dict for the orders on each outcome."""

    @property
    def now(self) -> float:
        """The present probability of outcome 0."""
        return self.walk.now(self.shift)

    @property
    def later(self) -> float:
        """The future probability of outcome 0, at the most distant step of the walk drawn in advance."""
        return self.walk.later(self.shift)


class SyntheticCrowd:
    """The synthetic crowd. It lists sport events, trades on them, starts them, ends them and settles their markets."""

    def __init__(self, venue: Venue, board: BoardSettings, seed: int, start: Instant) -> None:
        listed = fixtures.FULL if board.full else fixtures.PLAIN
        sport_events = (
            board.sport_events if board.sport_events is not None else len(listed) if board.full else _PLAIN_SPORT_EVENTS
        )
        if not 1 <= sport_events <= len(listed):
            raise ValueError(
                f"sport_events: {sport_events} asked for, but this board has fixtures for 1 to {len(listed)}"
            )
        self._venue = venue
        self._board = board
        self._seed = seed
        self._ladder = Ladder(venue.ladder)
        self._ladder_odds = venue.ladder
        self._house = venue.open_account("house", 0, unlimited=True)
        self._takers = venue.open_account("takers", 0, unlimited=True)
        self._timers = Timers()
        self._lines: dict[int, list[_TradedLine]] = {}
        self.results: dict[MarketKey, Side | None] = {}
        """The winning outcome of each market that has a result, on the favourite line of the market. The value None
        means a push (no winner)."""
        self._plans: dict[int, tuple[Instant, bool]] = {}
        """The schedule of each sport event when its timers were set: the start time, and True if the sport event was
        postponed."""
        for number, fixture in enumerate(listed[:sport_events]):
            self.add(fixture, start + board.first_start_ns * (2 ** (number + 1) - 1), start)

    def next_due(self) -> Instant | None:
        """The time of the crowd's next action. None if the crowd has no more actions."""
        return self._timers.next_due()

    @property
    def finished(self) -> bool:
        """True if every sport event has its result."""
        return self._timers.next_due() is None

    def advance(self, now: Instant) -> None:
        """Carry out every action whose time is at or before ``now``."""
        while (item := self._timers.take(now)) is not None:
            at, action = item
            action(at)

    def fair(self, line: LineKey) -> float:
        """Return the present true probability of outcome 0 on a line, for tests and pictures. Raises KeyError if the
        line does not exist."""
        for traded in self._lines[line.sport_event]:
            if traded.key == line:
                return traded.now
        raise KeyError(line)

    # --- the board ---------------------------------------------------------------------------------------------

    def add(self, fixture: Fixture, starts: Instant, now: Instant, *, listed: bool = True) -> int:
        """Create a sport event and return its id. The crowd trades on it until its result, even while it is not
        listed."""
        sport_event_id = FIRST_SPORT_EVENT + len(self._lines)
        venue, tournament = self._venue, fixture.tournament
        if tournament not in venue.tournaments():
            venue.add_tournament(tournament, now)
        venue.add_sport_event(fixtures.sport_event(fixture, sport_event_id, starts), now, listed=listed)
        self._lines[sport_event_id] = []
        for player in fixtures.players(fixture, sport_event_id, 4 * (len(self._lines) - 1)):
            venue.board.add_player(tournament.tournament_id, player)
        for offer in fixture.offers:
            self._add(fixture, offer, sport_event_id, now)
        self._plan(sport_event_id, now)
        return sport_event_id

    def _add(self, fixture: Fixture, offer: Offer, sport_event: int, now: Instant) -> None:
        market = fixtures.market(fixture, offer, sport_event)
        self._venue.add_market(market, now)
        favourite = offer.numbers[0]
        rng = Random(f"{self._seed}/{sport_event}/{offer.market}/{favourite}")
        price_deviation = 0.15 if offer.kind in ("spread", "total") else 0.8
        walk = _PriceWalk(rng, max(-1.2, min(1.2, rng.gauss(0.0, price_deviation))), self._board)
        for line in market.lines:
            number = line.key.number
            leads = number == favourite
            own = rng if leads else Random(f"{self._seed}/{sport_event}/{offer.market}/{number}")
            shift = (number - favourite) / 4 * offer.slope
            traded = _TradedLine(line.key, len(line.outcomes), shift, own, walk, leads)
            self._lines[sport_event].append(traded)
            self._timers.add(now, partial(self._run, _HOUSE, traded))
            if leads:
                self._timers.add(now + self._board.step_ns, partial(self._run, _STEP, traded))
            if traded.outcomes == 2:
                self._timers.add(now + self._wait(traded, self._board.taker_ns), partial(self._run, _TAKER, traded))

    def _plan(self, sport_event_id: int, now: Instant) -> None:
        """Set the timers for a sport event's start and end, unless they are already set for its present schedule."""
        sport_event = self._venue.sport_event(sport_event_id)
        assert sport_event.scheduled is not None
        plan = (sport_event.scheduled, sport_event.status == POSTPONED)
        if self._plans.get(sport_event_id) == plan:
            return
        self._plans[sport_event_id] = plan
        if not plan[1]:
            self._timers.add(max(now, sport_event.scheduled), partial(self._start, sport_event_id))
            self._timers.add(max(now, sport_event.scheduled) + self._board.game_ns, partial(self._end, sport_event_id))

    @staticmethod
    def _wait(traded: _TradedLine, mean: Duration) -> Duration:
        return max(MILLISECOND, min(round(traded.rng.expovariate(1.0) * mean), HOUR))

    # --- acts ---------------------------------------------------------------------------------------------------------

    def _is_due(self, sport_event_id: int, at: Instant) -> bool:
        """True if the sport event is not postponed and its scheduled start is at or before ``at``."""
        scheduled, postponed = self._plans[sport_event_id]
        sport_event = self._venue.sport_event(sport_event_id)
        return not postponed and sport_event.status != POSTPONED and at >= scheduled

    def _start(self, sport_event_id: int, now: Instant) -> None:
        self._plan(sport_event_id, now)
        if not self._is_due(sport_event_id, now):
            return
        if not self._venue.board.in_play(sport_event_id) and not self._over(sport_event_id):
            self._venue.go_live(sport_event_id, now)
        for traded in self._lines[sport_event_id]:
            traded.walk.volatility = 3 * self._board.volatility

    def _over(self, sport_event_id: int) -> bool:
        return all(self._venue.concluded(market_of(traded.key)) for traded in self._lines[sport_event_id])

    def _end(self, sport_event_id: int, now: Instant) -> None:
        self._plan(sport_event_id, now)
        if not self._is_due(sport_event_id, now - self._board.game_ns):
            return
        for traded in self._lines[sport_event_id]:
            market = market_of(traded.key)
            if not traded.leads or self._venue.concluded(market):
                continue
            drawn = traded.rng.random()
            pushed = traded.whole and traded.rng.random() < self._board.push
            if pushed:
                drawn = traded.now  # exactly on the line's number: lines with other numbers are won or lost
            result: dict[int, Side | None] = {
                line.key.number: 0 if drawn < line.now else 1
                for line in self._lines[sport_event_id]
                if market_of(line.key) == market
            }
            if pushed:
                result[traded.key.number] = None
            self._venue.settle(market, result, now)
            self.results[market] = result[traded.key.number]

    def _run(self, kind: int, traded: _TradedLine, now: Instant) -> None:
        board = self._board
        if self._venue.concluded(market_of(traded.key)):
            return
        if kind == _STEP:
            self._plan(traded.key.sport_event, now)
            traded.walk.step()
            self._timers.add(now + board.step_ns, partial(self._run, _STEP, traded))
        elif kind == _HOUSE:
            if traded.outcomes == 2:
                self._quote(traded, now)
            else:
                self._post(traded, now)
            self._timers.add(now + self._wait(traded, board.refresh_ns), partial(self._run, _HOUSE, traded))
        else:
            self._take(traded, now)
            self._timers.add(now + self._wait(traded, board.taker_ns), partial(self._run, _TAKER, traded))

    def _quote(self, traded: _TradedLine, now: Instant) -> None:
        """Move the simulated market maker's orders to the present fair price. Orders with the right odds stay."""
        board = self._board
        if self._venue.ladder is not self._ladder_odds:
            self._ladder_odds = self._venue.ladder
            self._ladder = Ladder(self._ladder_odds)
        wanted: tuple[dict[Odds, int], dict[Odds, int]] = ({}, {})
        for side in (0, 1):
            fair = traded.now if side == 0 else 1.0 - traded.now
            for depth in range(board.levels):
                odds = self._ladder.at_most(fair - board.half_width - depth * board.level_step)
                if odds is not None and fair - board.half_width - depth * board.level_step > 0.01:
                    wanted[side].setdefault(odds, depth)
        for side in (0, 1):
            orders = traded.house[side]
            for odds in [odds for odds, order in orders.items() if odds not in wanted[side] or not order.live]:
                self._venue.crowd.withdraw(orders.pop(odds), now)
        for side in (0, 1):
            for odds, depth in wanted[side].items():
                if odds in traded.house[side]:
                    continue
                payout = round(board.level_payout * (1.0 + 0.5 * depth) * traded.rng.uniform(0.5, 1.5))
                stake = stake_for_payout(payout, odds)
                order = self._venue.crowd.enter(self._house, traded.key, side, odds, stake, now)
                if order is not None and order.live:
                    traded.house[side][odds] = order

    def _post(self, traded: _TradedLine, now: Instant) -> None:
        """Show prices around the probabilities of a market's three outcomes. The crowd does not trade in such a
        market."""
        board = self._board
        first = (1.0 - _DRAW) * traded.now
        sides: list[tuple[ShownLevel, ...]] = []
        for worth in (first, _DRAW, 1.0 - _DRAW - first):
            levels: list[ShownLevel] = []
            for depth in range(board.levels):
                odds = self._ladder.at_least(worth + board.half_width + depth * board.level_step)
                if odds is None or any(level.odds == odds for level in levels):
                    continue
                value = round(board.level_payout * implied(odds) * traded.rng.uniform(0.5, 1.5))
                levels.append(ShownLevel(odds, value, max(1, profit(value, odds)), now))
            sides.append(tuple(levels))
        self._venue.board.show_levels(traded.key, tuple(sides), now)

    def _take(self, traded: _TradedLine, now: Instant) -> None:
        """Let one taker act. An informed taker takes a price that is cheap compared with the future fair price. Any
        other taker takes a price that is only a little worse than the present fair price."""
        board = self._board
        rng = traded.rng
        informed = rng.random() < board.informed
        side: Side = 1 if rng.random() < 0.5 else 0
        payout = round(board.taker_payout * rng.uniform(0.3, 2.0))
        if informed:
            side = 0 if traded.later > traded.now else 1
        worth = traded.later if informed else traded.now
        worth = worth if side == 0 else 1.0 - worth
        levels = self._venue.book(traded.key).sides[side]
        if not levels:
            return
        odds = levels[0].odds
        dearest = worth - 0.005 if informed else worth + 2.0 * board.half_width
        if implied(odds) > dearest:
            return
        stake = stake_for_payout(payout * 2 if informed else payout, odds)
        self._venue.crowd.enter(self._takers, traded.key, side, odds, stake, now, rest=False)
