"""The book that takers see."""

from __future__ import annotations

from venue_bench import Bench


def test_a_resting_wager_shows_under_the_opposite_outcome_at_negated_odds() -> None:
    bench = Bench()
    bench.place(bench.a, 0, -117, 50_000)
    assert bench.side(1) == [(117, 42_735, 50_000)]
    assert bench.side(0) == []


def test_levels_are_aggregated_and_ten_are_shown_best_first() -> None:
    bench = Bench()
    for odds in range(100, 112):
        bench.place(bench.a, 0, odds, 1_000)
    bench.place(bench.b, 0, 100, 500)
    shown = bench.side(1)
    assert [odds for odds, _, _ in shown] == [100, *(-odds for odds in range(101, 110))]
    assert shown[0] == (100, 1_500, 1_500)


def test_stake_shown_does_not_shrink_with_a_partial_match_but_value_does() -> None:
    bench = Bench()
    bench.place(bench.a, 0, -160, 128_000)
    before = bench.side(1)
    bench.place(bench.b, 1, 160, 1_000)
    assert before == [(160, 80_000, 128_000)]
    assert bench.side(1) == [(160, 79_000, 128_000)]
