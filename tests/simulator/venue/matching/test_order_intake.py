"""The life of a wager at the exchange: acceptance, the queue, cancelling, going live."""

from __future__ import annotations

import pytest
from venue_bench import LINE, MONEYLINE, SPORT_EVENT, START, TOTAL, TOTAL_LINE, Bench

from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.simulator.venue.changes import MarketChanged, SportEventChanged
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.settings import VenueSettings


def rejected(code: str, status: int, call: object, *arguments: object) -> None:
    with pytest.raises(VenueError) as caught:
        call(*arguments)  # type: ignore[operator]
    assert (caught.value.code, caught.value.status) == (code, status)


# --- the door -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("external_id", "odds", "stake", "strategy", "code"),
    [
        ("", 110, 1_000, None, "invalid_external_id"),
        ("a b", 110, 1_000, None, "invalid_external_id"),
        ("x\n", 110, 1_000, None, "invalid_external_id"),
        ("x" * 101, 110, 1_000, None, "invalid_external_id"),
        ("x", -100, 1_000, None, "wager_invalid_odds"),
        ("x", 131, 1_000, None, "wager_invalid_odds"),
        ("x", 110, 99, None, "invalid_request"),
        ("x", 110, 10_000_000_001, None, "wager_stake_exceeds_max"),
        ("x", -25000, 100, None, "wager_invalid_profit"),
        ("x", 110, 1_000, "ALO", "err_add_liquidity_only_disabled"),
        ("x", 110, 1_000, "other", "invalid_request"),
    ],
)
def test_invalid_wagers_are_rejected(external_id: str, odds: int, stake: int, strategy: str | None, code: str) -> None:
    bench = Bench()
    line_id = bench.line_id(0)
    rejected(code, 400, bench.venue.place, bench.a, external_id, line_id, odds, stake, bench.now, strategy)
    assert bench.venue.wagers(bench.a) == []


def test_an_unknown_line_or_account_is_rejected() -> None:
    bench = Bench()
    rejected("market_line_invalid", 400, bench.venue.place, bench.a, "x", "0" * 32, 110, 1_000, bench.now)
    rejected("invalid_line_id", 400, bench.venue.place, bench.a, "x", "moneyline", 110, 1_000, bench.now)
    rejected("wallet_not_found", 404, bench.venue.place, "nobody", "x", bench.line_id(0), 110, 1_000, bench.now)


def test_an_external_id_is_used_once_and_only_by_an_accepted_wager() -> None:
    bench = Bench()
    line_id = bench.line_id(0)
    rejected("wager_invalid_odds", 400, bench.venue.place, bench.a, "once", line_id, 131, 1_000, bench.now)
    wager = bench.venue.place(bench.a, "once", line_id, 110, 1_000, bench.now)
    bench.wait()
    bench.cancel(wager)
    rejected("wager_external_id_existed", 400, bench.venue.place, bench.a, "once", line_id, 110, 1_000, bench.now)
    assert bench.venue.place(bench.b, "once", line_id, 110, 1_000, bench.now)


def test_a_suspended_unlisted_or_settled_market_takes_no_wagers() -> None:
    bench = Bench()
    place = (bench.venue.place, bench.a, "x", bench.line_id(0), 110, 1_000, bench.now)
    bench.venue.set_market_status(MONEYLINE, "suspended", bench.now)
    rejected("event_not_available", 400, *place)
    bench.venue.set_market_status(MONEYLINE, "active", bench.now)
    bench.venue.unlist_sport_event(SPORT_EVENT, bench.now)
    rejected("sport_event_is_not_booked", 400, *place)
    bench.venue.list_sport_event(SPORT_EVENT, bench.now)
    bench.venue.set_line_status(LINE, "inactive", bench.now)
    rejected("market_line_invalid", 400, *place)
    bench.venue.set_line_status(LINE, "active", bench.now)
    assert bench.venue.place(bench.a, "y", bench.line_id(0), 110, 1_000, bench.now)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    rejected("event_not_available", 400, *place)
    rejected("event_not_available", 400, bench.venue.settle, MONEYLINE, 1, bench.now)
    bench.venue.settle(TOTAL, 0, bench.now)
    rejected("event_not_available", 400, bench.venue.go_live, SPORT_EVENT, bench.now)
    rejected("event_not_available", 400, bench.venue.set_market_status, MONEYLINE, "active", bench.now)


# --- the queue ----------------------------------------------------------------------------------------------------


