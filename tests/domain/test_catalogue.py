"""The number of a line in quarter points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbot.domain.catalogue import Line, LineKey, MarketKey, Outcome, market_of, quarter_points


@given(st.integers(-4000, 4000))
def test_a_line_number_is_stored_in_quarter_points(quarters: int) -> None:
    assert quarter_points(quarters / 4) == quarters


@pytest.mark.parametrize("number", [0.1, 3.3, float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_no_quarter_point_is_rejected(number: float) -> None:
    with pytest.raises(ValueError, match=r".+"):
        quarter_points(number)


def test_a_line_knows_its_market_and_its_outcomes() -> None:
    line = Line(LineKey(7, 256, -14), (Outcome(1, "aa", "Home"), Outcome(2, "bb", "Away")))
    assert market_of(line.key) == MarketKey(7, 256)
    assert [line.side_of(line_id) for line_id in ("aa", "bb", "cc")] == [0, 1, None]
