"""The legacy dialect (version of the exchange's API). It is put together from the modules of this folder."""

from __future__ import annotations

from typing import Final

from mmbot.exchange.dialect import Dialect
from mmbot.exchange.legacy import board, changes, errors, feed, session, wagers, wallet

LEGACY: Final = Dialect(
    "legacy", errors.TABLE, session.CALLS, changes.CALLS, wagers.CALLS, board.CALLS, wallet.CALLS, feed
)
