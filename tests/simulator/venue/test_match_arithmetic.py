"""The arithmetic of a match, to the cent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.domain.odds import greatest_profit, least_profit, profit
from mmbot.simulator.venue.match_arithmetic import pair, takeable, taken_by_favourite
from mmbot.simulator.venue.odds_ladder import STANDARD

magnitudes = st.sampled_from([odds for odds in STANDARD if odds > 0])
stakes = st.integers(1, 3_000_000)


@pytest.mark.parametrize(
    ("maker_odds", "maker_stake", "value"),
    [
        (-105, 80_000, 76_190),
        (-142, 160_000, 112_676),
        (250, 32_000, 80_000),
        (-340, 272_000, 80_000),
        (-4500, 45_000, 1_000),
        (126, 79_206, 99_800),
        (100, 12_345, 12_345),
    ],
)
def test_the_value_of_a_level_is_the_stake_that_takers_can_put_there(
    maker_odds: int, maker_stake: int, value: int
) -> None:
    assert takeable(maker_stake, maker_odds) == value


@given(stakes, stakes, magnitudes)
@settings(max_examples=500)
def test_both_sides_of_a_match_work_out_the_same_money(favourite: int, underdog: int, points: int) -> None:
    stake_f, stake_u = pair(favourite, underdog, points)
    assert 0 <= stake_f <= favourite
    assert 0 <= stake_u <= underdog
    if stake_u:
        assert profit(stake_u, points) == stake_f
        assert profit(stake_f, -points if points > 100 else 100) == stake_u


@given(stakes, stakes, magnitudes)
@settings(max_examples=500)
def test_a_match_is_the_largest_that_both_can_stake(favourite: int, underdog: int, points: int) -> None:
    stake_u = pair(favourite, underdog, points)[1]
    best = max(u for u in range(max(0, stake_u - 2), stake_u + 3) if u <= underdog and profit(u, points) <= favourite)
    assert stake_u == best


@given(stakes, stakes, magnitudes)
@settings(max_examples=500)
def test_a_taker_on_the_favourite_wins_his_half_up_profit(favourite: int, underdog: int, points: int) -> None:
    """The two orders stake what they have, up to the cent by which the win of one more cent would be too much."""
    stake_f, stake_u = taken_by_favourite(favourite, underdog, points)
    odds = -points if points > 100 else 100
    assert 0 <= stake_f <= favourite
    assert 0 <= stake_u <= underdog
    assert stake_u == profit(stake_f, odds)
    assert stake_f == favourite or stake_u == underdog
    if stake_u:
        assert least_profit(stake_u, points) <= stake_f <= greatest_profit(stake_u, points)