def test_a_wager_is_inactive_and_not_shown_until_it_opens() -> None:
    bench = Bench(VenueSettings(activation_ns=150 * MILLISECOND))
    wager = bench.send(bench.a, 0, 110, 1_000)
    assert wager.status is Status.INACTIVE
    assert bench.venue.next_due() == bench.now + 150 * MILLISECOND
    bench.wait(149 * MILLISECOND)
    assert bench.again(wager).status is Status.INACTIVE
    assert bench.side(1) == []
    assert bench.told(wager) == []
    bench.wait(MILLISECOND)
    assert bench.again(wager).status is Status.OPEN
    assert len(bench.side(1)) == 1
    assert [(each.kind, each.wager.status) for each in bench.told(wager)] == [("status", Status.OPEN)]


def test_the_queue_is_first_in_first_out_even_when_a_delay_ends() -> None:
    bench = Bench()
    bench.venue.delay_activation(3 * SECOND)
    first = bench.send(bench.a, 0, 110, 1_000)
    bench.venue.delay_activation(0)
    second = bench.send(bench.b, 0, 110, 1_000)
    bench.wait(SECOND)
    assert bench.again(second).status is Status.INACTIVE
    bench.wait(3 * SECOND)
    bench.venue.crowd.enter(bench.crowd, LINE, 1, -110, 1_100, bench.now)
    assert (bench.again(first).matched, bench.again(second).matched) == (1_000, 0)


def test_on_a_live_sport_event_a_wager_waits_five_seconds_and_delays_no_other() -> None:
    bench = Bench()
    bench.venue.go_live(SPORT_EVENT, bench.now)
    wager = bench.send(bench.a, 0, 110, 1_000)
    bench.wait(4 * SECOND)
    rejected("wager_is_placing", 409, bench.cancel, wager)
    bench.wait(SECOND)
    assert bench.again(wager).status is Status.OPEN
    assert bench.cancel(wager).status is Status.CANCELED


def test_without_the_funds_a_wager_becomes_invalid_when_it_would_open() -> None:
    bench = Bench(balance=1_000)
    assert bench.place(bench.a, 0, 110, 9_000).status is Status.OPEN
    wager = bench.send(bench.a, 0, 112, 1_001)
    assert wager.status is Status.INACTIVE
    bench.wait()
    assert bench.again(wager).status is Status.INVALID
    assert [each.wager.status for each in bench.told(wager)] == [Status.INVALID]
    rejected("wager_is_invalid", 400, bench.cancel, wager)
    assert bench.place(bench.a, 0, 112, 1_000).status is Status.OPEN


def test_with_funds_taken_at_placement_the_balance_must_cover_the_stake() -> None:
    bench = Bench(VenueSettings(funds="at_placement"), balance=1_000)
    wager = bench.place(bench.a, 0, 110, 700)
    assert bench.venue.balance(bench.a).balance == 300
    rejected("insufficient_amount", 403, bench.send, bench.a, 0, 112, 301)
    first, second = bench.send(bench.a, 0, 112, 300), bench.send(bench.a, 0, 112, 300)
    bench.wait()
    assert (bench.again(first).status, bench.again(second).status) == (Status.OPEN, Status.INVALID)
    bench.cancel(first)
    bench.venue.crowd.enter(bench.crowd, LINE, 1, -110, 220, bench.now)
    assert bench.again(wager).matched == 200
    bench.cancel(wager)
    bench.wait()
    balance = bench.venue.balance(bench.a)
    assert (balance.balance, balance.matched, balance.unmatched) == (800, 200, 0)
    assert [line.type for line in bench.venue.transactions(bench.a)] == [
        "DEPOSIT",
        *("BET", "BET", "CANCEL", "CANCEL"),
    ]


def test_with_an_empty_wallet_nothing_is_taken_into_the_queue() -> None:
    bench = Bench(balance=1_000)
    bench.venue.deposit(bench.a, -1_000, bench.now)
    rejected("insufficient_amount", 403, bench.send, bench.a, 0, 110, 100)
    bench.venue.deposit(bench.a, 1, bench.now)
    assert bench.place(bench.a, 0, 110, 100).status is Status.INVALID


def test_only_so_many_wagers_of_an_account_wait_for_their_bet_delay() -> None:
    bench = Bench(VenueSettings(delayed_wagers=2))
    bench.venue.go_live(SPORT_EVENT, bench.now)
    bench.send(bench.a, 0, 110, 1_000)
    bench.wait(SECOND)
    bench.send(bench.a, 0, 110, 1_000)
    rejected("too_many_delayed_requests", 429, bench.send, bench.a, 0, 110, 1_000)
    assert bench.send(bench.b, 0, 110, 1_000)
    bench.wait(4 * SECOND)
    assert bench.send(bench.a, 0, 110, 1_000), "the first has had its turn"


