"""One movement of the account's money in the exchange's wallet (docs/protocol.md 10)."""

from __future__ import annotations

from enum import Enum

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents


class TransactionType(Enum):
    """The type of a transaction: the exchange's field ``transaction_type``, with the values of both
    dialects (docs/protocol.md 10)."""

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
    """The type of the transaction for a placed wager in version 4 of the exchange's interface (docs/protocol.md 10).
    Earlier versions write BET."""
    OTHER = ""
    """The type of a transaction that mmbot does not know. A transaction of this type changes the balance like any other
    transaction."""


class Transaction(msgspec.Struct, frozen=True):
    """One transaction in the wallet."""

    type: TransactionType
    word: str
    """The exchange's own word for the type of the transaction."""
    change: Cents
    """The amount that the transaction added to the balance. It is negative if the transaction took money out."""
    balance: Cents | None
    """The balance after the transaction. None if the exchange gave no balance."""
    created_at: Instant | None
    sport_event_id: int | None = None
    market_id: int | None = None
    wager_id: str = ""
    """The id of the wager that the transaction is about. Empty if the exchange named no wager."""
    transaction_id: str = ""
    status: str = ""
    """The exchange's word for the progress of a deposit or withdrawal. Empty if the exchange gave no such word."""
