"""Wagers and their matches in the v4 dialect (version of the exchange's API). Pages have at most 100 wagers."""

from __future__ import annotations

from typing import Final

from mmbot.exchange import calls
from mmbot.exchange.answers.wagers import WagerReader
from mmbot.exchange.v4 import paths
from mmbot.exchange.v4.words import FOREIGN, OneOrder, Order, OrderPage, Trade

READER: Final = WagerReader(FOREIGN, Order, OneOrder, OrderPage, Trade)

CALLS: Final = calls.Wagers(paths, READER)
