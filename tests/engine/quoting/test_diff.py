"""The diff of targets and open wagers sends the fewest items: compared with a search over every assignment."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.domain.odds import implied, payout, stake_for_payout
from mmbot.engine.quoting.diff import Diff, Live, diff, self_match
from mmbot.engine.quoting.target import Target

MIN_STAKE = 100

# With few prices and sizes, exact sums and wagers that serve two targets are frequent.
ODDS = st.sampled_from([-112, -110, -108, 100, 102, 105])
SIZES = st.one_of(st.sampled_from([50, 100, 200, 300, 400, 500, 1000]), st.integers(1, 1200))


@st.composite
def resting(draw: st.DrawFn) -> list[Live]:
    sides = st.sampled_from([0, 0, 1])  # mostly one side, so that its search is long
    row = st.tuples(sides, ODDS, SIZES, st.sampled_from([False] * 5 + [True]))
    count = draw(st.integers(0, 6))
    rows = draw(st.lists(row, min_size=count, max_size=count))
    return [Live(f"w{place}", *row) for place, row in enumerate(rows)]


wanted = st.lists(
    st.builds(
        Target,
        side=st.sampled_from([0, 0, 1]),
        odds=ODDS,
        stake=SIZES,
        price_tolerance=st.sampled_from([0.0, 0.006, 0.02]),
        size_tolerance=st.sampled_from([0.0, 0.1, 0.3]),
    ),
    max_size=3,
)


def serves(wager: Live, target: Target) -> bool:
    if wager.side != target.side:
        return False
    return wager.odds == target.odds or abs(implied(wager.odds) - implied(target.odds)) <= target.price_tolerance + 1e-9


def top_up(target: Target, served: list[Live]) -> int | None:
    """The stake to place in addition to the wagers that serve a target; None if they are too much."""
    want = payout(target.stake, target.odds)
    have = sum(payout(wager.stake, wager.odds) for wager in served)
    tolerated = int(want * target.size_tolerance)
    if served and have > want + max(tolerated, payout(1, target.odds)):
        return None
    if served and want - have <= tolerated:
        return 0
    stake = stake_for_payout(want - have, target.odds) if served else target.stake
    return stake if stake >= MIN_STAKE else 0


def fewest(targets: list[Target], live: list[Live]) -> int:
    """The fewest items over all assignments, in which every wager is cancelled or serves a target."""
    steady = [wager for wager in live if not wager.fading]
    best = None
    for way in product([None, *range(len(targets))], repeat=len(steady)):
        pairs = list(zip(steady, way, strict=True))
        if not all(place is None or serves(wager, targets[place]) for wager, place in pairs):
            continue
        sent = [
            top_up(target, [wager for wager, place in pairs if place == index]) for index, target in enumerate(targets)
        ]
        if None in sent:
            continue
        items = way.count(None) + sum(bool(stake) for stake in sent)
        best = items if best is None else min(best, items)
    assert best is not None
    return best


def explained(targets: list[Target], live: list[Live], result: Diff) -> bool:
    """Return whether some assignment of the kept wagers needs exactly the placements of the result."""
    kept = [wager for wager in live if wager.external_id in result.keep]
    for way in product(range(len(targets)), repeat=len(kept)):
        pairs = list(zip(kept, way, strict=True))
        if not all(serves(wager, targets[place]) for wager, place in pairs):
            continue
        sent = [
            top_up(target, [wager for wager, place in pairs if place == index]) for index, target in enumerate(targets)
        ]
        if None in sent:
            continue
        placed = [(t.side, t.odds, stake) for t, stake in zip(targets, sent, strict=True) if stake]
        if placed == [(t.side, t.odds, t.stake) for t in result.place]:
            return True
    return False


@settings(deadline=None, max_examples=400)
@given(wanted, resting())
def test_it_sends_as_few_items_as_the_best_of_all_assignments(targets: list[Target], live: list[Live]) -> None:
    result = diff(targets, live, MIN_STAKE)
    assert len(result.cancel) + len(result.place) == fewest(targets, live)
    assert explained(targets, live, result)


@settings(deadline=None, max_examples=200)
@given(wanted, resting())
def test_every_wager_is_kept_or_cancelled_exactly_once_unless_it_is_fading(
    targets: list[Target], live: list[Live]
) -> None:
    result = diff(targets, live, MIN_STAKE)
    steady = [wager.external_id for wager in live if not wager.fading]
    assert sorted(result.keep + result.cancel) == sorted(steady)
    assert all(target.stake >= MIN_STAKE for target in result.place)


@settings(deadline=None, max_examples=200)
@given(wanted, resting())
def test_a_second_diff_after_the_first_is_empty(targets: list[Target], live: list[Live]) -> None:
    first = diff(targets, live, MIN_STAKE)
    after = [wager for wager in live if wager.external_id in first.keep]
    after += [Live(f"n{i}", target.side, target.odds, target.stake) for i, target in enumerate(first.place)]
    second = diff(targets, after, MIN_STAKE)
    assert second.cancel == ()
    assert second.place == ()


A = Target(0, -110, 1100)  # pays out 2100


def test_without_wagers_and_targets_the_diff_is_empty() -> None:
    assert diff([], [], MIN_STAKE) == Diff((), (), ())


def test_without_targets_everything_is_cancelled_except_fading_wagers() -> None:
    live = [Live("a", 0, -110, 1100), Live("b", 1, 105, 900, fading=True), Live("c", 1, 105, 900)]
    assert diff([], live, MIN_STAKE) == Diff((), ("a", "c"), ())


def test_a_wager_equal_to_its_target_is_kept() -> None:
    assert diff([A], [Live("a", 0, -110, 1100)], MIN_STAKE) == Diff(("a",), (), ())


def test_a_fading_wager_does_not_serve_a_target() -> None:
    assert diff([A], [Live("a", 0, -110, 1100, fading=True)], MIN_STAKE) == Diff((), (), (A,))


def test_a_wager_on_the_other_outcome_does_not_serve_a_target() -> None:
    assert diff([A], [Live("a", 1, -110, 1100)], MIN_STAKE) == Diff((), ("a",), (A,))


@pytest.mark.parametrize(("odds", "kept"), [(-110, True), (-112, True), (-108, True), (-113, False), (100, False)])
def test_a_price_within_the_tolerance_keeps_its_place(odds: int, kept: bool) -> None:
    target = Target(0, -110, 1100, price_tolerance=0.0046, size_tolerance=0.05)
    result = diff([target], [Live("a", 0, odds, 1100)], MIN_STAKE)
    assert (result.keep == ("a",)) is kept
    assert (result.place == (target,)) is not kept


def test_a_partly_matched_wager_is_topped_up_by_a_second_one() -> None:
    result = diff([A], [Live("a", 0, -110, 600)], MIN_STAKE)
    assert result.keep == ("a",)
    assert [(t.side, t.odds, t.stake) for t in result.place] == [(0, -110, 500)]


@pytest.mark.parametrize(
    ("left", "tolerance", "placed"),
    [
        (1001, 0.0, []),  # 99 short: less than the minimum stake
        (1000, 0.0, [100]),
        (900, 0.2, []),  # within the tolerance
        (800, 0.2, [300]),
    ],
)
def test_a_shortage_is_left_below_the_minimum_stake_or_within_the_tolerance(
    left: int, tolerance: float, placed: list[int]
) -> None:
    target = Target(0, -110, 1100, size_tolerance=tolerance)
    result = diff([target], [Live("a", 0, -110, left)], MIN_STAKE)
    assert result.keep == ("a",)
    assert [t.stake for t in result.place] == placed


def test_a_wager_that_is_too_large_is_replaced() -> None:
    assert diff([A], [Live("a", 0, -110, 1200)], MIN_STAKE) == Diff((), ("a",), (A,))


def test_of_several_wagers_that_are_too_much_only_one_is_cancelled() -> None:
    live = [Live("a", 0, -110, 700), Live("b", 0, -110, 400), Live("c", 0, -110, 500)]
    assert diff([A], live, MIN_STAKE) == Diff(("a", "b"), ("c",), ())


def test_of_equal_wagers_the_older_one_is_kept() -> None:
    live = [Live("old", 0, -110, 1100), Live("new", 0, -110, 1100)]
    assert diff([A], live, MIN_STAKE) == Diff(("old",), ("new",), ())


def test_of_two_suitable_wagers_the_one_with_the_closer_price_is_kept() -> None:
    target = Target(0, -110, 1100, price_tolerance=0.02, size_tolerance=0.02)
    live = [Live("old", 0, -112, 1110), Live("new", 0, -110, 1100)]
    assert diff([target], live, MIN_STAKE) == Diff(("new",), ("old",), ())


def test_of_two_wagers_that_need_a_top_up_the_larger_is_kept() -> None:
    result = diff([A], [Live("small", 0, -110, 300), Live("large", 0, -110, 900)], MIN_STAKE)
    assert result.keep == ("large",)
    assert result.cancel == ("small",)
    assert [t.stake for t in result.place] == [200]


def test_levels_are_served_by_the_wagers_at_their_prices() -> None:
    near = Target(0, -110, 1100, price_tolerance=0.02)
    far = Target(0, -105, 1050, price_tolerance=0.02)
    live = [Live("far", 0, -105, 1050), Live("near", 0, -110, 1100)]
    assert diff([near, far], live, MIN_STAKE) == Diff(("far", "near"), (), ())


def test_a_target_below_the_minimum_stake_is_not_placed() -> None:
    assert diff([Target(0, -110, 99)], [], MIN_STAKE) == Diff((), (), ())
    assert diff([Target(0, -110, 99)], [Live("a", 0, 100, 500)], MIN_STAKE) == Diff((), ("a",), ())


def test_400_wagers_on_one_side_get_a_fitting_diff() -> None:
    """Too many wagers for a full search: the kept wagers fit, and the missing stake is placed."""
    live = [Live(f"w{i}", 0, -110, 100 + i) for i in range(400)]
    target = Target(0, -110, 5000)
    result = diff([target], live, MIN_STAKE)
    kept = sum(wager.stake for wager in live if wager.external_id in result.keep)
    placed = sum(t.stake for t in result.place)
    assert 5000 - MIN_STAKE < kept + placed <= 5001
    assert len(result.keep) + len(result.cancel) == 400


def test_1200_wagers_on_one_side_are_assigned_in_order() -> None:
    """Too many wagers for a search that goes one wager deeper each time: each is still kept or cancelled once."""
    targets = [Target(0, 100 + index, 50_000, price_tolerance=0.5, size_tolerance=0.9) for index in range(5)]
    live = [Live(f"w{index}", 0, 100 + index % 5, 100) for index in range(1200)]
    result = diff(targets, live, MIN_STAKE)
    assert sorted([*result.keep, *result.cancel]) == sorted(wager.external_id for wager in live)
    assert len(result.keep) == 1200
    assert not diff([], live, MIN_STAKE).keep
    few = diff([Target(0, 100, 500)], live, MIN_STAKE)
    assert list(few.keep) == [f"w{index}" for index in (0, 5, 10, 15, 20)]
    assert len(few.cancel) == 1195


def test_own_wagers_on_opposite_outcomes_must_imply_less_than_one() -> None:
    live = [Live("a", 0, -117, 1000), Live("b", 1, 130, 1000, fading=True)]
    assert self_match(1, 117, live)  # exactly one
    assert self_match(1, 110, live)
    assert not self_match(1, 118, live)
    assert self_match(0, -130, live)  # a fading one can still match
    assert not self_match(0, -117, live)  # two of one side never match
