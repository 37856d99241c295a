"""The field names of the v4 dialect (version of the exchange's API), as types for the readers of answers and messages.
A field has its usual name in the code, and its v4 name in the exchange's JSON (docs/protocol.md 13)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from mmbot.exchange.answers import messages
from mmbot.exchange.answers.changes import FailedRequest, Item, Lists, PlacedOne
from mmbot.exchange.answers.markets import BoardLevel, BoardLine, BoardMarket
from mmbot.exchange.answers.selections import WireLevel
from mmbot.exchange.answers.values import Id, Number, Part, Text
from mmbot.exchange.answers.wagers import Match, OneWager, Page, Wager
from mmbot.exchange.answers.wallet import Balance, WalletLine
from mmbot.exchange.calls import RequestWords

FOREIGN: Final = frozenset(
    {
        "failed_wagers", "line", "line_id", "market_lines", "matched_bets", "matched_odds", "matched_stake",
        "matched_wager_balance", "odds", "stake", "succeed_wagers", "totally_matched_stake", "unmatched_stake",
        "unmatched_wager_balance", "wager", "wager_id", "wagers",
    }
)  # fmt: skip
"""The field names of the legacy dialect that v4 has replaced."""

REQUESTS: Final = RequestWords("order_id", "strike_id", "price", "quantity", "order_strategy")


# --- wagers ---------------------------------------------------------------------------------------------------------


class Order(Wager, gc=False):
    """A wager. Some samples of the exchange name its id ``id`` instead of ``order_id``."""

    wager_id: Id = msgspec.field(name="order_id", default=None)
    line_id: Id = msgspec.field(name="strike_id", default=None)
    odds: Id = msgspec.field(name="price", default=None)
    stake: Id = msgspec.field(name="quantity", default=None)
    matched_stake: Id = msgspec.field(name="filled_quantity", default=None)
    totally_matched_stake: Id = msgspec.field(name="total_filled_quantity", default=None)
    unmatched_stake: Id = msgspec.field(name="open_quantity", default=None)


class OneOrder(OneWager):
    wager: Part = msgspec.field(name="order", default=msgspec.UNSET)


class OrderPage(Page):
    wagers: list[msgspec.Raw] | None = msgspec.field(name="orders", default=None)
    matched_bets: list[msgspec.Raw] | None = msgspec.field(name="trades", default=None)


class Trade(Match):
    wager_id: Id = msgspec.field(name="order_id", default=None)
    odds: Id = msgspec.field(name="price", default=None)
    stake: Id = msgspec.field(name="quantity", default=None)
    matched_odds: Id = msgspec.field(name="fill_price", default=None)
    matched_stake: Id = msgspec.field(name="filled_quantity", default=None)


# --- placements and cancels -----------------------------------------------------------------------------------------


class PlacedOrder(PlacedOne, kw_only=True):
    wager: msgspec.Raw = msgspec.field(name="order")


class OrderLists(Lists):
    succeed_wagers: list[msgspec.Raw] | None = msgspec.field(name="succeed_orders", default=None)
    failed_wagers: list[msgspec.Raw] | None = msgspec.field(name="failed_orders", default=None)


class OrderRequest(FailedRequest):
    wager_id: Id = msgspec.field(name="order_id", default=None)


class OrderItem(Item):
    request: OrderRequest | None = None
    wager: OrderRequest | None = msgspec.field(name="order", default=None)
    wager_id: Id = msgspec.field(name="order_id", default=None)


# --- money ----------------------------------------------------------------------------------------------------------


class OrderBalance(Balance):
    matched_wager_balance: float | None = msgspec.field(name="matched_order_balance", default=None)
    unmatched_wager_balance: float | None = msgspec.field(name="unmatched_order_balance", default=None)


class OrderTransaction(WalletLine):
    wager_id: Id = msgspec.field(name="order_id", default=None)


# --- markets --------------------------------------------------------------------------------------------------------


class StrikeLevel(BoardLevel, gc=False):
    odds: int | float | None = msgspec.field(name="price", default=None)
    line_id: Text | None = msgspec.field(name="strike_id", default=None)
    line: float | None = msgspec.field(name="strike", default=None)


class Strike(BoardLine):
    line: float | None = msgspec.field(name="strike", default=None)
    selections: list[list[StrikeLevel] | None] | None = None  # type: ignore[assignment]


class StrikeMarket(BoardMarket):
    line: float | None = msgspec.field(name="strike", default=None)
    selections: list[list[StrikeLevel] | None] | None = None  # type: ignore[assignment]
    market_lines: list[msgspec.Raw] | None = msgspec.field(name="market_strikes", default=None)


# --- messages -------------------------------------------------------------------------------------------------------


class Envelope(messages.Envelope, gc=False):
    payload: Any = None


class PriceLevel(WireLevel, gc=False):
    odds: int | float | None = msgspec.field(name="price", default=None)


class BookInfo(messages.BookInfo, gc=False):
    selections: list[list[PriceLevel] | None] | None = None  # type: ignore[assignment]
    line: float | None = msgspec.field(name="strike", default=None)


class Book(messages.Book, gc=False):
    info: BookInfo


class StrikeOf(messages.LineOf, gc=False):
    line: float | None = msgspec.field(name="strike", default=None)


class LevelStrikes(messages.LevelLines, gc=False):
    selections: list[list[StrikeOf] | None] | None = None  # type: ignore[assignment]


class BookStrikes(messages.BookLines, gc=False):
    info: LevelStrikes


class MatchedOrderInfo(messages.PrintInfo, gc=False, kw_only=True):
    line_id: Text = msgspec.field(name="strike_id")
    odds: float = msgspec.field(name="price")
    matched_odds: float = msgspec.field(name="fill_price")
    matched_stake: float = msgspec.field(name="filled_quantity")


class MatchedOrder(messages.Print, gc=False):
    info: MatchedOrderInfo


class OrderInfo(Order, gc=False):
    update_type: Text | None = None
    matched_odds: Id = msgspec.field(name="fill_price", default=None)
    sequence_number: Number | None = None


class OrderMessage(messages.Wager, gc=False):
    info: OrderInfo  # type: ignore[assignment]


class StrikeInfo(messages.LineInfo, gc=False):
    line_id: Text | None = msgspec.field(name="strike_id", default=None)
    line: float | None = msgspec.field(name="strike", default=None)


class StrikeMessage(messages.Line, gc=False):
    info: StrikeInfo | None = None
