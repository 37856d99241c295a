"""An invented crowd: fair prices that wander, a house that rests orders around them, and takers, some of whom know.

Everything follows from a seed: each line has its own random numbers, so what one line does changes no other.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from random import Random
from typing import Final

import msgspec

from mmbot.domain.catalogue import (
    Line,
    LineKey,
    Market,
    MarketKey,
    Outcome,
    Player,
    SportEvent,
    Tournament,
    market_of,
)
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND, Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, Side, implied, stake_for_payout
from mmbot.simulator.board import NOT_STARTED
from mmbot.simulator.order import Order
from mmbot.simulator.venue import Venue


class BoardSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the invented market is like. Times in nanoseconds, money in cents, prices as probabilities."""

    events: int = 6
    """At most as many as there are fixtures."""
    first_start_ns: Duration = 6 * MINUTE
    """From the beginning to the first event's start; the second starts twice as long after that, and so on."""
    game_ns: Duration = 5 * MINUTE
    """How long an event is in play."""
    step_ns: Duration = SECOND
    """Of the wandering price, in which takers who know look ahead."""
    volatility: float = 0.008
    """Of a step before the start, in log-odds; in play three times this."""
    bound: float = 1.8
    """How far from even a price can wander, in log-odds."""
    refresh_ns: Duration = 2 * SECOND
    """Mean time between two looks of the house at one line."""
    half_width: float = 0.02
    """The house's best prices stand this far from the fair one."""
    level_step: float = 0.01
    levels: int = 4
    level_payout: Cents = 30_000
    """Mean stake plus profit of a house order at its best price; deeper ones are larger."""
    taker_ns: Duration = 8 * SECOND
    """Mean time between two takers on one line."""
    taker_payout: Cents = 6_000
    informed: float = 0.2
    """Share of the takers who know where the price will be."""
    foresight: int = 120
    """How many steps ahead they see."""
    push: float = 0.03
    """How often a spread or total that is a whole number ends on it."""


class _Fixture(msgspec.Struct, frozen=True):
    tournament: Tournament
    home: str
    away: str
    moneyline: int
    spread: int | None = None
    spread_number: int = 0
    total: int | None = None
    total_number: int = 0


_NBA: Final = Tournament(132, "NBA", "Basketball")
_NFL: Final = Tournament(31, "NFL", "American Football")
_MLB: Final = Tournament(109, "MLB", "Baseball")
_NHL: Final = Tournament(234, "NHL", "Ice Hockey")

FIXTURES: Final = (
    _Fixture(_NBA, "Riverton Herons", "Lakeside Comets", 219, 223, -14, 225, 886),
    _Fixture(_NFL, "Harbor City Anchors", "Iron Valley Rams", 219, 223, -12, 225, 178),
    _Fixture(_MLB, "Old Mill Badgers", "Sandpoint Gulls", 251, None, 0, 258, 30),
    _Fixture(_NHL, "Northgate Wolves", "Stonebridge Owls", 219),
    _Fixture(_NBA, "Maple Falls Kings", "Cedar Bay Rockets", 219, 223, 22, 225, 910),
    _Fixture(_MLB, "Granite Peak Miners", "Clearwater Herons", 251),
    _Fixture(_NFL, "Fairmont Bulls", "Eastport Sailors", 219, None, 0, 225, 186),
    _Fixture(_NHL, "Ridgefield Bears", "Westhaven Foxes", 219),
)
FIRST_EVENT: Final = 10_000_001

_FIRST_NAMES: Final = ("Ada", "Ben", "Cleo", "Dov", "Eli", "Finn", "Gus", "Hal")
_LAST_NAMES: Final = ("Alder", "Birch", "Cedar", "Elm", "Hazel", "Linden", "Maple", "Rowan")
_PLAYERS_A_TEAM: Final = 2

_STEP, _HOUSE, _TAKER, _START, _END = range(5)


class _Walk:
    """A bounded walk of a probability in log-odds, known some steps ahead."""

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
        """A step goes by."""
        self._values.popleft()
        self._grow()

    @property
    def now(self) -> float:
        """The probability of outcome 0."""
        return 1.0 / (1.0 + math.exp(-self._values[0]))

    @property
    def later(self) -> float:
        """The same at the end of what is foreseen."""
        return 1.0 / (1.0 + math.exp(-self._values[-1]))


class _Traded:
    """A line with its price, its random numbers and the house's orders on it."""

    __slots__ = ("house", "key", "rng", "walk", "whole")

    def __init__(self, key: LineKey, whole: bool, rng: Random, walk: _Walk) -> None:
        self.key = key
        self.whole = whole
        self.rng = rng
        self.walk = walk
        self.house: tuple[dict[Odds, Order], dict[Odds, Order]] = ({}, {})
        """By the side that they back."""


