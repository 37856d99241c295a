"""The referee: it passes what keeps the rules and names what breaks them, and its figures are the exchange's."""

from __future__ import annotations

import subprocess
import sys
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue_bench import LINE, MONEYLINE, SPORT_EVENT, START, TOTAL, TOTAL_LINE, Bench

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.domain.odds import could_match, profit
from mmbot.domain.wager import Status
from mmbot.simulator.judge.referee import Referee
from mmbot.simulator.judge.verdict import RefereeLimits, RefereeReport
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.venue.settings import VenueSettings


def judged(bench: Bench, **limits: int) -> Referee:
    return Referee(bench.venue, bench.a, RefereeLimits(**limits))


def worst(report: RefereeReport, kind: str, name: str | None = None) -> tuple[int, int, int, int]:
    (figure,) = [f for f in report.worst_case if f.kind == kind and (name is None or f.id == name)]
    return figure.now, figure.greatest, figure.matched_now, figure.matched_greatest


def broken(report: RefereeReport) -> list[int]:
    assert report.ok is (report.broken_count == 0)
    return [breach.invariant for breach in report.broken]


def test_the_referee_does_not_know_the_engine() -> None:
    code = "import sys, mmbot.simulator.world; sys.exit(any(name.startswith('mmbot.engine') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- the worst case -----------------------------------------------------------------------------------------------


def test_worst_case_counts_matched_profit_and_stakes_that_could_still_match() -> None:
    bench = Bench()
    referee = judged(bench)
    wager = bench.send(bench.a, 0, 110, 10_000)
    assert worst(referee.report(bench.now), "line") == (10_000, 10_000, 0, 0)
    bench.wait()
    bench.venue.crowd.enter(bench.crowd, LINE, 1, -110, 4_400, bench.now)
    assert worst(referee.report(bench.now), "line") == (10_000, 10_000, 4_000, 4_000)
    bench.cancel(wager)
    assert worst(referee.report(bench.now), "line") == (4_000, 10_000, 4_000, 4_000)
    bench.place(bench.a, 1, 100, 3_000)
    bench.venue.crowd.enter(bench.crowd, LINE, 0, 100, 3_000, bench.now)
    assert worst(referee.report(bench.now), "line") == (1_000, 10_000, 1_000, 4_000)
    assert referee.report(bench.now).ok


def test_lines_do_not_net_and_every_scope_sums_its_lines() -> None:
    bench = Bench()
    referee = judged(bench)
    bench.place(bench.a, 0, 110, 2_000)
    bench.place(bench.a, 0, 110, 3_000, line=TOTAL_LINE)
    report = referee.report(bench.now)
    assert worst(report, "market", f"{SPORT_EVENT}/{MONEYLINE.market}")[0] == 2_000
    assert worst(report, "market", f"{SPORT_EVENT}/{TOTAL.market}")[0] == 3_000
    assert [worst(report, kind)[0] for kind in ("sport_event", "tournament", "account")] == [5_000] * 3


def test_an_exceeded_limit_is_reported_once_until_it_holds_again() -> None:
    bench = Bench()
    referee = judged(bench, line=5_000, account=6_000)
    bench.place(bench.a, 0, 110, 5_000)
    assert referee.report(bench.now).ok
    over = bench.place(bench.a, 0, 112, 500)
    bench.place(bench.a, 0, 112, 500)
    assert broken(referee.report(bench.now)) == [1]
    bench.cancel(over)
    bench.venue.cancel_all(bench.a, bench.now)
    bench.place(bench.a, 0, 110, 6_001)
    assert broken(referee.report(bench.now)) == [1, 1, 1]
    details = [breach.detail for breach in referee.report(bench.now).broken]
    assert details[0] == f"worst case of line {SPORT_EVENT}/219/0 is $55.00, limit $50.00"


