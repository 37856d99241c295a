"""Results, payments, commission, voids and corrections, to the cent."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue_bench import MONEYLINE, SPORT_EVENT, TOTAL, TOTAL_LINE, Bench

from mmbot.domain.instant import SECOND
from mmbot.domain.wager import Status, Winning
from mmbot.simulator.venue.changes import SportEventChanged
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.venue.settings import VenueSettings


def matched(bench: Bench) -> tuple[VenueWager, VenueWager]:
    """a backs outcome 0 with 11.00 at -110, b outcome 1 with 10.00 at +110."""
    maker = bench.place(bench.a, 0, -110, 1_100)
    taker = bench.place(bench.b, 1, 110, 1_000)
    bench.drained()
    return maker, taker


def movements(bench: Bench, account: str) -> list[tuple[str, int]]:
    return [(line.type, line.amount) for line in bench.venue.transactions(account)][1:]


def test_a_winner_is_settled_then_paid_and_closed_and_a_loser_closed_at_once() -> None:
    bench = Bench(VenueSettings(payout_ns=SECOND))
    maker, taker = matched(bench)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    assert (bench.again(maker).status, bench.again(maker).winning) == (Status.SETTLED, Winning.WON)
    assert (bench.again(taker).status, bench.again(taker).winning) == (Status.CLOSED, Winning.LOST)
    assert movements(bench, bench.a) == [("BET", -1_100)]
    bench.wait(SECOND)
    assert [each.wager.status for each in bench.told(maker)] == [Status.SETTLED, Status.CLOSED]
    assert movements(bench, bench.a) == [("BET", -1_100), ("PAY", 2_100), ("COMMISSION", -20)]
    assert movements(bench, bench.b) == [("BET", -1_000)]
    balance = bench.venue.balance(bench.a)
    assert (balance.balance, balance.matched) == (10_000_000 + 980, 0)
    assert bench.venue.unbalanced() == 0


def test_a_push_gives_stakes_back_without_commission() -> None:
    bench = Bench()
    maker, taker = matched(bench)
    bench.venue.settle(MONEYLINE, None, bench.now)
    bench.wait()
    for wager, stake in ((maker, 1_100), (taker, 1_000)):
        assert (bench.again(wager).status, bench.again(wager).winning) == (Status.CLOSED, Winning.PUSH)
        assert movements(bench, wager.account) == [("BET", -stake), ("PUSH", stake)]


def test_a_void_gives_stakes_back_at_once_and_ends_open_wagers() -> None:
    bench = Bench()
    maker, _ = matched(bench)
    rest = bench.place(bench.c, 0, 150, 1_000)
    bench.venue.void(MONEYLINE, bench.now)
    assert (bench.again(maker).status, bench.again(maker).winning) == (Status.VOID, Winning.NO_RESULT)
    assert bench.again(rest).status is Status.VOID
    assert movements(bench, bench.a) == [("BET", -1_100), ("VOID", 1_100)]


def test_a_void_after_the_result_takes_the_payment_and_the_commission_back() -> None:
    bench = Bench()
    matched(bench)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.wait()
    bench.venue.void(MONEYLINE, bench.now)
    for account in (bench.a, bench.b):
        assert bench.venue.balance(account).balance == 10_000_000
        assert bench.venue.wallet(account).commission == 0
    assert bench.venue.unbalanced() == 0


def test_unmatched_stakes_are_wiped_at_the_result() -> None:
    bench = Bench()
    wager = bench.place(bench.c, 0, 150, 1_000)
    placing = bench.send(bench.c, 0, 150, 1_000)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.wait()
    assert bench.again(wager).status is bench.again(placing).status is Status.WIPED


def test_commission_is_on_the_markets_net_gain_not_on_each_win() -> None:
    bench = Bench()
    matched(bench)
    bench.place(bench.a, 1, 112, 2_000)
    bench.place(bench.c, 0, -112, 2_240)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.wait()
    assert bench.venue.wallet(bench.a).commission == 0  # won 10.00, lost 20.00
    assert bench.venue.wallet(bench.c).commission == 40


@pytest.mark.parametrize(("stake", "commission"), [(1_224, 24), (1_225, 25), (1_274, 25), (1_275, 26)])
def test_commission_is_rounded_half_up(stake: int, commission: int) -> None:
    bench = Bench()
    bench.place(bench.a, 0, 100, stake)
    bench.place(bench.b, 1, 100, stake)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.wait()
    assert movements(bench, bench.a)[-1] == ("COMMISSION", -commission)


@pytest.mark.parametrize(
    ("rounding", "stake", "commission"),
    [("half_even", 1_225, 24), ("half_even", 1_275, 26), ("down", 1_299, 25), ("up", 1_251, 26), ("up", 1_250, 25)],
)
def test_commission_is_rounded_as_the_settings_say(rounding: str, stake: int, commission: int) -> None:
    bench = Bench(VenueSettings(commission_rounding=rounding))
    bench.place(bench.a, 0, 100, stake)
    bench.place(bench.b, 1, 100, stake)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.wait()
    assert movements(bench, bench.a)[-1] == ("COMMISSION", -commission)


def test_markets_are_charged_apart_and_the_sport_event_ends_with_the_last() -> None:
    bench = Bench()
    matched(bench)
    bench.place(bench.a, 0, 100, 1_000, line=TOTAL_LINE)
    bench.place(bench.b, 1, 100, 1_000, line=TOTAL_LINE)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.drained()
    bench.venue.settle(TOTAL, 1, bench.now)
    bench.wait()
    assert bench.venue.wallet(bench.a).commission == 20  # a loss on the total offsets nothing
    ended = [message.sport_event for message in bench.drained() if isinstance(message, SportEventChanged)]
    assert [(sport_event.sport_event_id, sport_event.status) for sport_event in ended] == [(SPORT_EVENT, "finished")]


def test_a_result_by_hand() -> None:
    bench = Bench()
    maker, taker = matched(bench)
    bench.venue.correct(MONEYLINE, 1, bench.now)
    assert (bench.again(maker).status, bench.again(maker).winning) == (Status.MANUALLY_SETTLED, Winning.MANUALLY_LOST)
    assert (bench.again(taker).status, bench.again(taker).winning) == (Status.MANUALLY_SETTLED, Winning.MANUALLY_WON)
    assert movements(bench, bench.b) == [("BET", -1_000), ("PAY", 2_100), ("COMMISSION", -22)]


def test_a_correction_moves_the_difference_and_the_commission() -> None:
    bench = Bench()
    maker, _ = matched(bench)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.wait()
    bench.venue.correct(MONEYLINE, 1, bench.now)
    assert bench.again(maker).winning is Winning.MANUALLY_LOST
    assert movements(bench, bench.a)[-2:] == [("ADJUSTMENT_REDUCE", -2_100), ("COMMISSION", 20)]
    assert bench.venue.balance(bench.a).balance == 10_000_000 - 1_100
    assert bench.venue.balance(bench.b).balance == 10_000_000 + 1_100 - 22
    assert bench.venue.unbalanced() == 0


def test_a_correction_before_the_payment_leaves_nothing_to_pay_twice() -> None:
    bench = Bench()
    maker, _ = matched(bench)
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.venue.correct(MONEYLINE, None, bench.now)
    bench.wait(SECOND)
    assert (bench.again(maker).status, bench.again(maker).winning) == (Status.MANUALLY_SETTLED, Winning.PUSH)
    assert [bench.venue.balance(account).balance for account in (bench.a, bench.b)] == [10_000_000, 10_000_000]


wagers = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 1),
        st.sampled_from([-118, -110, -105, 100, 104, 112]),
        st.integers(100, 9_999),
    ),
    max_size=25,
)
results = st.lists(st.sampled_from(["settle 0", "settle 1", "push", "void", "correct 0", "correct 1"]), max_size=4)


@given(wagers, results, st.sampled_from(["at_match", "at_placement"]))
def test_money_is_conserved_through_every_kind_of_result(
    wagers: list[tuple[int, int, int, int]], results: list[str], funds: str
) -> None:
    bench = Bench(VenueSettings(self_match="wipe", funds=funds, activation_ns=0), balance=40_000)
    accounts = (bench.a, bench.b, bench.c, bench.crowd)
    for who, side, odds, stake in wagers:
        if accounts[who] == bench.crowd:
            bench.venue.crowd.enter(bench.crowd, TOTAL_LINE, side, odds, stake, bench.now)
        else:
            with suppress(VenueError):  # the money of an account may be used up
                bench.send(accounts[who], side, odds, stake, line=TOTAL_LINE)
        bench.wait(0)
        assert bench.venue.unbalanced() == 0
    for result in results:
        kind, _, winner = result.partition(" ")
        if kind == "void":
            bench.venue.void(TOTAL, bench.now)
        elif kind == "correct":
            bench.venue.correct(TOTAL, int(winner), bench.now)
        elif not bench.venue.concluded(TOTAL):
            bench.venue.settle(TOTAL, int(winner) if winner else None, bench.now)
        bench.wait(SECOND)
        assert bench.venue.unbalanced() == 0
    if results:
        assert all(bench.venue.wallet(account).staked == bench.venue.wallet(account).held == 0 for account in accounts)
    for account in accounts[:3]:
        lines = bench.venue.transactions(account)
        assert sum(line.amount for line in lines) == lines[-1].balance == bench.venue.balance(account).balance
