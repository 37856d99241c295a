"""Unknown placements: they count in full, and are absent only after a complete history read."""

from __future__ import annotations

from engine_scene import START, Fixed, Scene, lose
from msgspec.structs import replace

from mmbot.backtest.faults import Fate
from mmbot.backtest.link import Delays
from mmbot.domain.book import Book
from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome
from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.books.catalogue import Catalogue
from mmbot.engine.wagers.ledger import Ledger
from mmbot.simulator.venue.settings import VenueSettings


def test_a_placement_is_absent_only_if_every_history_page_is_complete_past_its_end() -> None:
    """The first page shows the history before the placement; only the last page is complete past it."""
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), venue=VenueSettings(history_lag_ns=2 * SECOND))
    scene.run.faults.carry = lambda message: () if isinstance(message, e.WagerMessage) else (0,)
    scene.run.delays = Delays(timeout=100 * MILLISECOND)
    scene.run.faults.interfere = lose(r.PlaceMany, 1, Fate.UNANSWERED)
    firsts: list[int] = []

    def answer(request: r.Request, now: int) -> e.Answer:
        second = isinstance(request, r.ReadHistory) and request.cursor == "second"
        read = scene.run.ask(replace(request, cursor="") if second else request)
        if isinstance(read, e.HistoryRead) and scene.placements():
            if second:
                return e.HistoryRead(request.id, (), "", read.last_synced_at)  # older than the first page
            if not firsts:
                firsts.append(now)
                scene.run.faults.linger = lambda: 5 * SECOND  # the answer takes long
                return e.HistoryRead(request.id, read.wagers, "second", read.last_synced_at)
        scene.run.faults.linger = None
        return read

    scene.run.on_request = answer
    scene.until(lambda: bool(firsts), within=MINUTE)
    scene.until(lambda: scene.status().counts.unknown_wagers == 0, within=MINUTE)
    assert not scene.alerts("wager.absent")
    assert [request.cursor for request in scene.sent(r.ReadHistory, firsts[0])][:1] == ["second"]
    assert len(scene.wagers()) == 2
    scene.run.faults.carry = None
    scene.go(5 * SECOND)
    scene.agree()
    scene.close()


def by_hand(side: int, stake: int) -> WagerReport:
    """A matched wager of the account that the daemon did not place."""
    return WagerReport(
        wager_id=f"w{side}",
        external_id=f"hand{side}",
        sport_event_id=1,
        market_id=2,
        line_id=f"L{side}",
        odds=200,
        stake=stake,
        status=Status.OPEN,
        matching=Matching.FULLY_MATCHED,
        winning=Winning.TBD,
        matched=stake,
        match_stake=None,
        match_odds=None,
        sequence=0,
        created_at=None,
    )


def test_wagers_on_two_outcomes_of_three_may_lose_both() -> None:
    key = LineKey(1, 2, 0)
    catalogue = Catalogue()
    line = Line(key, tuple(Outcome(number, f"L{number}", str(number)) for number in range(3)))
    market = Market(MarketKey(1, 2), "1x2", "moneyline", lines=(line,))
    catalogue.read_markets(1, (e.MarketImage(market, (Book(),)),))
    ledger = Ledger(0.02)
    for side in (0, 1):
        ledger.take_report(by_hand(side, 10_000), False, START, catalogue.resolve)
    assert ledger.full_stakes[market.key].worst_case() == 20_000
    assert ledger.positions == {}
