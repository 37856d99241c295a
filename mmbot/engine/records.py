"""Entries of the journal that no restart needs: they are for ``mmbot journal`` and ``mmbot statement``.

The engine fills them with references to objects that never change. The journal's thread reads names and prices from
these objects, so that an entry costs the engine almost nothing.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, SportEvent
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.domain.transaction import Transaction
from mmbot.engine.requests import Placement
from mmbot.strategy.interface import LineView


class SaveDecision(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The decision behind a placement."""

    placement: Placement
    side: Side
    at: Instant
    rule: int
    """The number of the quoting rule, from 0. For a hedge, the rule of its line."""
    hedge: bool
    view: LineView | None
    """The book, the fair value, the user's price and the position at the decision. None if the line had no view."""
    sport_event: SportEvent | None
    guards: tuple[str, ...]
    """The guards that held somewhere at the decision."""


class SaveNames(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The names of a line, of its market and of its sport event."""

    market: Market
    line: Line | None
    sport_event: SportEvent | None


class SaveMatch(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A match of a wager, or a later correction of its stake or win. Money in cents."""

    external_id: str
    at: Instant
    stake: Cents
    win: Cents
    """The profit if the wager wins, without the stake. For a correction, the difference."""
    odds: Odds | None
    """The odds of the match; None if they are not known, or for a correction."""
    taker: bool
    """True if the wager took an offer: a hedge, or a match at better odds than the wager's own."""
    fair: float | None
    """The fair probability of the line's outcome 0 when the match became known."""


class SaveResult(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The result of a wager, or its correction. Money in cents."""

    external_id: str
    line: LineKey | MarketKey
    at: Instant
    result: str
    """The exchange's field ``winning_status``."""
    stake: Cents
    profit: Cents
    """Profit before commission. For a correction, the difference."""
    commission: Cents
    """By how much the commission on the market's net gain changed, as estimated from the rate in the settings."""
    first: bool
    """False for a correction."""


class SaveFair(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The fair probability of outcome 0 of a line with a position. The last one before the start of the sport event is
    the closing line."""

    line: LineKey
    at: Instant
    fair: float


class SaveTransactions(msgspec.Struct, frozen=True, tag=True):
    """Transactions of the account, as the exchange lists them."""

    transactions: tuple[Transaction, ...]
    read_at: Instant
