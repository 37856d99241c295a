"""Decides whether a quantity stays level over a run, by the slope of its block means and the standard error.

Neighbouring samples of a process are alike: a heap grows in steps, and a machine is busy for a while. So each sample
alone tells less than it seems to. Therefore the samples are averaged in blocks, a straight line is fitted to the
averages, and the standard error is widened by what likeness is left between neighbouring blocks.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

BLOCKS: Final = 24
"""Into how many blocks the samples of a run are divided."""

_T_975: Final = {
    1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23,
    12: 2.18, 14: 2.14, 16: 2.12, 18: 2.10, 20: 2.09, 22: 2.07, 25: 2.06, 30: 2.04, 40: 2.02, 60: 2.00,
}  # fmt: skip
"""The 97.5 % quantile of Student's distribution, by degrees of freedom."""


class Verdict(Enum):
    """The verdict on a slope."""

    FLAT = "flat"
    """With 97.5 % confidence the growth is below the allowance."""
    GROWS = "GROWS"
    """The growth is above zero with 97.5 % confidence, and may be above the allowance."""
    UNCLEAR = "unclear"
    """The error is too large to tell: the run was too short, or the machine too busy."""


class Point(NamedTuple):
    """A sample, or the mean of several."""

    at: float
    """Seconds."""
    value: float


class Fit(NamedTuple):
    """A straight line through the block means."""

    mean: float
    slope: float
    """Growth for each second."""
    error: float
    """The standard error of the slope."""
    likeness: float
    """The correlation of what the line leaves over in one block with the next block."""
    freedom: int
    """The degrees of freedom: the number of blocks less two."""

    @property
    def margin(self) -> float:
        """Half the width of the 95 % confidence interval of the slope."""
        return quantile(self.freedom) * self.error

    def verdict(self, allowance: float) -> Verdict:
        """Judge the slope. ``allowance`` is the growth for each second that still counts as level."""
        if self.slope + self.margin <= allowance:
            return Verdict.FLAT
        return Verdict.GROWS if self.slope - self.margin > 0 else Verdict.UNCLEAR


def quantile(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's distribution, or that of the next smaller number of degrees of freedom in
    the table, which is greater."""
    if freedom < 1:
        return math.inf
    return _T_975[max(known for known in _T_975 if known <= freedom)]


def middle(bounds: Sequence[float], counts: Sequence[float]) -> float | None:
    """Return the median of a histogram, by linear interpolation within its bucket. Above the last bound, it is that
    bound. The result is None if the histogram is empty.

    Args:
        bounds: the upper bounds of the buckets.
        counts: how many values are at or below each bound, and at last how many there are.
    """
    half = counts[-1] / 2
    if not half:
        return None
    below, lower = 0.0, 0.0
    for bound, count in zip(bounds, counts, strict=False):
        if count >= half:
            return lower + (bound - lower) * (half - below) / (count - below)
        below, lower = count, bound
    return bounds[-1]


def block_means(points: Sequence[Point], blocks: int = BLOCKS) -> list[Point]:
    """Divide the time of the samples into blocks of equal length, and return the mean of each block that has
    samples."""
    if not points:
        return []
    first, last = points[0].at, points[-1].at
    length = (last - first) / blocks or 1.0
    gathered: list[list[Point]] = [[] for _ in range(blocks)]
    for point in points:
        gathered[min(blocks - 1, int((point.at - first) / length))].append(point)
    return [
        Point(sum(point.at for point in block) / len(block), sum(point.value for point in block) / len(block))
        for block in gathered
        if block
    ]


def fit(means: Sequence[Point]) -> Fit:
    """Fit a straight line by least squares.

    Raises:
        ValueError: if there are fewer than three points.
    """
    number = len(means)
    if number < 3:
        raise ValueError(f"{number} blocks have samples; a slope with an error needs three")
    at = sum(point.at for point in means) / number
    mean = sum(point.value for point in means) / number
    spread = sum((point.at - at) ** 2 for point in means)
    slope = sum((point.at - at) * (point.value - mean) for point in means) / spread
    left = [point.value - mean - slope * (point.at - at) for point in means]
    squares = sum(each**2 for each in left)
    likeness = sum(a * b for a, b in itertools.pairwise(left)) / squares if squares else 0.0
    # Of blocks that resemble their neighbours, n tell as much as n (1 - r) / (1 + r) independent ones.
    alike = min(max(likeness, 0.0), 0.9)
    error = math.sqrt(squares / (number - 2) / spread * (1 + alike) / (1 - alike))
    return Fit(mean, slope, error, likeness, number - 2)
