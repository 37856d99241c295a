"""The stake that the balance still allows."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from mmbot.engine.account.balance import available, available_at_placement

money = st.integers(0, 10**9)
multiples = st.floats(0.1, 10)


@given(st.integers(-(10**6), 10**9), money, money, multiples)
def test_room_is_the_largest_stake_that_keeps_outstanding_within_the_multiple(
    balance: int, matched: int, outstanding: int, multiple: float
) -> None:
    """One cent more would pass the multiple."""
    room = available(balance, matched, outstanding, multiple)
    most = Fraction(multiple) * (balance - matched)
    if room:
        assert outstanding + room <= most
    assert room >= 0
    assert outstanding + room + 1 > most


def test_a_match_after_the_read_reduces_the_room_by_its_multiple() -> None:
    assert available(100_00, 0, 0, 8.0) == 800_00
    assert available(100_00, 30_00, 200_00, 8.0) == 360_00
    assert available(100_00, 30_00, 700_00, 8.0) == 0


def test_a_negative_balance_leaves_no_room() -> None:
    assert available(10_00, 20_00, 0, 8.0) == 0
    assert available_at_placement(-1, 0, 0, 8.0) == 0


@given(st.integers(-(10**6), 10**9), money, money, multiples)
def test_where_placements_are_charged_cash_must_cover_old_and_new_wagers(
    balance: int, placed: int, outstanding: int, multiple: float
) -> None:
    room = available_at_placement(balance, placed, outstanding, multiple)
    cash = balance - placed
    assert room == 0 or room <= cash
    assert room == 0 or outstanding + room <= Fraction(multiple) * cash
    assert room + 1 > cash or outstanding + room + 1 > Fraction(multiple) * cash


def test_a_replacement_needs_cash_while_the_old_wager_still_holds_its_own() -> None:
    # 100 dollars; 60 placed since the read and cancelled again: its money may not be back yet.
    assert available_at_placement(100_00, 60_00, 0, 8.0) == 40_00