def test_in_maintenance_no_wager_is_accepted_opened_or_matched() -> None:
    bench = Bench()
    resting = bench.place(bench.a, 0, 100, 1_000)
    placing = bench.send(bench.a, 0, 100, 1_000)
    bench.venue.set_maintenance(True, bench.now)
    rejected("err_order_placement_disabled", 403, bench.send, bench.a, 0, 110, 1_000)
    assert bench.venue.crowd.enter(bench.crowd, LINE, 1, 100, 1_000, bench.now) is None
    bench.wait()
    assert (bench.again(placing).status, bench.again(resting).matched) == (Status.INVALID, 0)
    assert bench.cancel(resting).status is Status.CANCELED


def test_a_wager_whose_market_is_suspended_before_it_opens_becomes_invalid() -> None:
    bench = Bench()
    wager = bench.send(bench.a, 0, 110, 1_000)
    bench.venue.set_market_status(MONEYLINE, "suspended", bench.now)
    bench.wait()
    assert bench.again(wager).status is Status.INVALID


# --- cancelling ---------------------------------------------------------------------------------------------------


def test_cancel_before_any_match() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, 110, 1_000)
    bench.drained()
    assert bench.cancel(wager).status is Status.CANCELED
    assert [(each.kind, each.wager.status) for each in bench.told(wager)] == [("status", Status.CANCELED)]
    assert bench.side(1) == []
    rejected("wager_already_cancelled", 400, bench.cancel, wager)


def test_cancel_after_a_partial_match_leaves_it_open_fully_matched_and_cut() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, 100, 1_000)
    bench.drained()
    bench.place(bench.b, 1, 100, 300)
    cut = bench.cancel(wager)
    assert (cut.status, cut.matching, cut.stake, cut.matched) == (Status.OPEN, Matching.FULLY_MATCHED, 300, 300)
    told = [each.wager for each in bench.told(wager)]
    assert [(each.matching, each.stake, each.matched) for each in told] == [
        (Matching.PARTIALLY_MATCHED, 1_000, 300),
        (Matching.FULLY_MATCHED, 300, 300),
    ]
    rejected("wager_already_matched", 400, bench.cancel, wager)


def test_cancel_of_a_matched_or_unknown_wager_or_a_wrong_pair_of_ids() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, 100, 1_000)
    other = bench.place(bench.b, 1, 100, 1_000)
    rejected("wager_already_matched", 400, bench.cancel, wager)
    rejected("wager_not_belongs_to_user", 500, bench.venue.cancel, bench.a, other.wager_id, "w-2", bench.now)
    rejected("data_not_found", 404, bench.venue.cancel, bench.a, "nobody's", "w-2", bench.now)
    rejected("wager_not_matching_external_id", 400, bench.venue.cancel, bench.a, wager.wager_id, "w-99", bench.now)


def test_a_wager_that_has_just_opened_is_to_be_cancelled_later_if_the_exchange_is_set_so() -> None:
    bench = Bench(VenueSettings(opened_retry_ns=300 * MILLISECOND))
    wager = bench.place(bench.a, 0, 100, 1_000)
    rejected("wager_opened_retry", 425, bench.cancel, wager)
    bench.wait(300 * MILLISECOND)
    assert bench.cancel(wager).status is Status.CANCELED
    wager = bench.place(bench.a, 0, 100, 1_000)
    assert bench.venue.cancel_all(bench.a, bench.now) == 1


def test_a_match_that_is_being_settled_with_the_wallet_holds_up_a_single_cancel_and_no_other() -> None:
    bench = Bench(VenueSettings(opened_retry_ns=300 * MILLISECOND))
    one, two = bench.place(bench.a, 0, 100, 1_000), bench.place(bench.a, 0, 102, 1_000)
    bench.wait(SECOND)
    for wager in (two, one):
        bench.venue.crowd.enter(bench.crowd, LINE, 1, wager.odds * -1, 100, bench.now, rest=False)
    rejected("opened_retry", 500, bench.cancel, one)
    assert bench.venue.cancel_all(bench.a, bench.now) == 2


def test_bulk_cancels_reach_their_scope_and_leave_placing_wagers() -> None:
    bench = Bench()
    one = bench.place(bench.a, 0, 110, 1_000)
    two = bench.place(bench.a, 1, 110, 1_000)
    three = bench.place(bench.a, 0, 110, 1_000, line=TOTAL_LINE)
    foreign = bench.place(bench.b, 0, 110, 1_000)
    placing = bench.send(bench.a, 0, 112, 1_000)
    venue, now = bench.venue, bench.now
    assert venue.cancel_market(bench.a, SPORT_EVENT, MONEYLINE.market, bench.line_id(1), now) == 1
    assert (bench.again(one).status, bench.again(two).status) == (Status.OPEN, Status.CANCELED)
    assert venue.cancel_market(bench.a, SPORT_EVENT, MONEYLINE.market, None, now) == 1
    assert bench.again(three).status is Status.OPEN
    assert venue.cancel_sport_event(bench.a, SPORT_EVENT, now) == 1
    rejected("no_cancellable_wagers", 404, venue.cancel_all, bench.a, now)
    rejected("data_not_found", 404, venue.cancel_sport_event, bench.a, SPORT_EVENT, now)
    rejected("data_not_found", 404, venue.cancel_market, bench.a, SPORT_EVENT, MONEYLINE.market, None, now)
    assert bench.again(placing).status is Status.INACTIVE
    assert bench.again(foreign).status is Status.OPEN
    bench.wait()
    assert venue.cancel_all(bench.a, bench.now) == 1


