"""What a strategy sees and what it returns.

A strategy is pure: the same view and state give the same decisions. It is called once for an event of which something
changed, never takes liquidity, and one that raises stops quoting its event only.
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

# Of this, `float | int` would make a new object at each look.
_NUMBER: Final = (float, int)
_SEQUENCE: Final = (list, tuple)


class Quote(msgspec.Struct, frozen=True, gc=False):
    """A wager that a strategy wants resting on one outcome of a line."""

    side: Side
    payout: Cents
    """Size: stake plus profit."""
    odds: Odds | None = None
    """Either odds on the ladder …"""
    probability: float | None = None
    """… or a probability, rounded to the next ladder price that is longer for us."""
    priority: int = 0
    """When limits or funds do not reach for all, higher ones are served first."""
    price_tolerance: float = 0.0
    """A live wager within this much probability of the quote keeps its place in the queue."""
    size_tolerance: float = 0.0
    """… if its payout is within this share of the size wanted."""


def require_sound(quote: object) -> None:
    """Refuse a quote that says nothing that could rest. What a Struct is made with is not checked when it is made.

    Raises:
        TypeError: if it is no quote.
        ValueError: which field is wrong, and how.
    """
    if not isinstance(quote, Quote):
        raise TypeError(f"a decision holds Quotes, not {type(quote).__name__}")
    if not isinstance(quote.side, int) or quote.side not in (0, 1):
        raise ValueError(f"a quote's side is 0 or 1, not {quote.side!r}")
    odds, probability = quote.odds, quote.probability
    if type(quote.payout) is not int or not (odds is None or type(odds) is int):
        raise ValueError(f"a quote's payout is whole cents and its odds whole: {quote.payout!r}, {odds!r}")
    if type(quote.priority) is not int:
        raise ValueError(f"a quote's priority is whole, not {quote.priority!r}")
    for tolerance in (quote.price_tolerance, quote.size_tolerance):
        if not isinstance(tolerance, _NUMBER) or not 0.0 <= tolerance < 1.0:  # NaN is refused too
            raise ValueError(f"a quote's tolerances are numbers of at least 0 and below 1, not {tolerance!r}")
    if odds is None and (not isinstance(probability, _NUMBER) or not 0.0 < probability < 1.0):
        raise ValueError(f"a quote needs odds, or a probability in (0, 1), not {probability!r}")


class NoQuote(msgspec.Struct, frozen=True, gc=False):
    """Nothing is to rest on a line, and why, in a few words for an operator."""

    reason: str


Decision = tuple[Quote, ...] | NoQuote


class Given(NamedTuple):
    """A user's own price of a line."""

    probability: float
    """Of outcome 0, given that neither side is pushed."""
    age: Duration


class LineView(msgspec.Struct, frozen=True, gc=False):
    """One line as a strategy sees it."""

    line: Line
    market: Market
    book: Book
    """Others' offers, as deep as the strategy looks: our own stake is already taken out."""
    fair: Fair | None
    """From that book; None where it gives none (a side is missing, the gap is too wide)."""
    given: Given | None
    """The user's own price, if one came and is not too old."""
    profit: tuple[Cents, Cents]
    """Profit so far if outcome 0 wins and if outcome 1 wins, from what was matched."""


class EventView(msgspec.Struct, frozen=True):
    """An event with the lines that a rule gave to the strategy."""

    event: SportEvent
    lines: tuple[LineView, ...]
    ladder: Ladder
    now: Instant
    start: Instant | None
    """When it is due to start, on the clock of ``now``."""


class Kept(msgspec.Struct, frozen=True):
    """What ``decide_changed`` keeps of a line: what was decided on it, and what to remember."""

    decision: Decision
    memory: Any = None
    again_at: Instant | None = None
    """When to decide again though nothing changed."""


class Changed(NamedTuple):
    """Which lines of some decisions are decided otherwise than at the last call."""

    decisions: Mapping[LineKey, Decision]
    lines: tuple[LineKey, ...]


class Result(NamedTuple):
    """What a strategy returns."""

    decisions: Mapping[LineKey, Decision]
    """A line that is missing is one without quotes."""
    state: Any
    """Handed back at the next call for this event; None at the first."""
    wake_at: Instant | None = None
    """Call again then, though nothing may have changed."""
    changed: Changed | None = None
    """If it is known and speaks of these very ``decisions``: no other line is compared with its last decision."""