def test_a_settled_market_leaves_the_worst_case_in_one_step() -> None:
    bench = Bench()
    referee = judged(bench, line=3_000)
    bench.place(bench.a, 0, 100, 3_000)
    bench.venue.crowd.enter(bench.crowd, LINE, 1, 100, 3_000, bench.now)
    bench.place(bench.a, 1, 100, 3_000)
    bench.venue.crowd.enter(bench.crowd, LINE, 0, 100, 3_000, bench.now)
    bench.place(bench.a, 0, 100, 3_000)
    bench.venue.crowd.enter(bench.crowd, LINE, 1, 100, 3_000, bench.now)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.wait(SECOND)
    report = referee.report(bench.now)
    assert broken(report) == []
    assert worst(report, "account") == (0, 3_000, 0, 3_000)


def brute_force(wagers: list[VenueWager], line: LineKey) -> int:
    """The most that can be lost on a line, over every fill of every wager from nothing to all, and every result."""
    of_line = [wager for wager in wagers if wager.line == line]
    fills = [sorted({0, wager.unmatched // 2, wager.unmatched}) for wager in of_line]
    least = 0
    for filled in product(*fills):
        for winner in (0, 1, None):
            result = 0
            for wager, more in zip(of_line, filled, strict=True):
                if winner is None:
                    continue
                if wager.side == winner:
                    result += wager.match_win + profit(more, wager.odds)
                else:
                    result -= wager.matched + more
            least = min(least, result)
    return -least


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("place"),
            st.sampled_from([LINE, TOTAL_LINE]),
            st.integers(0, 1),
            st.sampled_from([-110, 102, 120]),
            st.integers(100, 5_000),
        ),
        st.tuples(
            st.just("take"),
            st.sampled_from([LINE, TOTAL_LINE]),
            st.integers(0, 1),
            st.sampled_from([-120, -150]),
            st.integers(100, 4_000),
        ),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
        st.tuples(st.just("wait")),
    ),
    max_size=16,
)


@given(steps)
def test_the_worst_case_equals_brute_force_over_all_fills_and_outcomes(steps: list[tuple[object, ...]]) -> None:
    bench = Bench()
    referee = judged(bench)
    greatest = 0
    placed: list[VenueWager] = []
    for step in steps:
        match step:
            case ("place", LineKey() as line, int(side), int(odds), int(stake)):
                own = [wager for wager in map(bench.again, placed) if wager.live and wager.line == line]
                if len(placed) < 6 and not any(w.side != side and could_match(w.odds, odds) for w in own):
                    placed.append(bench.send(bench.a, side, odds, stake, line=line))
            case ("take", LineKey() as line, int(side), int(odds), int(stake)):
                bench.venue.crowd.enter(bench.crowd, line, side, odds, stake, bench.now, rest=False)
            case ("cancel", int(which)):
                wager = bench.again(placed[which]) if which < len(placed) else None
                if wager is not None and wager.live and wager.status is Status.OPEN:
                    bench.cancel(wager)
            case _:
                bench.wait()
        wagers = bench.venue.wagers(bench.a)
        expected = {line: brute_force(wagers, line) for line in (LINE, TOTAL_LINE)}
        greatest = max(greatest, sum(expected.values()))
        report = referee.report(bench.now)
        shown = {figure.id: figure.now for figure in report.worst_case if figure.kind == "line"}
        for line, loss in expected.items():
            assert shown.get(f"{line.sport_event}/{line.market}/{line.number}", 0) == loss
        if report.worst_case:
            assert worst(report, "account")[0] == sum(expected.values())
            assert worst(report, "account")[1] >= greatest
        assert report.ok


def test_a_referee_that_starts_late_has_the_same_figures() -> None:
    bench = Bench()
    early = judged(bench)
    bench.place(bench.a, 0, 110, 2_000)
    bench.venue.crowd.enter(bench.crowd, LINE, 1, -110, 1_100, bench.now)
    late = judged(bench)
    assert worst(late.report(bench.now), "account")[0] == worst(early.report(bench.now), "account")[0] == 2_000


