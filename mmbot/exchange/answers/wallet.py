"""Reads the balance and the transactions of the account. Each dialect (version of the exchange's API) has its own field
names.

A transaction may show in several ways how it changed the balance. Each of these ways is read. If a transaction uses
none of these ways, the reason is added to the list ``malformed``. The transaction is also counted, because the sum of
the page is then incomplete.
"""

from __future__ import annotations

from typing import Final

import msgspec

from mmbot.domain.money import Cents, cents
from mmbot.domain.transaction import Transaction, TransactionType
from mmbot.engine.events import BalanceRead
from mmbot.exchange.answers.values import Id, Text, each, moment, text_of, unwrap, whole, why
from mmbot.exchange.answers.words import Words, check_words
from mmbot.exchange.dialect import MalformedItems, TransactionPage

_TYPES: Final = {known.value: known for known in TransactionType if known is not TransactionType.OTHER}
_TAKEN: Final = frozenset(
    {
        TransactionType.BET,
        TransactionType.TRADE,
        TransactionType.WITHDRAW,
        TransactionType.COMMISSION,
        TransactionType.ADJUSTMENT_REDUCE,
    }
)
_UNCLEAR: Final = frozenset({TransactionType.APPROVE_WITHDRAW, TransactionType.OTHER})
"""The types of transactions that can increase or decrease the balance."""


class Balance(msgspec.Struct):
    balance: float
    matched_wager_balance: float | None = None
    unmatched_wager_balance: float | None = None


class WalletLine(msgspec.Struct):
    id: Id = None
    transaction_id: Id = None
    transaction_type: Text | None = None
    type: Text | None = None
    status: Text | None = None
    amount: float | None = None
    change: float | None = None
    balance: float | None = None
    balance_before: float | None = None
    wager_id: Id = None
    event_id: Id = None
    sport_event_id: Id = None
    market_id: Id = None
    created_at: Id = None


class _Page(msgspec.Struct):
    transactions: list[msgspec.Raw] | None = None
    next_cursor: Text | None = None
    next: Text | None = None


class WalletReader:
    """Reads the balance and pages of transactions.

    Args:
        foreign: the field names that only other dialects (versions of the exchange's API) use.
        balance: the type of the balance. The fields may have other names in the exchange's JSON.
        transaction: the type of a transaction.
    """

    def __init__(
        self, foreign: Words, balance: type[Balance] = Balance, transaction: type[WalletLine] = WalletLine
    ) -> None:
        self._foreign: Final = foreign
        self._balance: Final = balance
        self._transaction: Final = transaction

    def read_balance(self, request: int, body: bytes) -> BalanceRead:
        """Read the balance from an answer."""
        data = unwrap(body)
        read = msgspec.json.decode(data, type=self._balance)
        if read.matched_wager_balance is None or read.unmatched_wager_balance is None:
            check_words(data, self._foreign)
        return BalanceRead(
            request,
            cents(read.balance),
            cents(read.matched_wager_balance or 0),
            cents(read.unmatched_wager_balance or 0),
        )

    def read_transactions(self, body: bytes, malformed: MalformedItems) -> TransactionPage:
        """Read one page of transactions. The cursor of the next page is ``next_cursor`` or ``next``. No source confirms
        which name is right (docs/protocol.md 4.1)."""
        page = msgspec.json.decode(unwrap(body), type=_Page)
        items = page.transactions or ()
        found = []
        for place, item in each(items, self._transaction, malformed, "transaction"):
            try:
                if item.wager_id is None:
                    check_words(items[place], self._foreign)
                found.append(_transaction(item))
            except ValueError as bad:
                malformed.append(f"transaction {place}: {why(bad)}")
        return TransactionPage(tuple(found), page.next_cursor or page.next or "", len(items) - len(found))


def _transaction(item: WalletLine) -> Transaction:
    word = item.transaction_type or item.type or ""
    kind = _TYPES.get(word.upper(), TransactionType.OTHER)
    return Transaction(
        type=kind,
        word=word,
        change=_change(item, kind),
        balance=None if item.balance is None else cents(item.balance),
        created_at=moment(item.created_at),
        sport_event_id=_number(item.sport_event_id if item.event_id is None else item.event_id, "event_id"),
        market_id=_number(item.market_id, "market_id"),
        wager_id=text_of(item.wager_id),
        transaction_id=text_of(item.id if item.transaction_id is None else item.transaction_id),
        status=item.status or "",
    )


def _change(item: WalletLine, kind: TransactionType) -> Cents:
    """Return by how many cents a transaction changed the balance. If the transaction names the change, this figure is
    used. Otherwise the difference between the balances before and after is used. If these balances are missing too, the
    amount is used, with the sign of the transaction's type."""
    if item.change is not None:
        return cents(item.change)
    if item.balance is not None and item.balance_before is not None:
        return cents(item.balance) - cents(item.balance_before)
    if item.amount is None:
        raise ValueError("no amount")
    amount = cents(item.amount)
    if amount <= 0:
        return amount
    if kind in _UNCLEAR:
        raise ValueError("the amount has no direction")
    return -amount if kind in _TAKEN else amount


def _number(value: Id, what: str) -> int | None:
    """Return an id as an integer. None if the id is missing, empty or 0."""
    return None if value is None or value == "" else whole(value, what) or None
