"""Conversion between cents and wire amounts, and rounding that is exact at any size."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbot.domain.money import MoneyError, cents, dollars, half_up, share, show

amounts = st.integers(-1_000_000_000_000, 1_000_000_000_000)


@given(amounts)
def test_an_amount_survives_encoding_and_decoding(amount: int) -> None:
    assert cents(dollars(amount)) == amount
    assert cents(float(f"{amount / 100:.2f}")) == amount


@given(st.integers(-1_000_000_000, 1_000_000_000))
def test_whole_dollars_may_come_as_integers(number: int) -> None:
    assert cents(number) == number * 100


@given(st.integers(-100_000_000_000, 100_000_000_000), st.integers(1, 99))
def test_a_fraction_of_a_cent_is_rejected_at_every_size(amount: int, hundredths: int) -> None:
    with pytest.raises(MoneyError):
        cents(float(Fraction(amount * 100 + hundredths, 10_000)))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf"), 0.005, 1.001, 12_345_678.905])
def test_text_that_is_no_amount_is_rejected(wrong: float) -> None:
    with pytest.raises(MoneyError):
        cents(wrong)


@pytest.mark.parametrize(("text", "amount"), [(0.1 + 0.2, 30), (1.15, 115), (1.005e2, 10050), (-0.07, -7), (4.35, 435)])
def test_float_errors_are_no_fraction_of_a_cent(text: float, amount: int) -> None:
    assert cents(text) == amount


@given(st.integers(0, 10**15), st.integers(1, 10**9))
def test_half_up_is_exact(numerator: int, denominator: int) -> None:
    assert half_up(numerator, denominator) == (Fraction(numerator, denominator) + Fraction(1, 2)).__floor__()


@given(amounts, st.decimals(0, 1, places=4))
def test_a_share_is_rounded_half_up(amount: int, parts: Decimal) -> None:
    expected = (Decimal(amount) * parts).quantize(Decimal(1), ROUND_HALF_UP)
    assert share(amount, parts) == int(expected)


@pytest.mark.parametrize(("amount", "fee"), [(25, 1), (24, 0), (75, 2), (-25, -1), (0, 0)])
def test_half_a_cent_of_commission_is_a_cent(amount: int, fee: int) -> None:
    assert share(amount, Decimal("0.02")) == fee


@pytest.mark.parametrize(
    ("amount", "text"), [(123450, "$1,234.50"), (-7, "-$0.07"), (0, "$0.00"), (-100_000, "-$1,000.00")]
)
def test_an_amount_is_formatted_for_a_person(amount: int, text: str) -> None:
    assert show(amount) == text
