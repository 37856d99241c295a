"""The size of a hedge: its reduction, its cost, and no new loss on the other outcome."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmbot.domain.book import Book, Level
from mmbot.domain.odds import Ladder, implied, per_hundred, profit
from mmbot.domain.position import Position
from mmbot.engine.risk.hedge_size import (
    NO_FAIR,
    NO_OFFER,
    NOTHING_MATCHED,
    OWN_QUOTES,
    TOO_DEAR,
    TOO_SMALL,
    WOULD_MOVE_THE_LOSS,
    HedgeOrder,
    blocking,
    size_hedge,
)

TICKS = [-500, -400, -300, -250, -200, -170, -150, -140, -130, -120, -115, -110, -105, -102]
LADDER = Ladder([*TICKS, 100, *[-tick for tick in TICKS]])
MIN_STAKE = 100
MAX_STAKE = 50_000


def position_of(profits: tuple[int, int], remaining: tuple[int, int] = (0, 0)) -> Position:
    position = Position()
    position.profit = list(profits)
    position.remaining = list(remaining)
    return position


def hedge(
    profits: tuple[int, int],
    reduction: int,
    levels: list[tuple[int, int]],
    *,
    side: int = 0,
    fair: float | None = 0.5,
    max_cost: float = 0.05,
    remaining: tuple[int, int] = (0, 0),
    min_stake: int = MIN_STAKE,
    max_stake: int = MAX_STAKE,
) -> HedgeOrder | str:
    shown = tuple(Level(*level) for level in levels)
    book = Book((shown, ()) if side == 0 else ((), shown))
    return size_hedge(position_of(profits, remaining), reduction, book, fair, max_cost, LADDER, min_stake, max_stake)


def test_a_hedge_backs_the_losing_outcome_and_wins_back_the_reduction() -> None:
    # 350 lost if outcome 0 wins; 150 less are wanted, at -110: 165 to win 150.
    assert hedge((-350_00, 300_00), 150_00, [(-110, 900_00)]) == HedgeOrder(0, -110, 165_00)
    assert hedge((300_00, -350_00), 150_00, [(-110, 900_00)], side=1) == HedgeOrder(1, -110, 165_00)


def test_a_hedge_takes_only_as_many_levels_as_needed() -> None:
    levels = [(105, 20_00), (-102, 30_00), (-110, 900_00), (-150, 900_00)]
    # 21.00 and 29.41 are won at the first two; 49.59 more cost 54.55 at -110.
    assert hedge((-350_00, 300_00), 100_00, levels) == HedgeOrder(0, -110, 104_55)
    assert hedge((-350_00, 300_00), 40_00, levels) == HedgeOrder(0, -102, 20_00 + 19_38)
    assert hedge((-350_00, 300_00), 21_00, levels) == HedgeOrder(0, 105, 20_00)


def test_a_hedge_stops_at_prices_beyond_fair_plus_the_allowed_cost() -> None:
    levels = [(-110, 50_00), (-130, 900_00)]  # 0.524 and 0.565
    assert hedge((-350_00, 300_00), 150_00, levels) == HedgeOrder(0, -110, 50_00)
    assert hedge((-350_00, 300_00), 150_00, levels, fair=0.52) == HedgeOrder(0, -130, 50_00 + 135_92)
    assert hedge((-350_00, 300_00), 150_00, levels, fair=0.47) == TOO_DEAR
    assert hedge((300_00, -350_00), 150_00, levels, side=1, fair=0.53) == TOO_DEAR


def test_a_cost_of_exactly_what_is_allowed_is_allowed() -> None:
    assert hedge((-350_00, 300_00), 100_00, [(-150, 900_00)], fair=0.55, max_cost=0.05) == HedgeOrder(0, -150, 150_00)


def test_an_offer_between_ticks_is_taken_at_the_next_tick_that_reaches_it() -> None:
    assert hedge((-350_00, 300_00), 100_00, [(-112, 900_00)]) == HedgeOrder(0, -115, 115_00)
    assert hedge((-350_00, 300_00), 100_00, [(-112, 900_00)], max_cost=0.03) == TOO_DEAR


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (hedge((0, 50_00), 10_00, [(-110, 900_00)]), NOTHING_MATCHED),
        (hedge((-50_00, 50_00), 0, [(-110, 900_00)]), NOTHING_MATCHED),
        (hedge((-50_00, 50_00), 10_00, [(-110, 900_00)], fair=None), NO_FAIR),
        (hedge((-50_00, 50_00), 10_00, [(-110, 900_00)], side=1), NO_OFFER),
        (hedge((-50_00, 50_00), 10_00, [(-500, 900_00)]), TOO_DEAR),
        (hedge((-50_00, -50_00), 10_00, [(-110, 900_00)]), WOULD_MOVE_THE_LOSS),
        (hedge((-50_00, 50_00), 10_00, [(-110, 900_00)], remaining=(100_00, 0)), OWN_QUOTES),
        (hedge((-50_00, 50_00), 10_00, [(-110, 900_00)], max_stake=99), TOO_SMALL),
    ],
)
def test_the_reason_for_no_hedge_is_given(result: HedgeOrder | str, reason: str) -> None:
    assert result == reason


def test_a_hedge_is_rounded_up_to_the_minimum_stake_only_if_that_reduces() -> None:
    assert hedge((-10_00, 5_00), 50, [(-110, 900_00)]) == HedgeOrder(0, -110, MIN_STAKE)
    # 0.50 ahead, 0.40 behind: a dollar would lose 0.50 on the other outcome.
    assert hedge((-40, 50), 30, [(-110, 900_00)]) == TOO_SMALL
    assert hedge((-50, 50), 40, [(-110, 900_00)]) == HedgeOrder(0, -110, MIN_STAKE)


def test_a_hedge_stops_at_the_largest_allowed_stake() -> None:
    assert hedge((-350_00, 300_00), 150_00, [(-110, 900_00)], max_stake=70_00) == HedgeOrder(0, -110, 70_00)


def test_an_unreachable_reduction_makes_both_outcomes_equal() -> None:
    order = hedge((-100_00, 20_00), 100_00, [(-110, 900_00)])
    assert isinstance(order, HedgeOrder)
    after = (-100_00 + profit(order.stake, -110), 20_00 - order.stake)
    assert after[1] - after[0] in (0, 1)
    assert max(-after[0], -after[1]) < 45_00


def test_empty_levels_are_skipped() -> None:
    assert hedge((-350_00, 300_00), 150_00, [(105, 0), (-110, 900_00)]) == HedgeOrder(0, -110, 165_00)


# One outcome loses and the other is better, so that most examples need a hedge.
positions = st.tuples(st.integers(-60_000, -200), st.integers(1, 120_000), st.booleans()).map(
    lambda drawn: (drawn[0], drawn[0] + drawn[1]) if drawn[2] else (drawn[0] + drawn[1], drawn[0])
)
levels = st.lists(
    st.tuples(st.sampled_from([-400, -200, -150, -130, -120, -110, -105, 100, 110, 130]), st.integers(0, 20_000)),
    min_size=1,
    max_size=5,
    unique_by=lambda level: level[0],
).map(lambda drawn: tuple(Level(*level) for level in sorted(drawn, key=lambda level: -per_hundred(level[0]))))


@settings(deadline=None, max_examples=500)
@given(
    profits=positions,
    remaining=st.tuples(*[st.sampled_from([0, 0, 0, 0, 500, 20_000])] * 2),
    reduction=st.integers(1, 60_000),
    sides=st.tuples(levels, levels),
    fair=st.floats(0.2, 0.8),
    max_cost=st.sampled_from([0.3, 0.3, 0.3, 0.05, 0.02, 0.0]),
    share=st.floats(0, 1),
)
def test_any_fill_of_a_hedge_reduces_and_by_no_more_than_asked(
    profits: tuple[int, int],
    remaining: tuple[int, int],
    reduction: int,
    sides: tuple[tuple[Level, ...], tuple[Level, ...]],
    fair: float,
    max_cost: float,
    share: float,
) -> None:
    position = position_of(profits, remaining)
    before = position.matched_worst_case()
    reduction = min(reduction, before)
    order = size_hedge(position, reduction, Book(sides), fair, max_cost, LADDER, MIN_STAKE, MAX_STAKE)
    assume(isinstance(order, HedgeOrder))
    assert isinstance(order, HedgeOrder)
    assert profits[order.side] == min(profits)
    assert order.odds in LADDER
    assert MIN_STAKE <= order.stake <= MAX_STAKE
    assert implied(order.odds) <= (fair if order.side == 0 else 1 - fair) + max_cost + 1e-9
    # The exchange fills the best levels first; a remainder rests at our odds and may be taken there, or not.
    for stake in {0, int(order.stake * share), order.stake}:
        left, won, fills = stake, 0, 0
        for level in sides[order.side]:
            if per_hundred(level.odds) >= per_hundred(order.odds) and left:
                part = min(left, level.value)
                won += profit(part, level.odds)
                left -= part
                fills += 1
        won += profit(left, order.odds)
        behind = profits[order.side] + won
        ahead = profits[1 - order.side] - stake
        # Neither outcome loses more than before, even if our other wagers are matched too.
        assert max(-behind, -(ahead - remaining[order.side])) <= before
        # The other outcome never loses more than the target, or than this one now loses.
        if order.stake > MIN_STAKE:
            aimed = before - reduction
            assert -(ahead - remaining[order.side]) <= max(aimed, -behind) + 1 + fills
    # No more than asked for, up to a cent for each level, unless less than the minimum stake would do.
    if order.stake > MIN_STAKE:
        assert won <= reduction + 5 + fills + (left > 0)


@settings(deadline=None, max_examples=200)
@given(behind=st.integers(1_000, 60_000), reduction=st.integers(200, 60_000), top=levels)
def test_a_hedge_takes_the_least_that_brings_the_reduction(behind: int, reduction: int, top: tuple[Level, ...]) -> None:
    """The other outcome is far ahead and any price is allowed: fewer levels or a few cents less do not suffice."""
    reduction = min(reduction, behind)
    order = size_hedge(position_of((-behind, 10**7)), reduction, Book((top, ())), 0.5, 0.49, LADDER, MIN_STAKE, 10**7)
    reach = sum(profit(level.value, level.odds) for level in top)
    assume(isinstance(order, HedgeOrder))
    assert isinstance(order, HedgeOrder)
    shown = [level for level in top if per_hundred(level.odds) >= per_hundred(order.odds)]

    def wins(stake: int) -> int:
        won = 0
        for level in shown:
            part = min(stake, level.value)
            won += profit(part, level.odds)
            stake -= part
        return won

    if reach >= reduction and order.stake > MIN_STAKE:
        assert wins(order.stake) >= reduction
        assert wins(order.stake - 4) < reduction
        longer = [level for level in top if per_hundred(level.odds) > per_hundred(order.odds)]
        assert sum(profit(level.value, level.odds) for level in longer) < reduction


def test_own_wagers_that_a_hedge_could_match_are_listed_in_order() -> None:
    live = [("a", 1, -102), ("b", 0, -200), ("c", 1, 110), ("d", 1, 105)]
    assert blocking(0, -110, live) == ["a", "c", "d"]
    assert blocking(0, -105, live) == ["a", "d"]
    assert blocking(1, 200, live) == ["b"]
