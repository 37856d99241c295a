"""A line's worst case against brute force over every outcome and every fill."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.domain.odds import profit
from mmbot.domain.position import FullStakes, Position


class Held(NamedTuple):
    side: int
    odds: int
    stake: int
    matched: int


@st.composite
def wagers(draw: st.DrawFn) -> Held:
    stake = draw(st.integers(1, 50_000))
    return Held(
        draw(st.sampled_from([0, 1])),
        draw(st.sampled_from([-400, -150, -110, 100, 105, 250, 900])),
        stake,
        draw(st.integers(0, stake)),
    )


def position_of(held: list[Held]) -> Position:
    position = Position()
    for wager in held:
        position.move(wager.side, wager.stake - wager.matched, wager.matched, profit(wager.matched, wager.odds))
    return position


def loss(held: list[Held], fills: tuple[int, ...], winner: int | None) -> int:
    gain = 0
    for wager, fill in zip(held, fills, strict=True):
        if winner is None:
            continue
        if wager.side == winner:
            gain += profit(wager.matched, wager.odds) + profit(fill, wager.odds)
        else:
            gain -= wager.matched + fill
    return -gain


@settings(max_examples=200)
@given(st.lists(wagers(), max_size=5))
def test_the_worst_case_is_the_greatest_loss_over_all_fills_and_outcomes(held: list[Held]) -> None:
    parts = [sorted({0, (wager.stake - wager.matched) // 3, wager.stake - wager.matched}) for wager in held]
    greatest = max(
        [0, *(loss(held, fills, winner) for fills in product(*parts) for winner in (0, 1, None))],
    )
    assert position_of(held).worst_case() == greatest


@given(st.lists(wagers(), max_size=5))
def test_the_matched_worst_case_counts_no_fills(held: list[Held]) -> None:
    nothing = (0,) * len(held)
    greatest = max(0, *(loss(held, nothing, winner) for winner in (0, 1, None)))
    position = position_of(held)
    assert position.matched_worst_case() == greatest
    assert position.matched_worst_case() <= position.worst_case()


@given(st.lists(wagers(), max_size=5), st.sampled_from([0, 1]), st.integers(0, 100_000))
def test_the_worst_case_with_one_more_wager_equals_that_after_adding_it(
    held: list[Held], side: int, stake: int
) -> None:
    position = position_of(held)
    foreseen = position.worst_case_with(side, stake)
    position.move(side, stake, 0, 0)
    assert foreseen == position.worst_case()


@given(st.lists(wagers(), max_size=5))
def test_removed_wagers_leave_nothing(held: list[Held]) -> None:
    position = position_of(held)
    for wager in held:
        position.move(wager.side, wager.matched - wager.stake, -wager.matched, -profit(wager.matched, wager.odds))
    assert position == Position()


def test_a_certain_profit_is_a_worst_case_of_zero() -> None:
    position = Position()
    position.move(0, 0, 1000, 1500)
    position.move(1, 0, 1000, 1500)
    assert position.profit == [500, 500]
    assert position.worst_case() == 0


def test_stakes_on_no_line_count_in_full() -> None:
    full = FullStakes()
    assert not full
    full.move(700, 300)
    full.move(0, 500)
    assert full.worst_case() == 1500
    assert full.matched == 800
    full.move(-700, -800)
    assert not full


def test_positions_compare_by_value_and_are_unhashable() -> None:
    position = Position()
    position.move(1, 5, 0, 0)
    assert position != Position()
    assert "remaining=[0, 5]" in repr(position)
    with pytest.raises(TypeError):
        hash(position)
