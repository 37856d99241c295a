"""Which orders match, for how much, and what is announced of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue_bench import LINE, Bench

from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.domain.odds import could_match, negate, per_hundred
from mmbot.domain.wager import Matching, Status
from mmbot.simulator.venue.changes import BookChanged, Printed
from mmbot.simulator.venue.match_arithmetic import pair, takeable
from mmbot.simulator.venue.odds_ladder import STANDARD
from mmbot.simulator.venue.settings import VenueSettings

# --- the arithmetic of a match ------------------------------------------------------------------------------------


# --- matching -----------------------------------------------------------------------------------------------------


def test_two_wagers_on_the_same_outcome_never_match() -> None:
    bench = Bench()
    bench.place(bench.a, 0, -150, 10_000)
    assert bench.place(bench.b, 0, 150, 10_000).matched == 0


@pytest.mark.parametrize(("odds", "crosses"), [(117, True), (110, True), (118, False), (-110, True)])
def test_a_match_needs_implied_probabilities_of_at_least_one(odds: int, crosses: bool) -> None:
    bench = Bench()
    bench.place(bench.a, 0, -117, 50_000)
    taker = bench.place(bench.b, 1, odds, 10_000)
    assert (taker.matched > 0) is crosses


def test_the_taker_gets_the_better_price_of_the_resting_wager() -> None:
    bench = Bench()
    maker = bench.place(bench.a, 0, -117, 50_000)
    taker = bench.place(bench.b, 1, 102, 10_000)
    assert (taker.matched, taker.match_win) == (10_000, 11_700)
    maker = bench.again(maker)
    assert (maker.matched, maker.match_win, maker.matching) == (11_700, 10_000, Matching.PARTIALLY_MATCHED)
    odds = [match.odds for match in bench.venue.matches(bench.b, [taker.wager_id])]
    assert odds == [117]


def test_the_example_of_a_ten_dollar_taker_at_minus_126() -> None:
    bench = Bench()
    maker = bench.place(bench.a, 0, 126, 80_000)
    bench.place(bench.b, 1, -126, 1_000)
    maker = bench.again(maker)
    assert (maker.matched, maker.unmatched) == (794, 79_206)
    assert bench.side(1) == [(-126, 99_800, 80_000)]


def test_orders_match_by_price_then_time() -> None:
    bench = Bench()
    late_good = bench.place(bench.a, 0, -110, 11_000)
    first = bench.place(bench.b, 0, 105, 10_000)
    second = bench.place(bench.c, 0, 105, 10_000)
    best = bench.place(bench.c, 0, -120, 12_000)
    bench.venue.crowd.enter(bench.crowd, LINE, 1, -105, 32_000, bench.now)
    matched = [bench.again(wager).matched for wager in (best, late_good, first, second)]
    assert matched == [12_000, 11_000, 10_000, 1_429]


def test_a_taker_sweeps_levels_and_the_rest_of_it_rests() -> None:
    bench = Bench()
    bench.place(bench.a, 0, -110, 11_000)
    bench.place(bench.a, 0, 100, 5_000)
    taker = bench.place(bench.b, 1, -102, 30_000)
    assert taker.matched == 15_000
    assert bench.side(1) == []
    assert bench.side(0) == [(102, takeable(15_000, -102), 30_000)]


def test_a_remainder_that_cannot_win_a_cent_is_cancelled() -> None:
    bench = Bench()
    maker = bench.place(bench.a, 0, -215, 5_000)
    bench.drained()
    bench.venue.crowd.enter(bench.crowd, LINE, 1, 215, 10_000, bench.now, rest=False)
    told = bench.told(maker)
    assert [(each.kind, each.wager.stake, each.wager.matching) for each in told] == [
        ("matching", 5_000, Matching.PARTIALLY_MATCHED),
        ("status", 4_999, Matching.FULLY_MATCHED),
    ]
    maker = bench.again(maker)
    assert (maker.matched, maker.match_win, maker.unmatched, maker.status) == (4_999, 2_325, 0, Status.OPEN)
    assert bench.side(1) == []


def test_a_match_is_announced_to_both_accounts_and_everybody_and_changes_the_book_once() -> None:
    bench = Bench()
    maker = bench.place(bench.a, 0, -110, 11_000)
    bench.drained()
    taker = bench.place(bench.b, 1, 104, 4_000)
    messages = bench.drained()
    private = [m for m in messages if hasattr(m, "account")]
    assert [(m.wager.wager_id, m.kind, m.match_stake, m.match_odds) for m in private] == [
        (taker.wager_id, "status", None, None),
        (maker.wager_id, "matching", 4_400, -110),
        (taker.wager_id, "matching", 4_000, 110),
    ]
    prints = [m for m in messages if isinstance(m, Printed)]
    assert [(m.side, m.line_id, m.odds, m.matched_odds, m.stake) for m in prints] == [
        (1, bench.line_id(1), 104, 110, 4_000)
    ]
    assert [m.line for m in messages if isinstance(m, BookChanged)] == [LINE]
    assert len({m.sequence for m in messages}) == 1


def test_a_fill_or_kill_takes_rests_two_seconds_and_then_goes() -> None:
    bench = Bench()
    bench.place(bench.a, 0, -110, 11_000)
    taker = bench.place(bench.b, 1, 110, 15_000, "fillOrKill")
    assert (taker.matched, taker.unmatched) == (10_000, 5_000)
    bench.wait(SECOND)
    assert bench.again(taker).unmatched == 5_000
    assert bench.side(0)
    bench.wait(SECOND)
    taker = bench.again(taker)
    assert (taker.status, taker.matching, taker.stake) == (Status.OPEN, Matching.FULLY_MATCHED, 10_000)
    assert bench.side(0) == []


def test_a_fill_or_kill_that_matched_nothing_is_canceled_and_one_can_match_while_it_rests() -> None:
    bench = Bench()
    lone = bench.place(bench.b, 1, 110, 15_000, "fillOrKill")
    bench.wait(SECOND)
    bench.venue.crowd.enter(bench.crowd, LINE, 0, -110, 5_500, bench.now)
    assert bench.again(lone).matched == 5_000
    other = bench.place(bench.c, 0, 150, 1_000, "fillOrKill")
    bench.wait(3 * SECOND)
    assert bench.again(other).status is Status.CANCELED
    assert bench.again(lone).stake == 5_000


def test_a_wager_that_would_cross_an_own_one_is_rejected() -> None:
    bench = Bench()
    bench.place(bench.a, 0, -110, 11_000)
    with pytest.raises(Exception, match="self_match"):
        bench.send(bench.a, 1, 110, 1_000)
    assert bench.place(bench.a, 1, 112, 1_000).status is Status.OPEN


def test_with_the_wipe_rule_both_own_crossing_wagers_are_wiped() -> None:
    bench = Bench(VenueSettings(self_match="wipe"))
    resting = bench.place(bench.a, 0, -110, 11_000)
    incoming = bench.place(bench.a, 1, 110, 1_000)
    assert incoming.status is bench.again(resting).status is Status.WIPED


def test_the_crowd_can_take_one_given_wager_and_no_more_than_is_there() -> None:
    bench = Bench()
    wager = bench.place(bench.a, 0, -110, 1_100)
    order = bench.venue.board.books[LINE].resting(0)[0]
    assert bench.venue.crowd.take(bench.crowd, order, 400, bench.now) == 400
    assert bench.venue.crowd.take(bench.crowd, order, 4_000, bench.now) == 600
    assert bench.venue.crowd.take(bench.crowd, order, 4_000, bench.now) == 0
    assert bench.again(wager).matching is Matching.FULLY_MATCHED


def test_a_maker_without_funds_is_cancelled_and_the_next_one_matched() -> None:
    bench = Bench(balance=10_000)
    poor = bench.place(bench.a, 0, -110, 50_000)
    rich = bench.place(bench.b, 0, -110, 9_900)
    bench.venue.crowd.enter(bench.crowd, LINE, 1, 110, 15_000, bench.now)
    poor = bench.again(poor)
    assert (poor.matched, poor.stake, poor.matching) == (10_000, 10_000, Matching.FULLY_MATCHED)
    assert bench.venue.balance(bench.a).balance == 0
    assert bench.again(rich).matched > 6_000
    assert bench.venue.unbalanced() == 0


# --- against a naive exchange -------------------------------------------------------------------------------------


@dataclass
class Naive:
    """The same rules written without any index: every order in a list, everything looked up each time."""

    orders: list[list[int]] = field(default_factory=list)  # number, account, side, odds, stake, matched, win

    def add(self, number: int, account: int, side: int, odds: int, stake: int) -> None:
        taker = [number, account, side, odds, stake, 0, 0]
        while taker[4] - taker[5] > 0:
            makers = [
                each for each in self.orders if each[2] != side and each[4] > each[5] and could_match(each[3], odds)
            ]
            if not makers:
                break
            maker = min(makers, key=lambda each: (per_hundred(each[3]), each[0]))
            rest_m, rest_t = maker[4] - maker[5], taker[4] - taker[5]
            if maker[3] < 0:
                stake_m, stake_t = pair(rest_m, rest_t, -maker[3])
            else:
                # The taker backs the favourite: he wins his stake times its odds, half-up to the cent.
                stake_t = min(rest_t, (2 * rest_m * maker[3] + 100) // 200)
                stake_m = (200 * stake_t + maker[3]) // (2 * maker[3])
            maker[5] += stake_m
            maker[6] += stake_t
            taker[5] += stake_t
            taker[6] += stake_m
            for order in (maker, taker):
                if takeable(order[4] - order[5], order[3]) == 0:
                    order[4] = order[5]
        self.orders.append(taker)

    def cancel(self, number: int) -> None:
        for order in self.orders:
            if order[0] == number:
                order[4] = order[5]

    def shown(self, side: int) -> list[tuple[int, int]]:
        levels: dict[int, int] = {}
        for order in self.orders:
            if order[2] != side and order[4] > order[5]:
                levels[negate(order[3])] = levels.get(negate(order[3]), 0) + takeable(order[4] - order[5], order[3])
        ordered = sorted(levels.items(), key=lambda level: -per_hundred(level[0]))
        return [level for level in ordered if level[1]][:10]


near_even = st.sampled_from([odds for odds in STANDARD if 100 <= abs(odds) <= 112 or odds in (-215, 215, 5000, -5000)])
actions = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 2), st.integers(0, 1), near_even, st.integers(100, 20_000)),
        st.tuples(st.integers(0, 30)),
    ),
    max_size=40,
)


@given(actions)
def test_matching_equals_a_naive_exchange_and_money_is_conserved(actions: list[tuple[int, ...]]) -> None:
    bench = Bench(VenueSettings(activation_ns=0), balance=100_000_000)
    accounts = (bench.a, bench.b, bench.c)
    naive = Naive()
    placed = []
    for action in actions:
        bench.now += MILLISECOND
        if len(action) == 1:
            if action[0] < len(placed):
                number, wager = placed[action[0]]
                naive.cancel(number)
                if bench.again(wager).live:
                    bench.cancel(wager)
            continue
        account, side, odds, stake = action
        if takeable(stake, odds) == 0:
            continue
        live = [each for _, wager in placed if (each := bench.again(wager)).live]
        own = [each for each in live if each.account == accounts[account] and each.side != side]
        if any(could_match(each.odds, odds) for each in own):
            continue
        wager = bench.send(accounts[account], side, odds, stake)
        bench.wait(0)
        naive.add(len(placed), account, side, odds, stake)
        placed.append((len(placed), wager))
        assert bench.venue.unbalanced() == 0
    for (number, wager), order in zip(placed, naive.orders, strict=True):
        now = bench.again(wager)
        assert (number, now.odds, now.matched, now.match_win, now.unmatched) == (
            order[0],
            order[3],
            order[5],
            order[6],
            order[4] - order[5],
        )
    for side in (0, 1):
        assert [(odds, value) for odds, value, _ in bench.side(side)] == naive.shown(side)
    staked = sum(bench.venue.wallet(account).staked for account in accounts)
    assert staked == sum(order[5] for order in naive.orders)
    assert sum(order[5] for order in naive.orders) == sum(order[6] for order in naive.orders)


def _crossed(bench: Bench) -> bool:
    zero, one = bench.side(0), bench.side(1)
    return bool(zero and one and could_match(negate(zero[0][0]), negate(one[0][0])))


@given(actions)
def test_the_shown_book_equals_one_computed_from_the_wagers(actions: list[tuple[int, ...]]) -> None:
    bench = Bench(VenueSettings(activation_ns=0, self_match="wipe"), balance=100_000_000)
    accounts = (bench.a, bench.b, bench.c)
    for action in actions:
        bench.now += MILLISECOND
        if len(action) == 4 and takeable(action[3], action[2]):
            bench.send(accounts[action[0]], action[1], action[2], action[3])
            bench.wait(0)
    wagers = [wager for account in accounts for wager in bench.venue.wagers(account)]
    for side in (0, 1):
        levels: dict[int, list[int]] = {}
        for wager in wagers:
            if wager.side != side and wager.live:
                level = levels.setdefault(negate(wager.odds), [0, 0])
                level[0] += takeable(wager.unmatched, wager.odds)
                level[1] += wager.stake
        best_first = sorted(levels, key=lambda odds: -per_hundred(odds))
        assert bench.side(side) == [(odds, *levels[odds]) for odds in best_first if levels[odds][0]][:10]
    assert not _crossed(bench)


@pytest.mark.parametrize(
    ("setting", "status", "matching", "stake"),
    [
        ("open", Status.OPEN, Matching.FULLY_MATCHED, 1_000),
        ("canceled", Status.CANCELED, Matching.PARTIALLY_MATCHED, 5_000),
    ],
)
def test_the_status_of_a_partly_canceled_wager_is_a_setting(
    setting: str, status: Status, matching: Matching, stake: int
) -> None:
    bench = Bench(VenueSettings(partly_canceled=setting))
    maker = bench.place(bench.a, 0, 100, 5_000)
    bench.place(bench.b, 1, 100, 1_000)
    wager = bench.cancel(maker)
    assert (wager.status, wager.matching, wager.stake) == (status, matching, stake)
    assert (wager.matched, wager.unmatched) == (1_000, 0)
    assert bench.venue.unbalanced() == 0
