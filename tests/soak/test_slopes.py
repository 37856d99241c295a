"""The arithmetic of ``make soak``: slopes, their errors and the verdicts."""

from __future__ import annotations

from random import Random

import pytest
from slopes import Fit, Point, Verdict, block_means, fit, middle, quantile


def series(growth: float, noise: float, seed: int = 1, alike: float = 0.0, number: int = 720) -> list[Point]:
    """Samples every five seconds. With ``alike``, the noise of a sample resembles that of the sample before."""
    rng, carried, points = Random(seed), 0.0, []
    for place in range(number):
        carried = alike * carried + rng.gauss(0, noise)
        points.append(Point(5.0 * place, 100 + growth * 5.0 * place + carried))
    return points


def test_a_straight_line_has_its_slope_and_no_error() -> None:
    found = fit(block_means([Point(at, 3 + 0.25 * at) for at in range(0, 2400, 5)]))
    assert found.slope == pytest.approx(0.25)
    assert found.error == pytest.approx(0, abs=1e-9)
    assert found.verdict(0.3) is Verdict.FLAT
    assert found.verdict(0.2) is Verdict.GROWS


def test_a_constant_is_flat_with_no_allowance() -> None:
    found = fit(block_means([Point(at, 17) for at in range(0, 2400, 5)]))
    assert (found.mean, found.slope, found.error) == (17, 0, 0)
    assert found.verdict(0) is Verdict.FLAT


def test_slope_and_error_of_four_points_are_those_of_the_textbook() -> None:
    found = fit([Point(0, 1), Point(1, 3), Point(2, 2), Point(3, 5)])
    assert found.slope == pytest.approx(1.1)
    assert found.likeness < 0
    assert found.error == pytest.approx((2.7 / 2 / 5) ** 0.5)  # residual sum of squares 2.7, spread 5
    assert found.freedom == 2


def test_the_error_is_about_as_large_as_slopes_differ_between_runs() -> None:
    for alike in (0.0, 0.95):
        fits = [fit(block_means(series(0.0, 1.0, seed, alike))) for seed in range(60)]
        outside = sum(abs(each.slope) > each.margin for each in fits)
        assert outside <= 10, f"{outside} of 60 level runs with likeness {alike} look sloped"


def test_growth_above_the_allowance_is_found_and_growth_below_it_is_not() -> None:
    assert fit(block_means(series(0.01, 1.0))).verdict(0.002) is Verdict.GROWS
    assert fit(block_means(series(0.0, 1.0))).verdict(0.002) is Verdict.FLAT


def test_too_much_noise_leaves_it_unclear() -> None:
    found = fit(block_means(series(0.0, 400.0)))
    assert found.verdict(1e-6) is Verdict.UNCLEAR


def test_what_shrinks_is_flat() -> None:
    assert fit(block_means(series(-0.05, 1.0))).verdict(0) is Verdict.FLAT


def test_blocks_without_samples_are_left_out() -> None:
    points = [Point(at, 1) for at in (*range(100), *range(900, 1000))]
    means = block_means(points, 10)
    assert [round(point.at) for point in means] == [50, 950]
    with pytest.raises(ValueError, match="2 blocks"):
        fit(means)


def test_an_unlisted_number_of_freedom_takes_the_safer_quantile() -> None:
    assert quantile(23) == quantile(22) > quantile(25)
    assert quantile(1000) == quantile(60)
    assert Fit(0, 0, 1, 0, 0).verdict(1) is Verdict.UNCLEAR


def test_the_median_of_a_histogram_lies_within_the_bucket_that_holds_it() -> None:
    bounds = (0.001, 0.002, 0.005)
    assert middle(bounds, (0, 10, 10, 10)) == pytest.approx(0.0015)
    assert middle(bounds, (4, 5, 8, 10)) == pytest.approx(0.002)
    assert middle(bounds, (0, 0, 0, 3)) == 0.005
    assert middle(bounds, (0, 0, 0, 0)) is None
