"""Changes of the board while it is traded: schedules, listing, ladders, results of single lines, shown levels."""

from __future__ import annotations

import pytest
from venue_bench import LINE, MONEYLINE, SPORT_EVENT, START, Bench

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent
from mmbot.domain.instant import HOUR, MINUTE
from mmbot.domain.odds import OddsError
from mmbot.domain.wager import Status, Winning
from mmbot.simulator.venue.changes import BookChanged, SportEventChanged
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.odds_ladder import STANDARD
from mmbot.simulator.venue.records import ShownLevel

THREE = LineKey(SPORT_EVENT, 300, 0)
TOTALS = MarketKey(SPORT_EVENT, 410)


def add_three_outcomes(bench: Bench) -> None:
    outcomes = tuple(Outcome(1 + side, "", name) for side, name in enumerate(("Home", "Draw", "Away")))
    market = Market(
        MarketKey(SPORT_EVENT, 300), "Result", "moneyline", "moneyline_3_way", lines=(Line(THREE, outcomes),)
    )
    bench.venue.add_market(market, bench.now)


def add_totals(bench: Bench, *numbers: int) -> None:
    lines = tuple(
        Line(LineKey(SPORT_EVENT, 410, number), (Outcome(13, "", "under"), Outcome(12, "", "over")))
        for number in numbers
    )
    bench.venue.add_market(Market(TOTALS, "Total", "total", "total", lines=lines), bench.now)


def test_a_rescheduled_sport_event_is_announced_and_keeps_open_wagers() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, -110, 1000)
    bench.drained()
    bench.venue.move_sport_event(SPORT_EVENT, START + 3 * HOUR, bench.now)
    (told,) = bench.drained()
    assert isinstance(told, SportEventChanged)
    assert (told.op, told.sport_event.status, told.sport_event.scheduled) == ("u", "not_started", START + 3 * HOUR)
    assert bench.again(wager).status is Status.OPEN


def test_a_postponed_sport_event_accepts_and_matches_nothing_until_it_is_moved() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, 110, 1000)
    late = bench.send(bench.a, 0, 112, 1000)
    bench.venue.postpone_sport_event(SPORT_EVENT, bench.now)
    assert bench.venue.sport_event(SPORT_EVENT).scheduled == START + HOUR
    with pytest.raises(VenueError, match="event_not_available"):
        bench.place(bench.b, 1, -105, 1000)
    assert bench.venue.crowd.enter(bench.crowd, LINE, 1, -105, 1000, bench.now) is None
    bench.wait()
    assert bench.again(late).status is Status.INVALID
    assert bench.again(wager).unmatched == 1000

    bench.venue.move_sport_event(SPORT_EVENT, START + 9 * HOUR, bench.now)
    assert bench.venue.sport_event(SPORT_EVENT).status == "not_started"
    bench.place(bench.b, 1, -110, 1100)
    assert bench.again(wager).matched == 1000


def test_open_wagers_on_a_postponed_sport_event_can_be_cancelled() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, 110, 1000)
    bench.venue.postpone_sport_event(SPORT_EVENT, bench.now)
    assert bench.cancel(wager).status is Status.CANCELED


def test_a_sport_event_in_play_is_neither_moved_nor_postponed() -> None:
    bench = Bench()
    bench.venue.go_live(SPORT_EVENT, bench.now)
    with pytest.raises(VenueError, match="sport event is live"):
        bench.venue.move_sport_event(SPORT_EVENT, START + 2 * HOUR, bench.now)
    with pytest.raises(VenueError, match="sport event is live"):
        bench.venue.postpone_sport_event(SPORT_EVENT, bench.now)
    with pytest.raises(KeyError):
        bench.venue.move_sport_event(999, START, bench.now)


def test_an_unlisted_sport_event_is_announced_only_when_it_is_listed() -> None:
    bench = Bench()
    key = LineKey(8000, 219, 0)
    bench.venue.add_sport_event(
        SportEvent(8000, 132, "Later", "not_started", START + 2 * HOUR), bench.now, listed=False
    )
    line = Line(key, (Outcome(4, "", "Home"), Outcome(5, "", "Away")))
    bench.venue.add_market(Market(MarketKey(8000, 219), "Moneyline", "moneyline", lines=(line,)), bench.now)
    assert bench.drained() == []
    assert bench.venue.markets(8000) is None
    with pytest.raises(VenueError, match="not_booked"):
        bench.send(bench.a, 0, -110, 1000, line=key)

    bench.venue.list_sport_event(8000, bench.now)
    (told,) = bench.drained()
    assert isinstance(told, SportEventChanged)
    assert (told.op, told.sport_event.sport_event_id) == ("u", 8000)
    assert [market.name for market in bench.venue.markets(8000) or ()] == ["Moneyline"]
    assert bench.place(bench.a, 0, -110, 1000, line=key).status is Status.OPEN


