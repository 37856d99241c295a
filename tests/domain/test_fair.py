"""The fair probability of a book, and the books without one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbot.domain.book import Book, Level
from mmbot.domain.fair import fair_from
from mmbot.domain.odds import implied, negate, payout

prices = st.one_of(st.integers(100, 10_000), st.integers(-10_000, -101))
values = st.integers(1, 10_000_000)


def book(under_0: tuple[int, int], under_1: tuple[int, int]) -> Book:
    return Book(((Level(*under_0),), (Level(*under_1),)))


@given(prices, values, prices, values)
def test_the_fair_price_lies_between_the_two_best_and_nearer_to_the_thinner_offer(
    odds_0: int, value_0: int, odds_1: int, value_1: int
) -> None:
    fair = fair_from(book((odds_0, value_0), (odds_1, value_1)), 2.0)
    ask, bid = implied(odds_0), 1.0 - implied(odds_1)
    assert fair is not None
    assert fair.bid_ask_spread == pytest.approx(ask - bid)
    assert min(ask, bid) - 1e-12 <= fair.probability <= max(ask, bid) + 1e-12
    if ask > bid:
        below = fair.probability - bid
        above = ask - fair.probability
        thin_under_0 = payout(value_0, odds_0) < payout(value_1, odds_1)
        assert (below > above - 1e-9) if thin_under_0 else (above > below - 1e-9)


@given(prices, values, prices, values)
def test_the_fair_price_of_the_other_outcome_is_the_complement(
    odds_0: int, value_0: int, odds_1: int, value_1: int
) -> None:
    one = fair_from(book((odds_0, value_0), (odds_1, value_1)), 2.0)
    other = fair_from(book((odds_1, value_1), (odds_0, value_0)), 2.0)
    assert one is not None
    assert other is not None
    assert one.probability + other.probability == pytest.approx(1.0)


@given(prices, values, values)
def test_without_a_bid_ask_spread_the_fair_price_is_the_price(odds: int, value_0: int, value_1: int) -> None:
    fair = fair_from(book((odds, value_0), (negate(odds), value_1)), 0.001)
    assert fair is not None
    assert fair.probability == pytest.approx(implied(odds))


def test_equal_payouts_give_the_middle() -> None:
    fair = fair_from(book((100, 1000), (-150, 1200)), 0.2)  # both payouts are 2000
    assert fair is not None
    assert fair.probability == pytest.approx((0.5 + 0.4) / 2)
    assert fair.bid_ask_spread == pytest.approx(0.1)


@pytest.mark.parametrize("sides", [((), ()), ((Level(110, 100),), ()), ((), (Level(110, 100),))])
def test_a_missing_side_gives_no_fair_price(sides: tuple[tuple[Level, ...], tuple[Level, ...]]) -> None:
    assert fair_from(Book(sides), 1.0) is None


def test_a_bid_ask_spread_that_is_too_wide_gives_no_fair_price() -> None:
    wide = book((-150, 100), (-150, 100))  # 0.6 against 0.4
    assert fair_from(wide, 0.19) is None
    assert fair_from(wide, 0.21) is not None


def test_empty_levels_give_no_fair_price() -> None:
    assert fair_from(book((110, 0), (-110, 0)), 1.0) is None
