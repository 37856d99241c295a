"""One movement of the account's money in the exchange's wallet (specification, *Transaction History*)."""

from __future__ import annotations

from enum import Enum

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents


class TransactionType(Enum):
    """``transaction_type``: the list of the specification, and the additions of v4."""

    BET = "BET"
    DEPOSIT = "DEPOSIT"
    REFUND = "REFUND"
    PAY = "PAY"
    WITHDRAW = "WITHDRAW"
    COMMISSION = "COMMISSION"
    ADJUSTMENT_REDUCE = "ADJUSTMENT_REDUCE"
    ADJUSTMENT_INCREASE = "ADJUSTMENT_INCREASE"
    VOID = "VOID"
    REJECT_WITHDRAW = "REJECT_WITHDRAW"
    APPROVE_WITHDRAW = "APPROVE_WITHDRAW"
    CANCEL = "CANCEL"
    PUSH = "PUSH"
    TRADE = "TRADE"
    """BET in v4 (docs/protocol.md 10)."""
    OTHER = ""
    """A type that mmbot does not know. The money moved nevertheless."""


class Transaction(msgspec.Struct, frozen=True):
    """One line of the wallet."""

    type: TransactionType
    word: str
    """The type as the exchange wrote it."""
    change: Cents
    """Amount added to the balance; negative if it was taken out."""
    balance: Cents | None
    """Balance after the transaction; None if the exchange gave none."""
    created_at: Instant | None
    event_id: int | None = None
    market_id: int | None = None
    wager_id: str = ""
    """Empty if the transaction concerns no wager, or the exchange named none."""
    transaction_id: str = ""
    status: str = ""
    """State of a deposit or a withdrawal under way, in the exchange's own word; empty if it gave none."""
