"""The view that the engine gives to a strategy, and the result that the strategy returns.

A strategy is pure: the same view and state give the same decisions. The engine calls the strategy when a sport event
has changed. The engine never lets a quote take liquidity. If a strategy raises an exception, the engine stops quoting
only the sport event of that call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from mmbot.domain.book import Book
from mmbot.domain.catalogue import Line, LineKey, Market, SportEvent
from mmbot.domain.fair import Fair
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, Side

# A tuple: `float | int` would make a new object at each call.
_NUMBER: Final = (float, int)
_SEQUENCE: Final = (list, tuple)


class Quote(msgspec.Struct, frozen=True, gc=False):
    """A wager that a strategy wants to have open on one outcome of a line."""

    side: Side
    payout: Cents
    """The size of the quote: stake plus profit, in cents."""
    odds: Odds | None = None
    """The price of the quote as odds on the ladder. A quote has either ``odds`` or ``probability``, and the other field
    stays None."""
    probability: float | None = None
    """The price of the quote as a probability. The engine rounds the price in our favour, to the next longer odds on
    the ladder."""
    priority: int = 0
    """The rank of the quote. If limits or funds do not suffice for all quotes, quotes with a higher priority are placed
    before the others."""
    price_tolerance: float = 0.0
    """An open wager stays open, and keeps its place in the queue, if its price differs from the price of the quote by
    at most this much. The unit is probability."""
    size_tolerance: float = 0.0
    """An open wager stays open if its payout differs from the payout of the quote by at most this share of the quote's
    payout. For example, 0.2 is 20 percent."""


def require_sound(quote: object) -> None:
    """Check the fields of a quote.

    Raises:
        TypeError: if the object is not a Quote.
        ValueError: if a field is wrong. The message names the field.
    """
    # The check is needed because msgspec does not check fields when a strategy makes a ``Quote``.
    if not isinstance(quote, Quote):
        raise TypeError(f"a decision holds Quotes, not {type(quote).__name__}")
    if not isinstance(quote.side, int) or quote.side not in (0, 1):
        raise ValueError(f"a quote's side is 0 or 1, not {quote.side!r}")
    odds, probability = quote.odds, quote.probability
    if type(quote.payout) is not int or not (odds is None or type(odds) is int):
        raise ValueError(f"payout and odds of a quote must be integers, not {quote.payout!r} and {odds!r}")
    if type(quote.priority) is not int:
        raise ValueError(f"the priority of a quote must be an integer, not {quote.priority!r}")
    for tolerance in (quote.price_tolerance, quote.size_tolerance):
        if not isinstance(tolerance, _NUMBER) or not 0.0 <= tolerance < 1.0:  # NaN fails this, too
            raise ValueError(f"a tolerance of a quote must be at least 0 and below 1, not {tolerance!r}")
    if odds is None and (not isinstance(probability, _NUMBER) or not 0.0 < probability < 1.0):
        raise ValueError(f"a quote needs odds, or a probability in (0, 1), not {probability!r}")


class NoQuote(msgspec.Struct, frozen=True, gc=False):
    """The decision to have no wager on a line. ``reason`` says why, in a few words for the operator."""

    reason: str


Decision = tuple[Quote, ...] | NoQuote


class Given(NamedTuple):
    """The user's own price of a line, from a source outside the exchange."""

    probability: float
    """The probability that outcome 0 wins, if there is no push."""
    age: Duration


class LineView(msgspec.Struct, frozen=True, gc=False):
    """One line as a strategy sees it."""

    line: Line
    market: Market
    book: Book
    """The book of the line with the offers of other users, without our own stake. It has as many levels as the
    strategy's ``book_depth``."""
    fair: Fair | None
    """The fair value from the book. None if a side of the book is empty, or if the bid-ask spread is too wide."""
    given: Given | None
    """The price that the user gave for the line. None if the user gave no price, or if the price is too old."""
    profit: tuple[Cents, Cents]
    """The two possible profits of all matched and unsettled stakes on the line, in cents. The first amount applies if
    outcome 0 wins, and the second if outcome 1 wins."""


class EventView(msgspec.Struct, frozen=True):
    """A sport event, with the lines that one quoting rule gives to the strategy."""

    sport_event: SportEvent
    lines: tuple[LineView, ...]
    ladder: Ladder
    now: Instant
    start: Instant | None
    """The scheduled start of the sport event, on the same clock as ``now``. None if the start is unknown."""


class Kept(msgspec.Struct, frozen=True):
    """The strategy's latest decision on a line, and what the strategy wants to remember about the line.
    ``decide_changed`` stores one such object for each line."""

    decision: Decision
    memory: Any = None
    again_at: Instant | None = None
    """The instant at which the strategy wants to decide again, even if nothing has changed. None if the strategy needs
    no such instant."""


class Changed(NamedTuple):
    """The lines on which the decision differs from the decision in the previous call."""

    decisions: Mapping[LineKey, Decision]
    lines: tuple[LineKey, ...]