def test_bulk_cancel_skips_fully_matched_wagers_and_cuts_partly_matched_ones() -> None:
    bench = Bench()
    full = bench.place(bench.a, 0, 100, 1_000)
    part = bench.place(bench.a, 0, 100, 1_000)
    bench.place(bench.b, 1, 100, 1_400)
    assert bench.venue.cancel_all(bench.a, bench.now) == 1
    assert bench.again(full).stake == 1_000
    assert bench.again(part).stake == 400


# --- the sport event ----------------------------------------------------------------------------------------------


def test_going_live_wipes_everything_pre_match() -> None:
    bench = Bench()
    open_one = bench.place(bench.a, 0, 110, 1_000)
    part = bench.place(bench.b, 1, 105, 1_000)
    bench.venue.crowd.enter(bench.crowd, LINE, 0, -105, 210, bench.now, rest=False)
    on_total = bench.place(bench.a, 0, 110, 1_000, line=TOTAL_LINE)
    placing = bench.send(bench.c, 0, 112, 1_000)
    bench.drained()
    bench.venue.go_live(SPORT_EVENT, bench.now)
    for wager in (open_one, on_total, placing):
        assert bench.again(wager).status is Status.WIPED
    cut = bench.again(part)
    assert (cut.status, cut.matching, cut.stake) == (Status.OPEN, Matching.FULLY_MATCHED, 200)
    assert bench.side(0) == bench.side(1) == []
    messages = bench.drained()
    assert isinstance(messages[0], SportEventChanged)
    assert messages[0].sport_event.status == "live"
    bench.wait(SECOND)
    assert bench.again(placing).status is Status.WIPED
    rejected("wager_already_cancelled", 400, bench.cancel, open_one)


def test_unlisting_is_announced_hides_the_sport_event_and_stops_matching_but_not_cancelling() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, 110, 1_000)
    bench.drained()
    bench.venue.unlist_sport_event(SPORT_EVENT, bench.now)
    assert [message.op for message in bench.drained() if isinstance(message, SportEventChanged)] == ["d"]
    assert bench.venue.sport_events() == []
    assert bench.venue.markets(SPORT_EVENT) is None
    assert bench.venue.crowd.enter(bench.crowd, LINE, 1, 100, 1_000, bench.now) is None
    order = bench.venue.board.books[LINE].resting(0)[0]
    assert bench.venue.crowd.take(bench.crowd, order, 400, bench.now) == 0
    assert bench.cancel(wager).status is Status.CANCELED
    bench.venue.list_sport_event(SPORT_EVENT, bench.now)
    assert [message.op for message in bench.drained() if isinstance(message, SportEventChanged)] == ["u"]
    assert [sport_event.sport_event_id for sport_event in bench.venue.sport_events(132, [SPORT_EVENT, 5])] == [
        SPORT_EVENT
    ]


def test_a_change_of_market_status_is_announced_once() -> None:
    bench = Bench()
    for _ in range(2):
        bench.venue.set_market_status(TOTAL, "suspended", bench.now)
    told = [message for message in bench.drained() if isinstance(message, MarketChanged)]
    assert [(message.op, message.market.status) for message in told] == [("u", "suspended")]


def test_time_never_goes_back_for_due_actions() -> None:
    bench = Bench()
    wager = bench.send(bench.a, 0, 110, 1_000)
    bench.venue.advance(START + SECOND)
    assert bench.again(wager).updated_at == START + 150 * MILLISECOND
    assert bench.again(wager).winning is Winning.TBD


def test_the_same_seed_gives_the_same_ids_and_another_seed_others() -> None:
    one, two = Bench(), Bench()
    assert one.place(one.a, 0, 110, 1_000) == two.place(two.a, 0, 110, 1_000)
    assert one.venue.line_id(1, 2, 3, 0) == two.venue.line_id(1, 2, 3, 0)
    assert one.venue.find_line(one.line_id(1)) == (LINE, 1)
    assert len({one.venue.line_id(1, 2, number, side) for number in (0, 1) for side in (0, 1)}) == 4
