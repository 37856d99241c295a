"""Figures in the narrow cells of the live view."""

from __future__ import annotations

import pytest

from mmbot.domain.instant import HOUR, MINUTE, SECOND
from mmbot.screen.live_figures import amount, bar, fit, span


@pytest.mark.parametrize(
    ("cents", "width", "shown"),
    [
        (123_450, 7, "1234.50"),
        (123_450, 4, "1235"),
        (-7, 6, "-0.07"),
        (123_456_789, 6, "1235k"),
        (123_456_789, 4, "1.2M"),
        (12_345_678, 5, "123k"),
        (10**15, 3, "###"),
    ],
)
def test_an_amount_is_as_exact_as_its_cell_allows(cents: int, width: int, shown: str) -> None:
    assert amount(cents, width) == shown


def test_an_amount_never_rounds_to_another_sign() -> None:
    assert amount(-1, 8, signed=True) == "-0.01"
    assert amount(0, 8, signed=True) == "0.00"
    assert amount(1, 8, signed=True) == "+0.01"


def test_a_bar_tells_matched_from_what_could_match_and_never_leaves_its_width() -> None:
    assert bar(500, 200, 400, 700, 1_000, 10).plain == "██▒▒▒··┊··"
    assert bar(1, 0, 400, 700, 1_000, 10).plain == "▒···┊··┊··"
    assert bar(5_000, 5_000, 400, 700, 1_000, 10).plain == "█" * 10
    assert bar(0, 0, 0, 0, 0, 4).plain == "····"


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (-SECOND, "0s"),
        (59 * SECOND, "59s"),
        (337 * SECOND, "5m37s"),
        (3 * HOUR + 5 * MINUTE, "3h05m"),
        (51 * HOUR, "2d3h"),
    ],
)
def test_a_span_is_short(duration: int, shown: str) -> None:
    assert span(duration) == shown


def test_a_cell_is_cut_by_the_cells_it_takes_not_by_letters() -> None:
    assert fit("東京ジャイアンツ", 7).cell_len == 7
