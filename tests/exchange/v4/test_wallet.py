"""The balance and the transactions in the v4 dialect."""

from __future__ import annotations

import pytest
from v4_bodies import NOW, V4, body

from mmbot.domain.instant import SECOND
from mmbot.domain.transaction import TransactionType
from mmbot.engine.events import BalanceRead


def test_a_balance() -> None:
    answer = {
        "balance": 1000.0,
        "matched_order_balance": 250.0,
        "unmatched_order_balance": 800.0,
        "unmatched_order_balance_status": "succeed",
        "unmatched_order_last_synced_at": "2026-09-21T14:00:05.123456789Z",
        "gec_balance": 0,
    }
    assert V4.wallet.balance(3).read(body(answer), []) == BalanceRead(3, 100_000, 25_000, 80_000)


@pytest.mark.parametrize("answer", [{}, {"balance": None}, {"balance": "10"}, {"balance": 10.005}, [10]])
def test_a_balance_that_is_none_is_not_taken_for_zero(answer: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        V4.wallet.balance(1).read(body(answer), [])


@pytest.mark.parametrize("cursor", ["next_cursor", "next"])
def test_a_page_of_transactions(cursor: str) -> None:
    lines = [
        {"transaction_type": "TRADE", "amount": 7.94, "order_id": "ord-9", "event_id": 7, "market_id": 251},
        {"transaction_type": "PAY", "change": 12.5, "balance": 112.5},
        {"transaction_type": "APPROVE_WITHDRAW", "amount": 5},
    ]
    malformed: list[str] = []
    call = V4.wallet.transactions(None, None, None, None, None, "", "", 1)
    page = call.read(body({"transactions": lines, cursor: "c"}), malformed)
    first, second = page.transactions
    assert (first.type, first.change, first.wager_id) == (TransactionType.TRADE, -794, "ord-9")
    assert (first.sport_event_id, first.market_id) == (7, 251)
    assert (second.change, second.balance) == (1_250, 11_250)
    assert (page.next_cursor, page.unread, len(malformed)) == ("c", 1, 1)


def test_the_filters_of_transactions_have_their_names() -> None:
    call = V4.wallet.transactions(NOW, NOW, TransactionType.PAY, 7, 251, "ord-1", "c", 5_000)
    second = NOW // SECOND
    assert call.path == (
        f"/v4/mm/get_transactions?from={second}&to={second}&transaction_type=PAY&event_id=7&market_id=251"
        "&next_cursor=c&limit=1000"
    )
