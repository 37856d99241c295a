"""The account's money in the legacy dialect (version of the exchange's API). It consists of the balance and the
transactions."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.domain.transaction import TransactionType
from mmbot.engine.events import BalanceRead
from mmbot.exchange.answers.wallet import WalletReader
from mmbot.exchange.dialect import Call, TransactionPage
from mmbot.exchange.errors import Purpose
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.words import FOREIGN

READER: Final = WalletReader(FOREIGN)

read_balance = READER.read_balance
read_transactions = READER.read_transactions


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
