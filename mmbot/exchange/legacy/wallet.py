"""The account's money in the legacy dialect (version of the exchange's API)."""

from __future__ import annotations

from typing import Final

from mmbot.exchange import calls
from mmbot.exchange.answers.wallet import WalletReader
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.words import FOREIGN

READER: Final = WalletReader(FOREIGN)

read_balance = READER.read_balance
read_transactions = READER.read_transactions

CALLS: Final = calls.Wallet(paths, READER)
