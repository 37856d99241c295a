"""The wager history: its lag, its ranges and its pages."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from venue_bench import LINE, MONEYLINE, SPORT_EVENT, START, TOTAL, TOTAL_LINE, Bench

from mmbot.domain.instant import DAY, MILLISECOND, SECOND
from mmbot.domain.wager import Matching, Status
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.records import HistoryQuery
from mmbot.simulator.venue.settings import VenueSettings

LAG = 50 * MILLISECOND


def ids(bench: Bench, **query: object) -> list[str]:
    query = {"created_from": START - DAY, "created_to": START + DAY} | query
    page = bench.venue.history(bench.a, HistoryQuery(**query), bench.now)  # type: ignore[arg-type]
    return [wager.external_id for wager in page.wagers]


def test_the_history_shows_the_state_of_a_lag_ago_and_says_so() -> None:
    bench = Bench(VenueSettings(history_lag_ns=LAG, activation_ns=SECOND))
    wager = bench.send(bench.a, 0, 110, 1_000)
    bench.wait(LAG - 1)
    assert ids(bench) == []
    bench.wait(1)
    page = bench.venue.history(bench.a, HistoryQuery(created_from=START), bench.now)
    assert page.last_synced_at == bench.now - LAG
    assert [each.status for each in page.wagers] == [Status.INACTIVE]
    bench.wait(SECOND)
    bench.cancel(wager)
    page = bench.venue.history(bench.a, HistoryQuery(created_from=START), bench.now)
    assert [each.status for each in page.wagers] == [Status.OPEN]
    assert bench.again(wager).status is Status.CANCELED
    bench.wait(LAG)
    page = bench.venue.history(bench.a, HistoryQuery(created_from=START), bench.now)
    assert [each.status for each in page.wagers] == [Status.CANCELED]


def test_the_history_filters() -> None:
    bench = Bench()
    one = bench.place(bench.a, 0, 110, 1_000)
    bench.place(bench.a, 0, 112, 1_000, line=TOTAL_LINE)
    bench.place(bench.a, 0, 150, 1_000)
    bench.venue.crowd.enter(bench.crowd, LINE, 1, -110, 220, bench.now)
    bench.wait(SECOND)
    bench.venue.cancel_market(bench.a, SPORT_EVENT, TOTAL.market, None, bench.now)
    bench.wait(SECOND)
    assert ids(bench) == ["w-1", "w-2", "w-3"]
    assert ids(bench, status=Status.OPEN) == ["w-1", "w-3"]
    assert ids(bench, matching=Matching.PARTIALLY_MATCHED) == ["w-1"]
    assert ids(bench, market_id=MONEYLINE.market) == ["w-1", "w-3"]
    assert ids(bench, sport_event_id=SPORT_EVENT + 1) == []
    assert bench.again(one).matched == 200


def test_a_query_for_open_wagers_finds_those_that_ended_within_the_lag_and_pages_them() -> None:
    bench = Bench(VenueSettings(history_lag_ns=LAG))
    wagers = [bench.place(bench.a, 0, 110 + 2 * number, 1_000) for number in range(6)]
    bench.venue.crowd.enter(bench.crowd, LINE, 1, -110, 220, bench.now)
    bench.cancel(wagers[1])
    bench.wait(SECOND)
    bench.cancel(wagers[3])
    for matching, expected in (
        (Matching.UNMATCHED, ["w-3", "w-4", "w-5", "w-6"]),
        (Matching.PARTIALLY_MATCHED, ["w-1"]),
    ):
        assert ids(bench, status=Status.OPEN, matching=matching) == expected
    assert ids(bench, status=Status.OPEN, matching=Matching.UNMATCHED, limit=2, cursor="3") == ["w-4", "w-5"]
    bench.wait(LAG)
    assert ids(bench, status=Status.OPEN, matching=Matching.UNMATCHED) == ["w-3", "w-5", "w-6"]


def test_a_query_for_open_wagers_costs_no_more_after_many_that_ended() -> None:
    bench = Bench(VenueSettings(history_lag_ns=LAG))
    bench.place(bench.a, 0, 110, 1_000)

    def cost() -> int:
        count = 0

        def note(_frame: FrameType, happening: str, _argument: object) -> None:
            nonlocal count
            count += happening in ("call", "c_call")

        sys.setprofile(note)
        try:
            assert ids(bench, status=Status.OPEN, matching=Matching.UNMATCHED) == ["w-1"]
        finally:
            sys.setprofile(None)
        return count

    early = cost()
    for _ in range(300):
        bench.cancel(bench.place(bench.a, 0, 150, 1_000))
    bench.wait(SECOND)
    assert cost() <= early


def test_the_history_may_list_the_newest_wager_first() -> None:
    bench = Bench(VenueSettings(history_newest_first=True))
    for odds in (110, 112, 114):
        bench.place(bench.a, 0, odds, 1_000)
    bench.wait(SECOND)
    assert ids(bench) == ["w-3", "w-2", "w-1"]
    for query in ({"created_from": START}, {"updated_from": START}):
        page = bench.venue.history(bench.a, HistoryQuery(limit=2, **query), bench.now)
        assert [wager.external_id for wager in page.wagers] == ["w-3", "w-2"]
        page = bench.venue.history(bench.a, HistoryQuery(limit=2, cursor=page.next_cursor, **query), bench.now)
        assert [wager.external_id for wager in page.wagers] == ["w-1"]
        assert page.next_cursor == ""


def test_the_two_time_filters_select_by_creation_and_by_change() -> None:
    bench = Bench()
    old = bench.place(bench.a, 0, 110, 1_000)
    bench.wait(100 * SECOND)
    bench.place(bench.a, 0, 112, 1_000)
    bench.wait(100 * SECOND)
    bench.cancel(old)
    cancelled_at = bench.now
    bench.wait(SECOND)
    assert ids(bench, created_from=START + 50 * SECOND) == ["w-2"]
    assert ids(bench, created_from=START, created_to=START + 50 * SECOND) == ["w-1"]
    changed = {"created_from": None, "created_to": None}
    assert ids(bench, **changed, updated_from=cancelled_at, updated_to=bench.now) == ["w-1"]
    assert ids(bench, **changed, updated_from=START, updated_to=cancelled_at - 1) == ["w-2"]
    assert ids(bench, **changed, updated_from=START) == ["w-1", "w-2"]
    assert ids(bench, created_from=START + 50 * SECOND, updated_from=cancelled_at) == []


def test_pages_have_no_missing_and_no_repeated_wagers() -> None:
    bench = Bench()
    for number in range(25):
        bench.send(bench.a, 0, 110, 1_000 + number)
    bench.wait(SECOND)
    seen: list[str] = []
    cursor = ""
    while True:
        page = bench.venue.history(bench.a, HistoryQuery(created_from=START, cursor=cursor, limit=10), bench.now)
        seen += [wager.external_id for wager in page.wagers]
        bench.send(bench.a, 0, 112, 1_000)  # it is later than the lag shows
        if not (cursor := page.next_cursor):
            break
    assert seen == [f"w-{number}" for number in range(1, 26)]
    page = bench.venue.history(bench.a, HistoryQuery(updated_from=START, cursor="20", limit=1000), bench.now)
    assert [wager.external_id for wager in page.wagers] == [f"w-{number}" for number in range(21, 26)]
    assert len(bench.venue.history(bench.a, HistoryQuery(updated_from=START), bench.now).wagers) == 20


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (HistoryQuery(), "missing_date_range"),
        (HistoryQuery(created_from=START, created_to=START - 1), "from_date_greater_than_to_date"),
        (HistoryQuery(created_from=START - 7 * DAY - 1, created_to=START), "invalid_from_to_range"),
        (HistoryQuery(created_from=START - 8 * DAY), "invalid_from_to_range"),
        (HistoryQuery(updated_from=START - 2 * DAY - 1, updated_to=START), "invalid_updated_at_range"),
        (HistoryQuery(created_from=START, cursor="x"), "invalid_cursor"),
        (HistoryQuery(created_from=START, limit=0), "invalid_param"),
        (HistoryQuery(created_from=START, limit=1001), "invalid_param"),
    ],
)
def test_invalid_queries_are_rejected(query: HistoryQuery, code: str) -> None:
    bench = Bench()
    with pytest.raises(VenueError) as caught:
        bench.venue.history(bench.a, query, bench.now)
    assert (caught.value.code, caught.value.status) == (code, 400)


def test_a_range_of_exactly_seven_or_two_days_is_allowed() -> None:
    bench = Bench()
    assert ids(bench, created_from=START - 7 * DAY, created_to=START) == []
    assert ids(bench, created_from=None, created_to=None, updated_from=START - 2 * DAY, updated_to=START) == []


def test_matched_bets_and_matching_detail() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, 110, 3_000)
    for stake in (220, 440):
        bench.wait(10 * SECOND)
        bench.venue.crowd.enter(bench.crowd, LINE, 1, -110, stake, bench.now, rest=False)
    detail = bench.venue.matches(bench.a, [wager.wager_id, "nothing"])
    assert [(match.stake, match.win, match.odds, match.taker) for match in detail] == [
        (200, 220, 110, False),
        (400, 440, 110, False),
    ]
    page = bench.venue.matched_bets(bench.a, START, None, 1, "", bench.now)
    assert page.matches == (detail[0],)
    page = bench.venue.matched_bets(bench.a, START, None, 1, page.next_cursor, bench.now)
    assert (page.matches, page.next_cursor) == ((detail[1],), "")
    assert bench.venue.matched_bets(bench.a, detail[1].matched_at, None).matches == (detail[1],)
    for bad in (0, 101):
        with pytest.raises(VenueError, match="limit"):
            bench.venue.matched_bets(bench.a, START, None, bad)
    with pytest.raises(VenueError, match="missing_date_range"):
        bench.venue.matched_bets(bench.a, None, None)


def test_another_account_sees_none_of_it() -> None:
    bench = Bench()
    wager = bench.place(bench.b, 0, 110, 1_000)
    bench.wait(SECOND)
    assert ids(bench) == []
    assert bench.venue.matches(bench.a, [wager.wager_id]) == []
    with pytest.raises(VenueError, match="data_not_found"):
        bench.venue.wager(bench.a, wager.wager_id)


def test_the_balance_counts_matched_and_unmatched() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, 100, 1_000)
    bench.place(bench.a, 1, 110, 700)
    bench.place(bench.b, 1, 100, 300)
    balance = bench.venue.balance(bench.a, bench.now)
    assert (balance.balance, balance.matched, balance.unmatched) == (10_000_000 - 300, 300, 1_400)
    bench.cancel(wager)
    lag = bench.venue.settings.history_lag_ns
    assert bench.venue.balance(bench.a).unmatched == 1_400, "what is unmatched is as old as it says it is"
    bench.wait(lag - 1)
    assert bench.venue.balance(bench.a).unmatched == 1_400
    bench.wait(1)
    balance = bench.venue.balance(bench.a)
    assert (balance.unmatched, balance.last_synced_at) == (700, bench.now - lag)
    bench.venue.deposit(bench.a, 500, bench.now)
    assert bench.venue.balance(bench.a).balance == 10_000_200