# --- the other rules ----------------------------------------------------------------------------------------------


def test_own_quotes_that_could_match_are_reported_even_while_placing() -> None:
    bench = Bench(VenueSettings(self_match="wipe"))
    referee = judged(bench)
    bench.send(bench.a, 0, -110, 1_000)
    bench.send(bench.a, 1, 112, 1_000)
    assert broken(referee.report(bench.now)) == []
    bench.send(bench.a, 1, 110, 1_000)
    assert broken(referee.report(bench.now)) == [4]


def test_a_repeated_external_id_is_reported_with_same_or_different_content() -> None:
    bench = Bench()
    referee = judged(bench)
    bench.venue.place(bench.a, "same", bench.line_id(0), 110, 1_000, bench.now)
    for odds in (110, 112):
        with pytest.raises(VenueError, match="wager_external_id_existed"):
            bench.venue.place(bench.a, "same", bench.line_id(0), odds, 1_000, bench.now)
    report = referee.report(bench.now)
    assert broken(report) == [4, 4]
    assert ["different" in breach.detail for breach in report.broken] == [False, True]


def test_after_a_kill_nothing_may_be_placed_and_all_wagers_must_end() -> None:
    bench = Bench()
    referee = judged(bench, clear_within_ns=SECOND)
    bench.place(bench.a, 0, 110, 1_000)
    referee.note_latched(bench.now)
    bench.wait(300 * MILLISECOND)
    bench.venue.cancel_all(bench.a, bench.now)
    report = referee.report(bench.now)
    assert report.ok
    assert [(each.cause, each.took_ns) for each in report.clearings] == [("kill", 300 * MILLISECOND)]
    late = bench.send(bench.a, 0, 110, 1_000)
    bench.wait(2 * SECOND)
    report = referee.report(bench.now)
    assert broken(report) == [4, 2]
    assert report.clearings[-1].took_ns is None
    bench.cancel(late)
    referee.note_resumed(bench.now)
    bench.send(bench.a, 0, 110, 1_000)
    assert broken(referee.report(bench.now)) == [4, 2]


def test_a_stop_with_nothing_open_is_clear_at_once() -> None:
    bench = Bench()
    referee = judged(bench)
    referee.note_latched(bench.now, "stop")
    assert [(each.cause, each.took_ns) for each in referee.report(bench.now).clearings] == [("stop", 0)]


def test_after_a_lost_feed_open_wagers_must_end_but_new_quotes_may_follow_the_reconnect() -> None:
    bench = Bench()
    referee = judged(bench, clear_within_ns=SECOND)
    bench.place(bench.a, 0, 110, 1_000)
    referee.note_feed_lost(bench.now)
    on_its_way = bench.send(bench.a, 0, 112, 1_000)
    bench.venue.cancel_all(bench.a, bench.now)
    bench.wait(500 * MILLISECOND)
    assert referee.report(bench.now).clearings[0].took_ns is None
    bench.cancel(on_its_way)
    referee.note_feed_up(bench.now)
    bench.place(bench.a, 0, 110, 1_000)
    bench.wait(5 * SECOND)
    report = referee.report(bench.now)
    assert report.ok
    assert report.clearings[0].took_ns == 500 * MILLISECOND


def test_quotes_left_open_or_placed_without_a_feed_are_reported() -> None:
    bench = Bench()
    referee = judged(bench, clear_within_ns=SECOND, in_flight_ns=SECOND)
    bench.place(bench.a, 0, 110, 1_000)
    referee.note_feed_lost(bench.now, notice_ns=30 * SECOND)
    bench.wait(31 * SECOND)
    assert referee.report(bench.now).ok
    bench.wait(1)
    assert broken(referee.report(bench.now)) == [2]
    bench.send(bench.a, 0, 112, 1_000)
    assert broken(referee.report(bench.now)) == [2, 2]


