"""The strategies of a simulation: the shipped one, one that changes its mind all the time, and one that raises."""

from __future__ import annotations

from typing import Any

from mmbot.domain.instant import SECOND
from mmbot.strategy.interface import Decision, EventView, LineView, NoQuote, Quote, Result, Strategy
from strategies.fair_value import FairValueMaker, FairValueParams


class Restless:
    """Quotes close to the fair price, at other odds and sizes every few seconds."""

    def __init__(self, margin: float, size: float) -> None:
        self._margin = margin
        self._size = round(size * 100)

    def quote(self, view: EventView, state: Any) -> Result:
        """Draw the quotes from the time and the line."""
        tick = view.now // (7 * SECOND)
        decisions = {line.line.key: self._line(view, line, tick) for line in view.lines}
        return Result(decisions, None, (tick + 1) * 7 * SECOND)

    def _line(self, view: EventView, line: LineView, tick: int) -> Decision:
        if line.fair is None:
            return NoQuote("no fair price")
        draw = (tick * 31 + line.line.key.number * 7 + line.line.key.market) % 11
        quotes = []
        for side in (0, 1):
            fair = line.fair.probability if side == 0 else 1.0 - line.fair.probability
            odds = view.ladder.at_most(fair - self._margin - (draw + side) % 4 * 0.004)
            shown = line.book.sides[side]
            if odds is not None and (draw + side) % 5 and not (shown and shown[0].odds == odds):
                quotes.append(Quote(side, self._size // (1 + draw % 3), odds, None, draw % 2))
        return tuple(quotes) or NoQuote("a pause")


class Raising:
    """Does as another strategy does, and raises now and then."""

    book_depth = 1

    def __init__(self, other: Strategy) -> None:
        self._other = other

    def quote(self, view: EventView, state: Any) -> Result:
        """Raise for some seconds of each ten minutes."""
        if view.now // (5 * SECOND) % 120 == view.sport_event.sport_event_id % 120:
            raise RuntimeError("told to raise")
        return self._other.quote(view, state)


def make(kind: str, params: dict[str, float | int]) -> Strategy:
    """Make a strategy of this kind."""
    if kind == "restless":
        return Restless(float(params["margin"]) + 0.004, float(params["size"]))
    maker = FairValueMaker(FairValueParams(**params))
    return Raising(maker) if kind == "raising" else maker
