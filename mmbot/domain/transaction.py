"""One movement of the account's money, as the exchange's wallet lists it (specification, *Transaction History*)."""

from __future__ import annotations

from enum import Enum

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents


class TransactionType(Enum):
    """``transaction_type``: the specification's list, and what the newer dialect added."""

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
    """The newer dialect's BET (PROTOCOL 10)."""
    OTHER = ""
    """One that is not known yet: the money moved all the same."""


class Transaction(msgspec.Struct, frozen=True):
    """One line of the wallet."""

    type: TransactionType
    word: str
    """The type as the exchange wrote it."""
    change: Cents
    """What it put into the balance; negative for what it took out."""
    balance: Cents | None
    """After it; None where the exchange did not say."""
    created_at: Instant | None
    event_id: int | None = None
    market_id: int | None = None
    wager_id: str = ""
    """Empty where it is about no wager, or none was named."""
    transaction_id: str = ""
    status: str = ""
    """Of a deposit or a withdrawal on its way: the exchange's own word. Empty where it gave none."""
