"""Saves the account's transactions. Takes from them what the exchange paid for won wagers and charged as commission."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.catalogue import MarketKey
from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.domain.money import Cents
from mmbot.domain.transaction import Transaction, TransactionType
from mmbot.domain.wager import Winning
from mmbot.domain.wager_states import State
from mmbot.engine.orders import SaveSettlement, Severity
from mmbot.engine.owners import AppliesReports
from mmbot.engine.records import SaveTransactions
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind

PAID_WITHIN: Final = 20 * SECOND
"""The time after a result at which the transactions are read. A payment takes some seconds (docs/protocol.md 10)."""

CHARGED_WITHIN: Final = 2 * MINUTE
"""The time after a result within which the exchange charges a commission. A result without a charge in this time cost
no commission."""

RESULT_TYPES: Final = (
    TransactionType.PAY,
    TransactionType.PUSH,
    TransactionType.VOID,
    TransactionType.ADJUSTMENT_REDUCE,
    TransactionType.ADJUSTMENT_INCREASE,
)
"""The types of transactions that follow from the result of a wager."""

_WON: Final = (Winning.WON, Winning.MANUALLY_WON)


class Payments:
    """Takes new transactions. They contain the exchange's own figures for the profit of a won wager and the commission
    of a market. These figures replace the figures that mmbot computed."""

    def __init__(self, shared: Shared, effects: AppliesReports) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self.on_result: Callable[[Instant], None] | None = None
        """The function that is called with the instant at which the transactions of a result should be read."""
        self._before: Final[dict[MarketKey, Cents]] = {}
        """For each market in ``_results``: the commission that was charged on the market before its result, in
        cents."""
        self._charged: Final[dict[MarketKey, Cents]] = {}
        """For each market in ``_results``: the commission in the transactions that were read since the market was added
        to ``_results``, in cents."""
        self._results: Final[dict[MarketKey, Instant]] = {}
        """The markets whose commission is not known for certain yet, each with the instant of its latest result. If a
        charge came before the result, the market has the instant of the charge."""

    def restored(self, market: MarketKey, at: Instant) -> None:
        """Take a market whose result or commission was saved shortly before the end of an earlier run. The transactions
        that were made after the result are read again."""
        self._results[market] = at

    def changed(self, change: Change, now: Instant) -> None:
        """If the change is a result of a wager, expect a payment and a charge of commission."""
        if change.kind is not Kind.SETTLED:
            return
        market = change.wager.market
        settlement = self._shared.ledger.settlement(market)
        self._before.setdefault(market, settlement.commission - change.commission)
        self._results[market] = now
        if market in self._charged:  # after a restart the transactions may be read before the result
            self._book_commission(market, now)
        if self.on_result is not None:
            self.on_result(now + PAID_WITHIN)

    def took(self, transactions: tuple[Transaction, ...], now: Instant) -> None:
        """Take the new transactions. The oldest transaction stands first."""
        if transactions:
            self._shared.outbox.record(SaveTransactions(transactions, now))
        charged: dict[MarketKey, None] = {}
        for each in transactions:
            if each.wager_id and each.type in RESULT_TYPES:
                self._check_result(each)
            if each.type is TransactionType.PAY and each.wager_id:
                self._paid(each, now)
            elif each.type is TransactionType.COMMISSION and each.sport_event_id and each.market_id:
                market = MarketKey(each.sport_event_id, each.market_id)
                self._charged[market] = self._charged.get(market, 0) - each.change
                self._results.setdefault(market, now)
                charged[market] = None
        over = {market: None for market, at in self._results.items() if now - at >= CHARGED_WITHIN}
        for market in charged | over:
            self._book_commission(market, now)
        for market in over:
            del self._results[market]
            self._charged.pop(market, None)
            self._before.pop(market, None)
        if self._results and self.on_result is not None:
            self.on_result(min(self._results.values()) + CHARGED_WITHIN)

    def _check_result(self, transaction: Transaction) -> None:
        """Request a read of a wager if a transaction shows another result than our records. The message about the
        result may be lost, and the exchange's list of changed wagers may lack the wager."""
        wager = self._shared.ledger.by_id(transaction.wager_id)
        if wager is None:
            return
        if transaction.type is TransactionType.PAY:
            known = wager.result in _WON
        elif transaction.type is TransactionType.PUSH:
            known = wager.result in (Winning.PUSH, Winning.DRAW)
        else:
            known = transaction.type is TransactionType.VOID and wager.state is State.VOID
        if not known:
            self._shared.lookups[transaction.wager_id] = f"a transaction of the type {transaction.word} names it"

    def _book_commission(self, market: MarketKey, now: Instant) -> None:
        """Record the commission that the exchange charged on a market in all. After a restart, the transactions that
        were read may repeat charges that are known already. So the sum is tried with and without the known charges, and
        the sum that the profit of the market explains is recorded."""
        ledger, charged = self._shared.ledger, self._charged.get(market, 0)
        before = ledger.settlement(market)
        if not ledger.charged(market, self._before.get(market, 0) + charged) and not ledger.charged(market, charged):
            return
        settlement = ledger.settlement(market)
        if settlement != before:
            record = SaveSettlement(*market, settlement.gross, settlement.commission, now)
            self._shared.outbox.record(record)

    def _paid(self, payment: Transaction, now: Instant) -> None:
        """Record the profit of a won wager from its payment. The payment contains the stake. If no matches of the wager
        can explain the payment, log the payment. The account statement then names the difference."""
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