def test_a_killed_process_has_no_duty_until_it_is_back() -> None:
    bench = Bench()
    referee = judged(bench, clear_within_ns=SECOND)
    bench.place(bench.a, 0, 110, 1_000)
    referee.note_process_killed()
    referee.note_feed_lost(bench.now)
    bench.wait(60 * SECOND)
    assert referee.report(bench.now).ok
    referee.note_feed_up(bench.now)
    referee.note_feed_lost(bench.now)
    bench.wait(2 * SECOND)
    assert broken(referee.report(bench.now)) == [2]


def test_fifty_requests_in_any_second_and_not_one_more() -> None:
    referee = judged(Bench())
    for second in range(3):
        for number in range(50):
            referee.note_request(START + second * SECOND + number * MILLISECOND, "place")
    report = referee.report(START + 3 * SECOND)
    assert (report.ok, report.busiest_second, report.requests) == (True, 50, {"place": 150})
    referee.note_request(START + 2 * SECOND + 999 * MILLISECOND, "cancel")
    assert broken(referee.report(START + 3 * SECOND)) == [5]


def test_money_that_the_exchange_created_is_reported() -> None:
    bench = Bench()
    referee = judged(bench)
    bench.place(bench.a, 0, 110, 1_000)
    bench.venue.wallet(bench.b).balance += 1
    assert broken(referee.report(bench.now)) == [0]
    bench.venue.wallet(bench.b).balance -= 2
    bench.venue.wallet(bench.a).balance += 1
    assert broken(referee.report(bench.now)) == [0, 0]


def test_profit_and_matches_equal_the_wallet_to_the_cent() -> None:
    bench = Bench()
    referee = judged(bench)
    bench.place(bench.a, 0, -110, 11_000)
    bench.venue.crowd.enter(bench.crowd, LINE, 1, 110, 3_333, bench.now)
    bench.venue.crowd.enter(bench.crowd, LINE, 1, 110, 1_111, bench.now)
    bench.place(bench.a, 1, 120, 2_000)
    bench.venue.crowd.enter(bench.crowd, LINE, 0, -120, 1_234, bench.now)
    report = referee.report(bench.now)
    assert [(figure.side, figure.matches) for figure in report.matched] == [(0, 2), (1, 1)]
    assert report.matched[0].line_id == bench.line_id(0)
    assert (report.matched[0].stake, report.matched[0].win) == (4_888, 4_444)
    assert report.profit.gross == report.profit.wallet == 0
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.wait(SECOND)
    report = referee.report(bench.now)
    gross = 4_444 - report.matched[1].stake
    assert (report.profit.gross, report.profit.commission) == (gross, 68)
    assert report.profit.net == report.profit.wallet == gross - 68
    assert bench.venue.balance(bench.a).balance == 10_000_000 + report.profit.net
    assert report.ok
    bench.venue.correct(MONEYLINE, 1, bench.now)
    assert referee.report(bench.now).ok


def test_wagers_are_counted_by_status() -> None:
    bench = Bench(balance=1_000)
    referee = judged(bench)
    bench.place(bench.a, 0, 110, 1_000)
    bench.cancel(bench.place(bench.a, 0, 110, 1_000))
    bench.place(bench.a, 0, 110, 1_000_000)
    bench.send(bench.a, 0, 110, 1_000)
    report = referee.report(bench.now)
    assert (report.placed, report.live_wagers, report.open_wagers) == (4, 2, 1)
    assert report.ended == {"open": 1, "canceled": 1, "invalid": 1, "inactive": 1}


@pytest.mark.parametrize("breaches", [250])
def test_breaches_are_counted_even_when_no_more_are_kept(breaches: int) -> None:
    bench = Bench()
    referee = judged(bench)
    referee.note_latched(bench.now)
    for number in range(breaches):
        bench.venue.place(bench.a, f"n{number}", bench.line_id(0), 110, 100, bench.now)
    report = referee.report(bench.now)
    assert (len(report.broken), report.broken_count, report.ok) == (200, breaches, False)
