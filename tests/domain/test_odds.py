"""American odds and the ladder: exact crossing, half-up profit, and rounding that never favours the taker."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.domain.odds import (
    Ladder,
    OddsError,
    could_match,
    fraction,
    implied,
    is_odds,
    negate,
    payout,
    per_hundred,
    profit,
    stake_for_payout,
)

prices = st.one_of(st.integers(100, 25_000), st.integers(-25_000, -101))
stakes = st.integers(0, 10_000_000_000)
probabilities = st.floats(0.0001, 0.9999)
ladders = st.lists(prices, min_size=1, max_size=60, unique=True).map(Ladder)


def exactly(odds: int) -> Fraction:
    return Fraction(100, odds + 100) if odds > 0 else Fraction(-odds, 100 - odds)


def whole_half_up(number: Fraction) -> int:
    return (number + Fraction(1, 2)).__floor__()


@given(prices)
def test_the_implied_probability_equals_the_exact_fraction(odds: int) -> None:
    assert Fraction(*fraction(odds)) == exactly(odds)
    assert implied(odds) == pytest.approx(float(exactly(odds)), abs=1e-15)


@given(prices)
def test_odds_and_their_opposite_just_match(odds: int) -> None:
    assert is_odds(negate(odds))
    assert negate(negate(odds)) == odds
    assert exactly(odds) + exactly(negate(odds)) == 1
    assert could_match(odds, negate(odds))


def test_even_money_has_one_form() -> None:
    assert negate(100) == 100
    assert not is_odds(-100)
    assert not is_odds(99)
    assert not is_odds(0)


@given(prices, prices)
def test_two_prices_match_when_their_probabilities_reach_one_exactly(one: int, other: int) -> None:
    assert could_match(one, other) == (exactly(one) + exactly(other) >= 1)
    assert could_match(one, other) == could_match(other, one)


@pytest.mark.parametrize(("one", "other", "matches"), [(-117, 117, True), (-117, 110, True), (-117, 118, False)])
def test_the_documented_crossing(one: int, other: int, matches: bool) -> None:
    assert could_match(one, other) is matches


@given(stakes, prices)
def test_profit_is_the_exact_product_rounded_half_up(stake: int, odds: int) -> None:
    exact = Fraction(stake * odds, 100) if odds > 0 else Fraction(stake * 100, -odds)
    assert profit(stake, odds) == whole_half_up(exact)
    assert payout(stake, odds) == stake + profit(stake, odds)


@pytest.mark.parametrize(
    ("stake", "odds", "win"), [(80_000, -105, 76_190), (160_000, -142, 112_676), (1, 150, 2), (1, 149, 1), (1, -200, 1)]
)
def test_halves_of_a_cent_go_up(stake: int, odds: int, win: int) -> None:
    assert profit(stake, odds) == win


@given(st.integers(1, 100_000_000), prices)
def test_the_stake_for_a_payout_pays_it_to_within_what_a_cent_of_stake_is_worth(amount: int, odds: int) -> None:
    stake = stake_for_payout(amount, odds)
    worth = 1 / exactly(odds)
    assert abs(payout(stake, odds) - amount) <= worth / 2 + 1


@given(prices, prices)
def test_longer_odds_imply_less(one: int, other: int) -> None:
    assert (per_hundred(one) > per_hundred(other)) == (exactly(one) < exactly(other))


@given(ladders, probabilities)
def test_a_makers_price_is_the_shortest_tick_not_shorter_than_wanted(ladder: Ladder, wanted: float) -> None:
    tick = ladder.at_most(wanted)
    if tick is None:
        assert all(implied(odds) > wanted for odds in ladder.ticks)
        return
    assert implied(tick) <= wanted + 1e-12
    shorter = ladder.longer(tick, -1)
    assert shorter is None or implied(shorter) > wanted


@given(ladders, probabilities)
def test_a_takers_price_is_the_longest_tick_that_reaches_the_wanted_price(ladder: Ladder, wanted: float) -> None:
    tick = ladder.at_least(wanted)
    if tick is None:
        assert all(implied(odds) < wanted for odds in ladder.ticks)
        return
    assert implied(tick) >= wanted - 1e-12
    longer = ladder.longer(tick)
    assert longer is None or implied(longer) < wanted


@given(ladders)
def test_the_probability_of_a_tick_gives_the_tick(ladder: Ladder) -> None:
    for odds in ladder.ticks:
        assert ladder.at_most(implied(odds)) == odds
        assert ladder.at_least(implied(odds)) == odds


@given(ladders)
def test_ticks_run_from_shortest_to_longest(ladder: Ladder) -> None:
    assert list(ladder.ticks) == sorted(ladder.ticks, key=exactly, reverse=True)
    assert [ladder.index(odds) for odds in ladder.ticks] == list(range(len(ladder)))
    assert ladder.longer(ladder.ticks[-1]) is None
    assert ladder.longer(ladder.ticks[0], -1) is None


def test_after_minus_101_comes_plus_100() -> None:
    ladder = Ladder([102, 101, 100, -101, -102])
    assert ladder.ticks == (-102, -101, 100, 101, 102)
    assert ladder.longer(-101) == 100
    assert ladder.at_most(0.5015) == 100
    assert ladder.at_most(0.50249) == -101


@settings(max_examples=30)
@given(ladders)
def test_ladders_of_the_same_ticks_are_equal(ladder: Ladder) -> None:
    again = Ladder(reversed(ladder.ticks))
    assert again == ladder
    assert hash(again) == hash(ladder)
    assert ladder.ticks[0] in again


@pytest.mark.parametrize("ticks", [[], [0], [110, 0], [110, 110], [-100, 110], [99, 120], [-50]])
def test_an_invalid_ladder_is_rejected(ticks: list[int]) -> None:
    with pytest.raises(OddsError):
        Ladder(ticks)


def test_odds_off_the_ladder_have_no_index() -> None:
    with pytest.raises(KeyError):
        Ladder([100, 110]).index(105)