def test_a_changed_ladder_applies_to_new_wagers_and_open_ones_stay() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, 103, 1000)
    bench.venue.set_ladder(tuple(odds for odds in STANDARD if odds % 5 == 0), bench.now)
    assert 103 not in bench.venue.ladder
    with pytest.raises(VenueError, match="wager_invalid_odds"):
        bench.place(bench.a, 0, 104, 1000)
    assert bench.place(bench.a, 0, 105, 1000).status is Status.OPEN
    assert bench.side(1)[0][0] == -103
    bench.place(bench.b, 1, -105, 5000)
    assert bench.again(wager).matched == 1000
    with pytest.raises(OddsError):
        bench.venue.set_ladder((100, -100), bench.now)


def test_three_outcomes_are_shown_and_wagers_on_them_rejected() -> None:
    bench = Bench()
    add_three_outcomes(bench)
    assert bench.venue.book(THREE).sides == ((), (), ())
    bench.drained()
    sides = tuple((ShownLevel(odds, 50_00, 20_00, bench.now),) for odds in (180, 240, 170))
    bench.venue.board.show_levels(THREE, sides, bench.now)
    assert bench.drained() == [BookChanged(THREE, bench.now)]
    assert bench.venue.book(THREE).sides == sides
    assert bench.venue.book(THREE).updated_at == bench.now
    with pytest.raises(VenueError, match="market_line_invalid"):
        bench.send(bench.a, 2, 170, 1000, line=THREE)
    assert bench.venue.crowd.enter(bench.crowd, THREE, 0, 150, 1000, bench.now) is None


def test_levels_can_be_shown_only_on_unmatched_lines_with_a_side_for_each_outcome() -> None:
    bench = Bench()
    add_three_outcomes(bench)
    with pytest.raises(ValueError, match="cannot show 2 sides"):
        bench.venue.board.show_levels(THREE, ((), ()), bench.now)
    with pytest.raises(ValueError, match="2 outcomes"):
        bench.venue.board.show_levels(LINE, ((), ()), bench.now)


def test_each_line_of_a_market_has_its_own_result() -> None:
    bench = Bench()
    add_totals(bench, 880, 884, 888)
    wagers = []
    for number in (880, 884, 888):
        key = LineKey(SPORT_EVENT, 410, number)
        wagers.append(bench.place(bench.a, 1, 100, 1000, line=key))
        bench.place(bench.b, 0, 100, 1000, line=key)
    # 221 points: over 220, exactly 221, under 222.
    bench.venue.settle(TOTALS, {880: 1, 884: None, 888: 0}, bench.now)
    bench.wait()
    assert [bench.again(wager).winning for wager in wagers] == [Winning.WON, Winning.PUSH, Winning.LOST]
    # a won 10, had 10 back and lost 10: its net gain is nothing, and so is its commission.
    assert bench.venue.balance(bench.a).balance == 10_000_000
    assert bench.venue.unbalanced() == 0

    bench.venue.correct(TOTALS, {880: 1, 884: 1, 888: 1}, bench.now)
    assert [bench.again(wager).winning for wager in wagers] == [Winning.MANUALLY_WON] * 3
    assert bench.venue.balance(bench.a).balance == 10_000_000 + 3000 - 60
    assert bench.venue.unbalanced() == 0


def test_a_line_without_a_result_is_a_push() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, 100, 1000)
    bench.place(bench.b, 1, 100, 1000)
    bench.venue.settle(MONEYLINE, {4: 0}, bench.now)
    assert bench.again(wager).winning is Winning.PUSH


def test_a_postponed_sport_event_can_be_voided_and_every_cent_goes_back() -> None:
    bench = Bench()
    matched = bench.place(bench.a, 0, -150, 1500)
    bench.place(bench.b, 1, 150, 1000)
    resting = bench.place(bench.a, 0, 110, 1000)
    bench.venue.postpone_sport_event(SPORT_EVENT, bench.now + MINUTE)
    bench.venue.void(MONEYLINE, bench.now + MINUTE)
    assert bench.again(matched).status is bench.again(resting).status is Status.VOID
    assert {bench.venue.balance(account).balance for account in (bench.a, bench.b)} == {10_000_000}
