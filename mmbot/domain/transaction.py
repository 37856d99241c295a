"""One movement of the account's money in the exchange's wallet (specification, *Transaction History*)."""

from __future__ import annotations

from enum import Enum

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents


class TransactionType(Enum):
    """The exchange's ``transaction_type``, with the values of the specification and of version 4 of the interface."""

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
    """The name of BET in version 4 of the exchange's interface (docs/protocol.md 10)."""
    OTHER = ""
    """A type that mmbot does not know. It changes the balance like any other."""


class Transaction(msgspec.Struct, frozen=True):
    """One transaction in the wallet."""

    type: TransactionType
    word: str
    """The type as the exchange wrote it."""
    change: Cents
    """Amount added to the balance; negative if it was taken out."""
    balance: Cents | None
    """Balance after the transaction; None if the exchange gave none."""
    created_at: Instant | None
    sport_event_id: int | None = None
    market_id: int | None = None
    wager_id: str = ""
    """Id of the wager; empty if the exchange named no wager."""
    transaction_id: str = ""
    status: str = ""
    """State of a deposit or withdrawal that is in progress, in the exchange's word; empty if the exchange gave none."""
