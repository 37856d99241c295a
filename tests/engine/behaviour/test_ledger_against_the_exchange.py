"""The ledger compared with the matching engine of the local exchange: equal wagers, matches, profit and commission, to
the cent, as maker and as taker, through cancels, wipes, results, voids and corrections."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent, Tournament
from mmbot.domain.instant import HOUR, MILLISECOND, SECOND
from mmbot.domain.position import Position
from mmbot.domain.wager import MatchDetail, Status, WagerReport
from mmbot.engine.requests import Placement
from mmbot.engine.wagers.ledger import Ledger
from mmbot.exchange.dialects import dialect_of
from mmbot.simulator.venue.changes import WagerChanged
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.venue.venue import Venue

START = 1_800_000_000 * SECOND
BALANCE = 100_000_000
ERRORS = dialect_of("legacy").errors
MARKETS = [MarketKey(7, 219), MarketKey(7, 225)]
LINES = [LineKey(7, 219, 0), LineKey(7, 225, 886)]
ODDS = [-180, -131, -110, -101, 100, 105, 113, 140, 210]


def report(wager: VenueWager, match: tuple[int, int] | None = None, sequence: int = 0) -> WagerReport:
    return WagerReport(
        wager_id=wager.wager_id,
        external_id=wager.external_id,
        sport_event_id=wager.line.sport_event,
        market_id=wager.line.market,
        line_id=wager.line_id,
        odds=wager.odds,
        stake=wager.stake,
        status=wager.status,
        matching=wager.matching,
        winning=wager.winning,
        matched=wager.matched,
        match_stake=match[0] if match else None,
        match_odds=match[1] if match else None,
        sequence=sequence,
    )


class Day:
    """A bot that places and cancels at random, a crowd that matches it, and a feed that loses messages."""

    def __init__(self, seed: int, loss: float, maker_wins: str) -> None:
        self.random = random.Random(seed)
        self.loss = loss
        self.now = START
        self.venue = venue = Venue(VenueSettings(maker_wins=maker_wins), seed=1)
        venue.advance(START)
        venue.add_tournament(Tournament(132, "NBA", "Basketball"), START)
        venue.add_sport_event(SportEvent(7, 132, "Away at Home", "not_started", START + HOUR), START)
        for market, line in zip(MARKETS, LINES, strict=True):
            outcomes = (Outcome(4, "", "Home"), Outcome(5, "", "Away"))
            venue.add_market(Market(market, "m", "moneyline", "moneyline", lines=(Line(line, outcomes),)), START)
        self.us = venue.open_account("us", BALANCE)
        self.crowd = venue.open_account("crowd", 0, unlimited=True)
        self.ledger = Ledger(0.02)
        self.count = 0
        venue.drain()

    def hear(self) -> None:
        for message in self.venue.drain():
            if isinstance(message, WagerChanged) and message.account == self.us and self.random.random() >= self.loss:
                match = None
                if message.match_stake is not None and message.match_odds is not None:
                    match = (message.match_stake, message.match_odds)
                copy = report(message.wager, match, message.sequence)
                self.ledger.take_report(copy, True, self.now, self.venue.find_line)
                if self.random.random() < 0.2:
                    self.ledger.take_report(copy, True, self.now, self.venue.find_line)

    def wait(self, duration: int) -> None:
        self.now += duration
        self.venue.advance(self.now)
        self.hear()

    def place(self) -> None:
        self.count += 1
        key = f"r1-fv-{self.count}"
        line, side = self.random.choice(LINES), self.random.choice([0, 1])
        line_id = self.venue.line_id(line.sport_event, line.market, line.number, side)
        odds, stake = self.random.choice(ODDS), self.random.randrange(100, 9000)
        kill = self.random.random() < 0.3
        self.ledger.sent(Placement(key, line_id, odds, stake, kill), line, side, kill, self.now)
        try:
            taken = self.venue.place(self.us, key, line_id, odds, stake, self.now, "fillOrKill" if kill else None)
        except VenueError as error:
            self.ledger.rejected(key, ERRORS.reason_of(error.status, error.code), self.now)
            return
        if self.random.random() < 0.2:
            self.ledger.lost(key, self.now)
        else:
            self.ledger.accepted(key, report(taken), self.now)

    def cross(self) -> None:
        line, side = self.random.choice(LINES), self.random.choice([0, 1])
        self.venue.crowd.enter(
            self.crowd, line, side, self.random.choice(ODDS), self.random.randrange(1, 4000), self.now,
            rest=self.random.random() < 0.7,
        )  # fmt: skip

    def cancel(self) -> None:
        ready = [wager for wager in self.ledger.all_live() if wager.opened_at is not None]
        if not ready:
            return
        wager = self.random.choice(ready)
        key = wager.external_id
        self.ledger.cancel_sent(key, self.now)
        try:
            self.venue.cancel(self.us, str(wager.wager_id), key, self.now)
        except VenueError as error:
            self.ledger.cancel_rejected(key, ERRORS.reason_of(error.status, error.code), self.now)
        else:
            self.ledger.cancel_accepted(key, self.now)

    def trade(self, steps: int) -> None:
        for _ in range(steps):
            self.random.choices([self.place, self.cross, self.cancel], [4, 8, 1])[0]()
            self.hear()
            self.wait(self.random.choice([0, MILLISECOND, 60 * MILLISECOND, 300 * MILLISECOND]))

    def reconcile(self) -> None:
        """Wait until every placement is open or ended, and read every wager and every missing matching detail."""
        self.wait(10 * SECOND)
        for wager in self.venue.wagers(self.us):
            self.ledger.take_report(report(wager), False, self.now, self.venue.find_line, self.now)
        for held in list(self.ledger.wagers()):
            if held.matches is not None and held.matches.wants_detail:
                matches = self.venue.matches(self.us, [str(held.wager_id)])
                details = [MatchDetail(each.wager_id, each.stake, each.odds, each.win) for each in matches]
                self.ledger.detail(str(held.wager_id), details)

    def check(self) -> None:
        positions = {line: Position() for line in LINES}
        locked = dict.fromkeys(LINES, 0)
        for theirs in self.venue.wagers(self.us):
            ours = self.ledger.get(theirs.external_id)
            assert ours is not None
            over = theirs.status in (Status.SETTLED, Status.CLOSED, Status.MANUALLY_SETTLED, Status.VOID)
            if theirs.status is not Status.VOID:
                assert (ours.matched, ours.win) == (theirs.matched, theirs.match_win)
            assert ours.remaining == theirs.unmatched
            matched, win = (0, 0) if over else (theirs.matched, theirs.match_win)
            positions[theirs.line].move(theirs.side, theirs.unmatched, matched, win)
            locked[theirs.line] += matched
        for line, position in positions.items():
            assert self.ledger.positions.get(line, Position()) == position
        assert self.ledger.totals.locked == {line: stake for line, stake in locked.items() if stake}
        assert self.ledger.totals.locked_in_all == sum(locked.values())
        wallet = self.venue.wallet(self.us)
        assert self.ledger.commission == wallet.commission
        assert wallet.balance + wallet.staked == BALANCE + self.ledger.realised - self.ledger.commission
        assert self.ledger.outstanding == self.venue.balance(self.us).unmatched


@settings(max_examples=40)
@given(
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.0, 0.3]),
    st.lists(st.integers(0, 4), max_size=3),
    st.sampled_from(["takers_stake", "half_up"]),
)
def test_wagers_matches_profit_and_commission_equal_those_of_the_exchange(
    seed: int, loss: float, fates: list[int], maker_wins: str
) -> None:
    day = Day(seed, loss, maker_wins)
    day.trade(50)
    if not loss:
        day.wait(10 * SECOND)
        day.hear()
        assert day.ledger.estimated() == [], "with nothing lost, the messages tell every match"
    day.reconcile()
    day.check()
    day.trade(15)
    for market, fate in zip(MARKETS * 2, fates, strict=False):
        if fate == 4:
            day.venue.void(market, day.now)
        elif day.venue.concluded(market):
            day.venue.correct(market, fate if fate < 2 else None, day.now)
        else:
            day.venue.settle(market, fate if fate < 2 else None, day.now)
        day.hear()
        day.reconcile()
        day.check()