class SyntheticCrowd:
    """Lists the fixtures, trades them, starts them, ends them and settles them."""

    def __init__(self, venue: Venue, board: BoardSettings, seed: int, start: Instant) -> None:
        if not 1 <= board.events <= len(FIXTURES):
            raise ValueError(f"events: {board.events}, there are fixtures for 1 to {len(FIXTURES)}")
        self._venue = venue
        self._board = board
        self._seed = seed
        self._ladder = Ladder(venue.settings.ladder)
        self._house = venue.open_account("house", 0, unlimited=True)
        self._takers = venue.open_account("takers", 0, unlimited=True)
        self._due: list[tuple[Instant, int, int, _Traded | int]] = []
        self._counted = 0
        self._lines: dict[int, list[_Traded]] = {}
        for number, fixture in enumerate(FIXTURES[: board.events]):
            self._list(FIRST_EVENT + number, fixture, start + board.first_start_ns * (2 ** (number + 1) - 1), start)

    def next_due(self) -> Instant | None:
        """When something happens next."""
        return self._due[0][0] if self._due else None

    @property
    def finished(self) -> bool:
        """Whether every event has its result."""
        return not self._due

    def advance(self, now: Instant) -> None:
        """Let happen what is due."""
        while self._due and self._due[0][0] <= now:
            at, _, kind, what = heapq.heappop(self._due)
            if isinstance(what, int):
                if kind == _START:
                    self._start(what, at)
                else:
                    self._end(what, at)
            elif not self._venue.concluded(market_of(what.key)):
                self._act(kind, what, at)

    def fair(self, line: LineKey) -> float:
        """The true probability of outcome 0 now: for tests and pictures. Raises KeyError for an unknown line."""
        for traded in self._lines[line.event]:
            if traded.key == line:
                return traded.walk.now
        raise KeyError(line)

    # --- the board ------------------------------------------------------------------------------------------------

    def _list(self, event_id: int, fixture: _Fixture, starts: Instant, now: Instant) -> None:
        tournament = fixture.tournament
        if tournament not in self._venue.tournaments():
            self._venue.add_tournament(tournament, now)
        teams = (fixture.home, fixture.away)
        self._venue.add_event(
            SportEvent(
                event_id,
                tournament.tournament_id,
                f"{fixture.away} at {fixture.home}",
                NOT_STARTED,
                starts,
                tournament.sport_name,
                tournament.name,
                competitors=teams,
            ),
            now,
        )
        self._lines[event_id] = []
        ids = (event_id * 10 % 1_000_000, event_id * 10 % 1_000_000 + 1)
        for place in range(2 * _PLAYERS_A_TEAM):
            number = (event_id - FIRST_EVENT) * 2 * _PLAYERS_A_TEAM + place
            name = f"{_FIRST_NAMES[number % 8]} {_LAST_NAMES[number // 8 % 8]}"
            player = Player(700_001 + number, name, ids[place // _PLAYERS_A_TEAM])
            self._venue.add_player(tournament.tournament_id, player)
        home = Outcome(4, "", fixture.home, ids[0])
        away = Outcome(5, "", fixture.away, ids[1])
        self._add(event_id, fixture.moneyline, "moneyline", "Moneyline", 0, (home, away), now)
        if fixture.spread is not None:
            points = fixture.spread_number / 4
            spread = (
                Outcome(1714, "", f"{fixture.home} {points:+g}", ids[0]),
                Outcome(1715, "", f"{fixture.away} {-points:+g}", ids[1]),
            )
            self._add(event_id, fixture.spread, "spread", "Spread", fixture.spread_number, spread, now)
        if fixture.total is not None:
            points = fixture.total_number / 4
            total = (Outcome(13, "", f"under {points:g}"), Outcome(12, "", f"over {points:g}"))
            self._add(event_id, fixture.total, "total", "Total", fixture.total_number, total, now)
        self._schedule(starts, _START, event_id)
        self._schedule(starts + self._board.game_ns, _END, event_id)

    def _add(
        self,
        event: int,
        market: int,
        kind: str,
        name: str,
        number: int,
        outcomes: tuple[Outcome, Outcome],
        now: Instant,
    ) -> None:
        key = LineKey(event, market, number)
        line = Line(key, outcomes, f"Fixed {kind} {number / 4:g}" if number else "", favourite=True)
        self._venue.add_market(Market(MarketKey(event, market), name, kind, kind, "Game Lines", lines=(line,)), now)
        rng = Random(f"{self._seed}/{event}/{market}/{number}")
        spread_of_prices = 0.8 if kind == "moneyline" else 0.15
        walk = _Walk(rng, max(-1.2, min(1.2, rng.gauss(0.0, spread_of_prices))), self._board)
        traded = _Traded(key, bool(number) and number % 4 == 0, rng, walk)
        self._lines[event].append(traded)
        self._schedule(now, _HOUSE, traded)
        self._schedule(now + self._board.step_ns, _STEP, traded)
        self._schedule(now + self._wait(traded, self._board.taker_ns), _TAKER, traded)

    def _schedule(self, at: Instant, kind: int, what: _Traded | int) -> None:
        self._counted += 1
        heapq.heappush(self._due, (at, self._counted, kind, what))

    @staticmethod
    def _wait(traded: _Traded, mean: Duration) -> Duration:
        return max(MILLISECOND, min(round(traded.rng.expovariate(1.0) * mean), HOUR))

    # --- what happens ---------------------------------------------------------------------------------------------

    def _start(self, event_id: int, now: Instant) -> None:
        if not self._venue.is_live(event_id) and not self._over(event_id):
            self._venue.go_live(event_id, now)
        for traded in self._lines[event_id]:
            traded.walk.volatility = 3 * self._board.volatility

    def _over(self, event_id: int) -> bool:
        return all(self._venue.concluded(market_of(traded.key)) for traded in self._lines[event_id])

    def _end(self, event_id: int, now: Instant) -> None:
        for traded in self._lines[event_id]:
            market = market_of(traded.key)
            if self._venue.concluded(market):
                continue
            winner: Side | None = 0 if traded.rng.random() < traded.walk.now else 1
            if traded.whole and traded.rng.random() < self._board.push:
                winner = None
            self._venue.settle(market, winner, now)

    def _act(self, kind: int, traded: _Traded, now: Instant) -> None:
        board = self._board
        if kind == _STEP:
            traded.walk.step()
            self._schedule(now + board.step_ns, _STEP, traded)
        elif kind == _HOUSE:
            self._quote(traded, now)
            self._schedule(now + self._wait(traded, board.refresh_ns), _HOUSE, traded)
        else:
            self._take(traded, now)
            self._schedule(now + self._wait(traded, board.taker_ns), _TAKER, traded)

    def _quote(self, traded: _Traded, now: Instant) -> None:
        """The house moves its orders to where the price is; what stands at a price that it still wants, it leaves."""
        board = self._board
        wanted: tuple[dict[Odds, int], dict[Odds, int]] = ({}, {})
        for side in (0, 1):
            fair = traded.walk.now if side == 0 else 1.0 - traded.walk.now
            for depth in range(board.levels):
                odds = self._ladder.at_most(fair - board.half_width - depth * board.level_step)
                if odds is not None and fair - board.half_width - depth * board.level_step > 0.01:
                    wanted[side].setdefault(odds, depth)
        for side in (0, 1):
            orders = traded.house[side]
            for odds in [odds for odds, order in orders.items() if odds not in wanted[side] or not order.live]:
                self._venue.pull(orders.pop(odds), now)
        for side in (0, 1):
            for odds, depth in wanted[side].items():
                if odds in traded.house[side]:
                    continue
                payout = round(board.level_payout * (1.0 + 0.5 * depth) * traded.rng.uniform(0.5, 1.5))
                stake = stake_for_payout(payout, odds)
                order = self._venue.rest(self._house, traded.key, side, odds, stake, now)
                if order is not None and order.live:
                    traded.house[side][odds] = order

    def _take(self, traded: _Traded, now: Instant) -> None:
        """Someone comes: one who knows takes what the price will leave behind; the others take what is not too dear."""
        board = self._board
        rng = traded.rng
        informed = rng.random() < board.informed
        side: Side = 1 if rng.random() < 0.5 else 0
        payout = round(board.taker_payout * rng.uniform(0.3, 2.0))
        if informed:
            side = 0 if traded.walk.later > traded.walk.now else 1
        worth = traded.walk.later if informed else traded.walk.now
        worth = worth if side == 0 else 1.0 - worth
        levels = self._venue.book(traded.key).sides[side]
        if not levels:
            return
        odds = levels[0].odds
        dearest = worth - 0.005 if informed else worth + 2.0 * board.half_width
        if implied(odds) > dearest:
            return
        stake = stake_for_payout(payout * 2 if informed else payout, odds)
        self._venue.rest(self._takers, traded.key, side, odds, stake, now, rest=False)
