"""The view that a strategy gets, and the result that it returns.

A strategy is pure: the same view and state give the same decisions. The engine calls it when a sport event changed. The
engine never lets a quote take liquidity. If a strategy raises an exception, only that sport event is no longer quoted.
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
    """Size: stake plus profit, in cents."""
    odds: Odds | None = None
    """Odds on the ladder; or leave this None and give ``probability``."""
    probability: float | None = None
    """Price as a probability. The engine rounds it to the next longer odds on the ladder, in our favour."""
    priority: int = 0
    """Quotes of a higher priority are placed first if limits or funds do not suffice for all quotes."""
    price_tolerance: float = 0.0
    """An open wager stays and keeps its place in the queue if its price is this close to the quote, in probability."""
    size_tolerance: float = 0.0
    """An open wager stays only if its payout differs from ``payout`` by at most this share: 0.2 is 20 percent."""


def require_sound(quote: object) -> None:
    """Check the fields of a quote, because msgspec does not check them when a strategy makes a ``Quote``.

    Raises:
        TypeError: if the object is not a Quote.
        ValueError: if a field is wrong. The message names the field.
    """
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
    """The decision to have no wager on a line, with the reason in a few words for an operator."""

    reason: str


Decision = tuple[Quote, ...] | NoQuote


class Given(NamedTuple):
    """External fair value: the user's own price of a line."""

    probability: float
    """Probability that outcome 0 wins, given no push."""
    age: Duration


class LineView(msgspec.Struct, frozen=True, gc=False):
    """One line as a strategy sees it."""

    line: Line
    market: Market
    book: Book
    """Offers of others, down to the strategy's ``book_depth``. Our own stake is subtracted."""
    fair: Fair | None
    """Fair value from the book; None if a side is empty or the bid–ask spread is too wide."""
    given: Given | None
    """The user's own price; None if there is none or it is too old."""
    profit: tuple[Cents, Cents]
    """Profit in cents if outcome 0 wins and if outcome 1 wins, of everything that is matched and not settled."""


class EventView(msgspec.Struct, frozen=True):
    """A sport event with the lines that a rule gives to the strategy."""

    sport_event: SportEvent
    lines: tuple[LineView, ...]
    ladder: Ladder
    now: Instant
    start: Instant | None
    """Scheduled start, on the clock of ``now``; None if unknown."""


class Kept(msgspec.Struct, frozen=True):
    """The last decision on a line, and what the strategy wants to remember of it. ``decide_changed`` stores both."""

    decision: Decision
    memory: Any = None
    again_at: Instant | None = None
    """Instant at which to decide again even if nothing changed."""


class Changed(NamedTuple):
    """The lines whose decision differs from that of the last call."""

    decisions: Mapping[LineKey, Decision]
    lines: tuple[LineKey, ...]


class Result(NamedTuple):
    """The result of a strategy."""

    decisions: Mapping[LineKey, Decision]
    """The decision on each line. A line that is missing gets no quotes."""
    state: Any
    """Passed to the next call for this sport event; the first call gets None."""
    wake_at: Instant | None = None
    """Instant at which to call again even if nothing changed."""
    changed: Changed | None = None
    """Optional list of the lines that changed since the last call. If ``changed.decisions`` is the same object as
    ``decisions``, the engine compares only these lines with the last decisions."""


class Said(NamedTuple):
    """A checked result, in the form that the engine keeps."""

    decisions: Mapping[LineKey, object]
    """The decision on each line, not checked yet. ``decision_of`` checks a decision."""
    state: Any
    wake_at: Instant | None
    changed: tuple[LineKey, ...] | None
    """Lines whose decision differs from that of the last call; None if this is not known."""


def ask(strategy: Strategy, view: EventView, state: Any) -> Said:
    """Call a strategy and check the types of its result, which annotations alone do not guarantee.

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
    """Check a ``Kept`` and convert its instant to an integer.

    Raises:
        TypeError: if the object is not a Kept, or its instant is not a number.
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
    """Check and return the decision on a line. None means no quotes, and a list is accepted like a tuple.

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
    """The interface of the class that the setting ``strategy: "module:Class"`` names. ``Params`` of the class is a
    msgspec Struct that is built from ``params:``.

    An optional integer ``book_depth`` is the number of levels of each side that the strategy sees. Changes of deeper
    levels do not lead to a call. Without ``book_depth``, or with None, the strategy sees all levels."""

    def quote(self, view: EventView, state: Any) -> Result:
        """Decide on the lines of one sport event.

        The engine calls this method if anything in the view except ``now`` and ``start`` differs from the last call. It
        also calls the method when the last ``wake_at`` is due, and when any guard begins to hold or is lifted."""


def depth_of(strategy: Strategy) -> int | None:
    """Return the number of levels of each side that a strategy sees; None for all."""
    depth: int | None = getattr(strategy, "book_depth", None)
    return depth


def line_by_line(view: EventView, decide: Any) -> Result:
    """Return a result in which ``decide(view, line_view)`` decides each line separately. It has no state and no
    ``wake_at``."""
    return Result({line.line.key: decide(view, line) for line in view.lines}, None)
