"""The v4 dialect (version of the exchange's API). It is put together from the modules of this folder."""

from __future__ import annotations

from typing import Final

from mmbot.exchange import calls
from mmbot.exchange.answers.wallet import WalletReader
from mmbot.exchange.dialect import Dialect
from mmbot.exchange.v4 import board, changes, errors, feed, paths, wagers
from mmbot.exchange.v4.words import FOREIGN, OrderBalance, OrderTransaction

_WALLET: Final = calls.Wallet(paths, WalletReader(FOREIGN, OrderBalance, OrderTransaction))

V4: Final = Dialect("v4", errors.TABLE, calls.Session(paths), changes.CALLS, wagers.CALLS, board.CALLS, _WALLET, feed)
