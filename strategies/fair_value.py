"""Quotes both outcomes of a line, each at a margin below its fair probability. If a position is held, both prices move
so as to reduce the position.

The margin ``m`` is the profit that a wager is expected to earn after commission, per dollar of payout. Let ``p`` be the
fair probability of the outcome, ``q`` the price (the probability that the odds imply), and ``c`` the commission on a
net gain. A wager wins ``(1 - q)(1 - c)`` with probability ``p``, and otherwise loses ``q``. So it is expected to earn
``p (1 - q)(1 - c) - (1 - p) q``, which is equal to ``m`` if

    q = (p (1 - c) - m) / (1 - p c)

Without commission, this price is ``p - m``. The price of a wager assumes that it is alone in its market. If both
outcomes are matched, the commission is lower, since it is taken from the net gain of the market. In this case, the
wagers earn more than the margin.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from mmbot.domain.instant import Instant, seconds
from mmbot.domain.money import DOLLAR, Cents
from mmbot.domain.odds import Ladder, Odds, Side, implied, negate
from mmbot.strategy.interface import EventView, LineView, NoQuote, Quote, Result
from mmbot.strategy.lines import Kept, decide_changed

_NEARLY_NOTHING: Final = 1e-9  # in probability: keeps a price just below one at which it would match


class FairValueParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of this strategy under ``params:``. Probabilities are between 0 and 1."""

    margin: Annotated[float, Meta(gt=0, lt=0.5)] = 0.015
    """The profit that each wager is expected to make after commission, as a share of its payout."""
    size: Annotated[float, Meta(ge=1, le=1_000_000)] = 50.0
    """The payout (stake plus profit) of each quote, in dollars. It is the same on both outcomes."""
    levels: Annotated[int, Meta(ge=1, le=10)] = 1
    """The number of quotes on each outcome."""
    level_step: Annotated[float, Meta(gt=0, lt=0.5)] = 0.01
    """The distance between two quotes on the same outcome, in probability. Two quotes are always at least one tick
    apart."""
    inventory: Annotated[float, Meta(gt=0, le=100_000_000)] = 200.0
    """The size of a full position, in dollars. The position is the difference between the profits of the two outcomes.
    At a full position, the skew is largest."""
    skew_price: Annotated[float, Meta(ge=0, le=0.2)] = 0.01
    """The distance by which both prices shift at a full position, in probability. If this setting is above ``margin``,
    reducing the position may cost money."""
    skew_size: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """The share by which quotes become smaller at a full position if they would increase the position. With 1, such
    quotes are not made."""
    source: Literal["book", "given", "given_or_book"] = "book"
    """The source of the fair probability. ``book`` takes it from the book. ``given`` takes your own price.
    ``given_or_book`` takes your own price if there is one, and otherwise the fair probability from the book."""
    commission: Annotated[float, Meta(ge=0, lt=1)] = 0.02
    """The commission of the exchange, as a share of the net gain in a market."""
    price_tolerance: Annotated[float, Meta(ge=0, lt=0.5)] = 0.003
    """An open wager stays open, and keeps its place in the queue, if its price differs from the wanted price by at most
    this much. The unit is probability."""
    size_tolerance: Annotated[float, Meta(ge=0, lt=1)] = 0.25
    """An open wager stays open if its payout differs from the wanted payout by at most this share of the wanted payout.
    """
    patience_s: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    """After a quote changed its price, the price may get better for takers only after this number of seconds. The price
    may get worse for takers at any time. So a fair price that goes up and down does not cost the place in the queue."""
    improve: Annotated[int, Meta(ge=0, le=100)] | None = None
    """The greatest number of ticks by which a quote may be better than the best price of others. With 0, the quote may
    at most be equal to the best price of others. With null, there is no such bound."""
    min_probability: Annotated[float, Meta(gt=0, lt=1)] = 0.03
    """The lowest fair probability of an outcome at which its line is quoted."""
    max_probability: Annotated[float, Meta(gt=0, lt=1)] = 0.97
    """The highest fair probability of an outcome at which its line is quoted."""

    def __post_init__(self) -> None:
        if self.price_tolerance >= self.margin:
            # With a tolerance below the margin, a wager that stays still has an edge. Then each price is below its fair
            # probability, so the prices of the two outcomes sum to less than 1.
            raise ValueError(
                f"price_tolerance ({self.price_tolerance:g}) must be below margin ({self.margin:g}): "
                "otherwise wagers without an edge would stay open"
            )
        if self.min_probability >= self.max_probability:
            raise ValueError(
                f"min_probability ({self.min_probability:g}) must be below max_probability ({self.max_probability:g})"
            )


