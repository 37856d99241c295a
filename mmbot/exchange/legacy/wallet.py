"""The account's money in the legacy dialect (version of the exchange's API). It consists of the balance and the
transactions.

A transaction may show in several ways how it changed the balance. Each of these ways is read. If a transaction uses
none of these ways, the reason is added to the list ``malformed``. The transaction is also counted, because the sum of
the page is then incomplete.
"""

from __future__ import annotations

from typing import Final

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents, cents
from mmbot.domain.transaction import Transaction, TransactionType
from mmbot.engine.events import BalanceRead
from mmbot.exchange.dialect import Call, MalformedItems, TransactionPage
from mmbot.exchange.errors import Purpose
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.wire import Id, Text, each, moment, text_of, unwrap, whole, why

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


def balance(request: int) -> Call[BalanceRead]:
    """The call that reads the balance."""
    return Call("balance", Purpose.READ, "GET", paths.BALANCE, None, lambda answer, _: read_balance(request, answer))


def transactions(
    begin: Instant | None,
    end: Instant | None,
    kind: TransactionType | None,
    sport_event: int | None,
    market: int | None,
    wager_id: str,
    cursor: str,
    limit: int,
) -> Call[TransactionPage]:
    """The call that reads one page of the account's transactions."""
    path = paths.transactions_path(begin, end, kind, sport_event, market, wager_id, cursor, limit)
    return Call("transactions", Purpose.READ, "GET", path, None, read_transactions)


class _Balance(msgspec.Struct):
    balance: float
    matched_wager_balance: float | None = None
    unmatched_wager_balance: float | None = None


def read_balance(request: int, body: bytes) -> BalanceRead:
    """Read the balance from an answer."""
    read = msgspec.json.decode(unwrap(body), type=_Balance)
    return BalanceRead(
        request, cents(read.balance), cents(read.matched_wager_balance or 0), cents(read.unmatched_wager_balance or 0)
    )


class _Transaction(msgspec.Struct):
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


def read_transactions(body: bytes, malformed: MalformedItems) -> TransactionPage:
    """Read one page of transactions. The cursor of the next page is ``next_cursor`` or ``next``. No source confirms
    which name is right (docs/protocol.md 4.1)."""
    page = msgspec.json.decode(unwrap(body), type=_Page)
    found = []
    for place, item in each(page.transactions or (), _Transaction, malformed):
        try:
            found.append(_transaction(item))
        except ValueError as bad:
            malformed.append(f"transaction {place}: {why(bad)}")
    unread = len(page.transactions or ()) - len(found)
    return TransactionPage(tuple(found), page.next_cursor or page.next or "", unread)


def _transaction(item: _Transaction) -> Transaction:
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


def _change(item: _Transaction, kind: TransactionType) -> Cents:
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