class Said(NamedTuple):
    """What a strategy returned, in the form in which the engine keeps it."""

    decisions: Mapping[LineKey, object]
    """Each as ``decision_of`` takes it."""
    state: Any
    wake_at: Instant | None
    changed: tuple[LineKey, ...] | None
    """Lines decided otherwise than at the last call; None where that is not known."""


def ask(strategy: Strategy, view: EventView, state: Any) -> Said:
    """Ask a strategy, and read what it returns. A user's code need not keep to what its annotations say.

    Raises:
        TypeError: what of it cannot be used. Whatever else the strategy raises is raised here, too.
    """
    result: Any = strategy.quote(view, state)
    if not isinstance(result, Result):
        raise TypeError(f"quote has to return a Result, not {type(result).__name__}")
    decisions, kept, wake_at, changed = result
    if not isinstance(decisions, Mapping):
        raise TypeError(f"the decisions of a Result are a dictionary, not {type(decisions).__name__}")
    if wake_at is not None and type(wake_at) is not int:
        if not isinstance(wake_at, _NUMBER):
            raise TypeError(f"wake_at is an instant in nanoseconds, not {wake_at!r}")
        wake_at = int(wake_at)
    lines = None
    if changed is not None:
        if not isinstance(changed, Changed) or not isinstance(changed.lines, _SEQUENCE):
            raise TypeError(f"changed is a Changed with its lines, not {changed!r}")
        if changed.decisions is decisions:
            lines = tuple(changed.lines)
            for line in lines:
                if not isinstance(line, LineKey):
                    raise TypeError(f"the lines of a Changed are keys of lines, not {line!r}")
    return Said(decisions, kept, wake_at, lines)


def kept_of(kept: object) -> Kept:
    """What a strategy has kept of a line, with an instant that is an integer.

    Raises:
        TypeError: if it is something else.
    """
    if not isinstance(kept, Kept):
        raise TypeError(f"decide has to return a Kept, not {type(kept).__name__}")
    again_at: object = kept.again_at
    if again_at is None or type(again_at) is int:
        return kept
    if not isinstance(again_at, _NUMBER):
        raise TypeError(f"again_at is an instant in nanoseconds, not {again_at!r}")
    return Kept(kept.decision, kept.memory, int(again_at))


def decision_of(decision: object) -> Decision:
    """What is decided on a line: a line that is missing is one without quotes, and a list is as good as a tuple.

    Raises:
        ValueError: if it is no decision.
    """
    if type(decision) is tuple:
        return decision
    if decision is None:
        return _NOTHING_SAID
    if isinstance(decision, NoQuote):
        if not isinstance(decision.reason, str):
            raise ValueError(f"the reason of a NoQuote is text, not {decision.reason!r}")
        return decision
    if not isinstance(decision, _SEQUENCE):
        raise ValueError(f"a decision is quotes or a NoQuote, not {decision!r}")
    return tuple(decision)


_NOTHING_SAID: Final = NoQuote("the strategy said nothing of it")


class Strategy(Protocol):
    """What ``strategy: "module:Class"`` has to name. ``Params`` is a msgspec Struct, built from ``params:``.

    It may have a ``book_depth``, an integer: how many levels of each side it looks at. It is shown no more of a book
    then, and not asked again because of what lies deeper. Without one, or with None, it is shown all levels.
    """

    def quote(self, view: EventView, state: Any) -> Result:
        """Decide what is to rest on the lines of one event.

        Called when something that the view shows is another than at the last call, apart from ``now`` and ``start``;
        when the last ``wake_at`` has come; and when a guard, anywhere, came to hold or ceased to.
        """


def depth_of(strategy: Strategy) -> int | None:
    """How many levels of each side a strategy looks at; None for all."""
    depth: int | None = getattr(strategy, "book_depth", None)
    return depth


def line_by_line(view: EventView, decide: Any) -> Result:
    """For a strategy that thinks line by line: ``decide(view, line_view) -> Decision``, no state, no wake."""
    return Result({line.line.key: decide(view, line) for line in view.lines}, None)