def price_for_margin(probability: float, margin: float, commission: float) -> float:
    """Return the price at which a wager is expected to earn ``margin`` per unit of payout, after commission. The price
    is a probability that odds imply. ``probability`` is the chance that the outcome of the wager wins. The result is
    zero or less if there is no such price. The top of this file derives the formula."""
    return (probability * (1.0 - commission) - margin) / (1.0 - probability * commission)


class _Seen(msgspec.Struct, frozen=True, gc=False):
    """All inputs of a decision on a line, except the previous decision."""

    fair: float | None
    given: float | None
    profit: tuple[Cents, Cents]
    best: tuple[Odds | None, Odds | None]
    ladder: Ladder


class _Side(msgspec.Struct, frozen=True, gc=False):
    """The latest quotes on one outcome."""

    odds: tuple[Odds, ...] = ()
    """The odds of each quote on the outcome, beginning with the best price."""
    changed_at: Instant = 0


_NO_SIDES: Final = (_Side(), _Side())


class _Memory(msgspec.Struct, frozen=True, gc=False):
    """The inputs of the latest decision on a line, and the quotes that were decided."""

    seen: _Seen
    sides: tuple[_Side, _Side] = _NO_SIDES


class FairValueMaker:
    """The shipped strategy. It remembers its latest decision on each line, so that a quote whose price is still good
    stays."""

    Params = FairValueParams
    book_depth: Final = 1
    """The number of levels on each side of the book that the strategy sees: only the best level."""

    def __init__(self, params: FairValueParams) -> None:
        self._params: Final = params
        self._size: Final = params.size * DOLLAR
        self._inventory: Final = params.inventory * DOLLAR
        self._patience: Final = seconds(params.patience_s)

    def quote(self, view: EventView, state: Any) -> Result:
        """Decide each line separately. A line that has not changed keeps its decision."""
        return decide_changed(view, state, self._look)

    def _look(self, view: EventView, line: LineView, last: Kept | None) -> Kept:
        under_0, under_1 = line.book.sides
        seen = _Seen(
            None if line.fair is None else line.fair.probability,
            None if line.given is None else line.given.probability,
            line.profit,
            (under_0[0].odds if under_0 else None, under_1[0].odds if under_1 else None),
            view.ladder,
        )
        if last is None:
            return self._decide(seen, _NO_SIDES, view.now)
        memory: _Memory = last.memory
        if memory.seen == seen and (last.again_at is None or last.again_at > view.now):
            return last
        return self._decide(seen, memory.sides, view.now)

    def _decide(self, seen: _Seen, last: tuple[_Side, _Side], now: Instant) -> Kept:
        params = self._params
        fair = self._fair(seen)
        if isinstance(fair, NoQuote):
            return Kept(fair, _Memory(seen))
        lowest = fair if fair < 0.5 else 1.0 - fair
        if lowest < params.min_probability or 1.0 - lowest > params.max_probability:
            return Kept(NoQuote(f"a fair probability of {fair:.3f} is out of bounds"), _Memory(seen))

        held, skewed = 0.0, fair
        first, second = seen.profit
        if first != second:
            held = min(1.0, max(-1.0, (first - second) / self._inventory))
            skewed = min(1.0 - _NEARLY_NOTHING, max(_NEARLY_NOTHING, fair - params.skew_price * held))
        quotes: list[Quote] = []
        side_0, wait_0 = self._side(0, skewed, held, seen, last[0], now, quotes)
        side_1, wait_1 = self._side(1, 1.0 - skewed, -held, seen, last[1], now, quotes)
        if not quotes:
            return Kept(NoQuote("no price or size is left after margin and skew"), _Memory(seen))
        if wait_0 is None or (wait_1 is not None and wait_1 < wait_0):
            wait_0 = wait_1
        return Kept(tuple(quotes), _Memory(seen, (side_0, side_1)), wait_0)

    def _fair(self, seen: _Seen) -> float | NoQuote:
        source = self._params.source
        if source != "book" and seen.given is not None:
            return seen.given
        if source == "given":
            return NoQuote("no price of your own, or it is too old")
        if seen.fair is None:
            return NoQuote("the book gives no fair price")
        return seen.fair

    def _side(
        self, side: Side, probability: float, held: float, seen: _Seen, last: _Side, now: Instant, quotes: list[Quote]
    ) -> tuple[_Side, Instant | None]:
        """Add the quotes on one outcome to ``quotes``. Return the odds of these quotes, which the next decision needs.
        A price that is better for takers may be quoted only some time after the price before. Return the instant at
        which this wait ends, too. If no price has to wait, this instant is None.

        ``held`` is the position as a share of a full position. It is above 0 if a win of this outcome brings more
        profit than a win of the other outcome.
        """
        params = self._params
        ladder = seen.ladder
        payout = round(self._size if held <= 0.0 else self._size * (1.0 - params.skew_size * held))
        wanted = price_for_margin(probability, params.margin, params.commission)
        bound = self._bound(side, seen)
        patient_until = last.changed_at + self._patience
        again_at: Instant | None = None
        chosen: list[Odds] = []
        for level in range(params.levels):
            price = wanted - level * params.level_step
            if price > bound:
                price = bound
            odds = ladder.at_most(price) if price > 0.0 and payout > 0 else None
            if odds is None:
                break
            if level < len(last.odds) and (stands := last.odds[level]) != odds and stands in ladder.members:
                before = implied(stands)
                if before <= bound and abs(before - price) <= params.price_tolerance:
                    odds = stands  # for a small change, the wager keeps its place in the queue
                elif before < price and now < patient_until:
                    odds = stands
                    again_at = patient_until
            if chosen and implied(odds) >= implied(chosen[-1]):
                longer = ladder.longer(chosen[-1])
                if longer is None:
                    break
                odds = longer
            chosen.append(odds)
            # Better prices first. At the same level, the quote that reduces the position comes first.
            priority = 2 * (params.levels - level) + (held < 0.0)
            quotes.append(Quote(side, payout, odds, None, priority, 0.0, params.size_tolerance))
        offered = tuple(chosen)
        return (last if offered == last.odds else _Side(offered, now)), again_at

    def _bound(self, side: Side, seen: _Seen) -> float:
        """Return the highest allowed price, as a probability that odds imply. Such a price takes no liquidity, and it
        is at most ``improve`` ticks better than the best price of others.

        A wager on an outcome would match the offers that the book shows under that outcome. The wagers of others on the
        outcome are shown under the opposite outcome, at negated odds.
        """
        shown = seen.best[side]
        bound = 1.0 if shown is None else implied(shown) - _NEARLY_NOTHING
        ticks = self._params.improve
        others = seen.best[1 - side]
        if ticks is not None and others is not None:
            best = seen.ladder.at_most(implied(negate(others)))
            if best is not None:
                best = seen.ladder.longer(best, -ticks) or seen.ladder.ticks[0]
                bound = min(bound, implied(best))
        return bound
