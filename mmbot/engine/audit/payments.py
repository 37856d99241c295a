"""Saves the account's transactions, and books what the exchange paid for won wagers."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.domain.transaction import Transaction, TransactionType
from mmbot.domain.wager import Winning
from mmbot.engine.orders import Severity
from mmbot.engine.owners import AppliesReports
from mmbot.engine.records import SaveTransactions
from mmbot.engine.state.shared import Shared

_WON: Final = (Winning.WON, Winning.MANUALLY_WON)


class Payments:
    """Takes new transactions. A payment contains the exchange's own figure for the win of a wager. This figure replaces
    the win that mmbot computed."""

    def __init__(self, shared: Shared, effects: AppliesReports) -> None:
        self._shared: Final = shared
        self._effects: Final = effects

    def took(self, transactions: tuple[Transaction, ...], now: Instant) -> None:
        """Take the new transactions. The oldest transaction stands first."""
        self._shared.outbox.record(SaveTransactions(transactions, now))
        for each in transactions:
            if each.type is TransactionType.PAY and each.wager_id:
                self._paid(each, now)

    def _paid(self, payment: Transaction, now: Instant) -> None:
        """Book the win of a wager from its payment. The payment contains the stake. If no matches of the wager can
        explain the payment, log the payment. The account statement then names the difference."""
        ledger = self._shared.ledger
        wager = ledger.by_id(payment.wager_id)
        if wager is None or wager.booked is None or wager.result not in _WON:
            return
        changes = ledger.paid(payment.wager_id, payment.change - wager.matched)
        if changes is None:
            self._shared.outbox.alert(
                Severity.WARNING,
                "payment.differs",
                external_id=wager.external_id,
                paid_cents=payment.change,
                expected_cents=wager.matched + wager.win,
            )
        else:
            self._effects.apply(changes, now)
