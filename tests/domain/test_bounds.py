"""Values beyond their bounds are malformed, and the values at the bounds are not."""

from __future__ import annotations

import pytest

from mmbot.domain.bounds import LARGEST_AMOUNT, LARGEST_LINE, LONGEST_ODDS
from mmbot.domain.catalogue import quarter_points
from mmbot.domain.money import MoneyError, cents
from mmbot.domain.odds import Ladder, OddsError, is_odds, profit


def test_an_amount_beyond_every_amount_is_no_money() -> None:
    assert cents(LARGEST_AMOUNT / 100) == LARGEST_AMOUNT
    for dollars in (1e15, -1e15, 1e300, float("inf"), float("nan")):
        with pytest.raises(MoneyError):
            cents(dollars)


def test_odds_beyond_every_price_are_no_odds() -> None:
    assert is_odds(LONGEST_ODDS)
    assert is_odds(-LONGEST_ODDS)
    assert not is_odds(LONGEST_ODDS + 1)
    assert not is_odds(-LONGEST_ODDS - 1)
    assert not is_odds(10**15)
    with pytest.raises(OddsError):
        Ladder([110, 10**15])


def test_the_largest_win_fits_into_the_journal() -> None:
    assert profit(LARGEST_AMOUNT, LONGEST_ODDS) < 2**57


def test_the_number_of_a_line_has_a_bound() -> None:
    assert quarter_points(LARGEST_LINE) == 4 * LARGEST_LINE
    for number in (1e7, -1e18, 1e300):
        with pytest.raises(ValueError, match="beyond every line"):
            quarter_points(number)