class Result(NamedTuple):
    """What a strategy returns."""

    decisions: Mapping[LineKey, Decision]
    """The strategy's decision on each line. A line without a decision gets no quotes."""
    state: Any
    """The object that the engine passes to the next call of the strategy for the same sport event. The first call for a
    sport event gets None."""
    wake_at: Instant | None = None
    """The instant at which the engine calls the strategy again, even if nothing has changed. None if no such call is
    needed."""
    changed: Changed | None = None
    """The lines whose decision changed since the previous call. A strategy may leave it None. If ``changed.decisions``
    is the same object as ``decisions``, the engine looks for changed decisions only on the lines in ``changed``."""


class Said(NamedTuple):
    """The result of a strategy after its types were checked, in the form that the engine keeps."""

    decisions: Mapping[LineKey, object]
    """The strategy's decision on each line, not checked yet. ``decision_of`` checks each decision."""
    state: Any
    wake_at: Instant | None
    changed: tuple[LineKey, ...] | None
    """The lines whose decision differs from the decision of the previous call. None if the strategy did not name such
    lines."""


def ask(strategy: Strategy, view: EventView, state: Any) -> Said:
    """Call a strategy and check the types in its result.

    Raises:
        TypeError: if the result cannot be used. Exceptions that the strategy raises are not caught.
    """
    result: Any = strategy.quote(view, state)
    if not isinstance(result, Result):
        raise TypeError(f"quote must return a Result, not {type(result).__name__}")
    decisions, kept, wake_at, changed = result
    if type(decisions) is not dict and not isinstance(decisions, Mapping):  # the usual type first, which is quicker
        raise TypeError(f"the decisions of a Result must be a dictionary, not {type(decisions).__name__}")
    if wake_at is not None and type(wake_at) is not int:
        if not isinstance(wake_at, _NUMBER):
            raise TypeError(f"wake_at must be an instant in nanoseconds, not {wake_at!r}")
        wake_at = int(wake_at)
    lines = None
    if changed is not None:
        if not isinstance(changed, Changed) or not isinstance(changed.lines, _SEQUENCE):
            raise TypeError(f"changed must be a Changed with a tuple of lines, not {changed!r}")
        if changed.decisions is decisions:
            lines = tuple(changed.lines)
            for line in lines:
                if not isinstance(line, LineKey):
                    raise TypeError(f"the lines of a Changed must be LineKeys, not {line!r}")
    return Said(decisions, kept, wake_at, lines)


def kept_of(kept: object) -> Kept:
    """Check that an object is a ``Kept``, and convert its ``again_at`` to an integer.

    Raises:
        TypeError: if the object is not a Kept, or if ``again_at`` is not a number.
    """
    if not isinstance(kept, Kept):
        raise TypeError(f"decide must return a Kept, not {type(kept).__name__}")
    again_at: object = kept.again_at
    if again_at is None or type(again_at) is int:
        return kept
    if not isinstance(again_at, _NUMBER):
        raise TypeError(f"again_at must be an instant in nanoseconds, not {again_at!r}")
    return Kept(kept.decision, kept.memory, int(again_at))


def decision_of(decision: object) -> Decision:
    """Check the decision on a line and return it. A list of quotes is accepted like a tuple, and None means that there
    are no quotes.

    Raises:
        ValueError: if the object is not a decision.
    """
    if type(decision) is tuple:
        return decision
    if decision is None:
        return _NOTHING_SAID
    if isinstance(decision, NoQuote):
        if not isinstance(decision.reason, str):
            raise ValueError(f"the reason of a NoQuote must be text, not {decision.reason!r}")
        return decision
    if not isinstance(decision, _SEQUENCE):
        raise ValueError(f"a decision must be quotes or a NoQuote, not {decision!r}")
    return tuple(decision)


_NOTHING_SAID: Final = NoQuote("the strategy made no decision")


class Strategy(Protocol):
    """The interface of a strategy. The setting ``strategy: "module:Class"`` names the class of the strategy. The class
    may have a msgspec Struct named ``Params``. mmbot builds a ``Params`` from the settings under ``params:`` and gives
    it to the constructor.

    A strategy may have an integer ``book_depth``. This is the number of levels on each side of a book that the strategy
    sees. A change of a deeper level does not lead to a call. If ``book_depth`` is missing or None, the strategy sees
    all levels.
    """

    def quote(self, view: EventView, state: Any) -> Result:
        """Decide on the lines of one sport event.

        The engine calls this method if any part of the view except ``now`` and ``start`` differs from the view of the
        previous call. The engine also calls the method when the ``wake_at`` of the previous result is due. A guard (a
        reason not to quote) that begins to hold or is lifted leads to a call, too.
        """


def depth_of(strategy: Strategy) -> int | None:
    """Return the number of levels on each side of a book that a strategy sees. The result is None if it sees all
    levels."""
    depth: int | None = getattr(strategy, "book_depth", None)
    return depth


def line_by_line(view: EventView, decide: Any) -> Result:
    """Return a result with the decisions that ``decide(view, line_view)`` makes on each line separately. The result has
    no state and no ``wake_at``."""
    return Result({line.line.key: decide(view, line) for line in view.lines}, None)
