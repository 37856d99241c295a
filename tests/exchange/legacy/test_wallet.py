"""The balance in the legacy dialect."""

from __future__ import annotations

import pytest
from legacy_bodies import body

from mmbot.exchange.legacy import wallet


@pytest.mark.parametrize("answer", [{}, {"balance": None}, {"balance": "10"}, {"balance": 10.005}, [10]])
def test_a_balance_that_is_none_is_not_taken_for_zero(answer: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wallet.read_balance(1, body(answer))
