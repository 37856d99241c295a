"""A venue with one sport event and two lines, for tests that are the crowd themselves. Time moves when a test moves
it."""

from __future__ import annotations

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent, Tournament
from mmbot.domain.instant import HOUR, MILLISECOND, SECOND, Duration, Instant
from mmbot.simulator.venue.changes import Announcement, WagerChanged
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.venue.venue import Venue

START: Instant = 1_800_000_000 * SECOND
SPORT_EVENT = 7001
MONEYLINE, TOTAL = MarketKey(SPORT_EVENT, 219), MarketKey(SPORT_EVENT, 225)
LINE, TOTAL_LINE = LineKey(SPORT_EVENT, 219, 0), LineKey(SPORT_EVENT, 225, 886)


class Bench:
    """Sessions are ``a``, ``b`` and ``c``; ``crowd`` is unlimited."""

    def __init__(self, settings: VenueSettings | None = None, balance: int = 10_000_000) -> None:
        self.now = START
        self.venue = venue = Venue(settings or VenueSettings(), seed=5)
        venue.advance(START)
        venue.add_tournament(Tournament(132, "NBA", "Basketball"), START)
        venue.add_sport_event(SportEvent(SPORT_EVENT, 132, "Away at Home", "not_started", START + HOUR), START)
        for market, line, kind in ((MONEYLINE, LINE, "moneyline"), (TOTAL, TOTAL_LINE, "total")):
            outcomes = (Outcome(4, "", "Home"), Outcome(5, "", "Away"))
            venue.add_market(Market(market, kind, kind, kind, lines=(Line(line, outcomes),)), START)
        self.a = venue.open_account("a", balance)
        self.b = venue.open_account("b", balance)
        self.c = venue.open_account("c", balance)
        self.crowd = venue.open_account("crowd", 0, unlimited=True)
        self.count = 0
        venue.drain()

    def wait(self, duration: Duration = 200 * MILLISECOND) -> None:
        """Let time pass: by default until what was placed is open."""
        self.now += duration
        self.venue.advance(self.now)

    def line_id(self, side: int, line: LineKey = LINE) -> str:
        return self.venue.line_id(line.sport_event, line.market, line.number, side)

    def send(
        self, account: str, side: int, odds: int, stake: int, strategy: str | None = None, line: LineKey = LINE
    ) -> VenueWager:
        """Place and do not wait."""
        self.count += 1
        return self.venue.place(account, f"w-{self.count}", self.line_id(side, line), odds, stake, self.now, strategy)

    def place(
        self, account: str, side: int, odds: int, stake: int, strategy: str | None = None, line: LineKey = LINE
    ) -> VenueWager:
        """Place and wait until it is open."""
        wager = self.send(account, side, odds, stake, strategy, line)
        self.wait()
        return self.again(wager)

    def again(self, wager: VenueWager) -> VenueWager:
        return self.venue.wager(wager.account, wager.wager_id)

    def cancel(self, wager: VenueWager) -> VenueWager:
        return self.venue.cancel(wager.account, wager.wager_id, wager.external_id, self.now)

    def told(self, wager: VenueWager) -> list[WagerChanged]:
        """Return the messages about a wager since the last drain."""
        return [
            message
            for message in self.drained()
            if isinstance(message, WagerChanged) and message.wager.wager_id == wager.wager_id
        ]

    def drained(self) -> list[Announcement]:
        return self.venue.drain()

    def side(self, side: int, line: LineKey = LINE) -> list[tuple[int, int, int]]:
        """Return the levels shown under an outcome: (odds, value, stake)."""
        return [(level.odds, level.value, level.stake) for level in self.venue.book(line).sides[side]]
