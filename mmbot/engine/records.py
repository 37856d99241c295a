"""Entries of the journal for ``mmbot journal`` and ``mmbot statement``. Of these entries, a restart needs only
``SaveCompared``."""

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
    """The number of the quoting rule, counted from 0. For a hedge, this is the number of the rule that applies to the
    line."""
    hedge: bool
    view: LineView | None
    """The view of the line on which the decision was based, with the book, the fair value, the user's price and the
    position. None if the line had no view."""
    sport_event: SportEvent | None
    guards: tuple[str, ...]
    """The guards (reasons not to quote) that applied to the account, a sport event or a line at the time of the
    decision."""


class SaveNames(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The names of a line, of its market and of its sport event. A name that is not known yet is None."""

    market: Market | None
    line: Line | None
    sport_event: SportEvent | None


class SaveMatch(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A match of a wager, or a later correction of the stake or the profit of a match. Money is in cents."""

    external_id: str
    at: Instant
    stake: Cents
    win: Cents
    """The profit that the match brings if the wager wins, without the stake. For a correction of a match, this is the
    change of the profit."""
    odds: Odds | None
    """The odds of the match. None if the odds are not known, or if the record corrects a match."""
    taker: bool
    """True if our wager was the taker in the match. The wager was then a hedge, or it was matched at better odds than
    its own."""
    fair: float | None
    """The fair probability of the line's outcome 0 at the moment when mmbot learned of the match. None if no fair
    probability was known."""


class SaveResult(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The result of a wager, or a later correction of its result. Money is in cents."""

    external_id: str
    line: LineKey | MarketKey
    at: Instant
    result: str
    """The result of the wager, as the value of the exchange's field ``winning_status``."""
    stake: Cents
    profit: Cents
    """The profit of the wager before commission. For a correction of a result, this is the change of the profit."""
    commission: Cents
    """The amount by which the settlement changes the commission on the market's net gain, in cents. It is computed with
    the commission rate of the settings."""
    first: bool
    """True for the first result of the wager, and False for a correction of the result."""


class SaveFair(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The fair probability of outcome 0 of a line on which we have a position. The newest such entry before the start
    of the sport event is the closing line."""

    line: LineKey
    at: Instant
    fair: float


class SaveCompared(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The instant up to which the audit compared all changes of wagers with the exchange's history. After a restart,
    the audit goes on from this instant."""

    at: Instant


class SaveTransactions(msgspec.Struct, frozen=True, tag=True):
    """Transactions of the account, as the exchange lists them."""

    transactions: tuple[Transaction, ...]
    read_at: Instant
