"""Invalid strategy results: they stop the strategy's own sport event, and the daemon quotes all others."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from engine_scene import GAME, LINE, OTHER, Scene, maker

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.strategy.interface import Changed, Decision, EventView, LineView, NoQuote, Quote, Result
from mmbot.strategy.lines import Kept, decide_changed

ELSEWHERE = LineKey(2, 219, 0)


class Stateless:
    """A result with decisions and without a state."""

    decisions: dict[LineKey, Decision] = {}  # noqa: RUF012
    wake_at = None


class Wrong:
    """Gives valid results at first, and ``answer(line)`` on one sport event once ``wrong`` is set."""

    def __init__(self, answer: Callable[[LineKey], Any]) -> None:
        self.answer = answer
        self.wrong = False

    def quote(self, view: EventView, state: Any) -> Any:
        if self.wrong and view.sport_event.sport_event_id == GAME:
            return self.answer(view.lines[0].line.key)
        return Result(
            {
                line.line.key: (Quote(side=0, odds=105, payout=5000), Quote(side=1, odds=105, payout=5000))
                for line in view.lines
            },
            state,
        )


def quoting(**odd: Any) -> Callable[[LineKey], Result]:
    """Two valid quotes with one thing changed."""
    return lambda line: Result({line: tuple(Quote(side=side, odds=105, payout=5000, **odd) for side in (0, 1))}, None)


def many(count: int) -> Callable[[LineKey], Result]:
    """Return ``count`` quotes on one line, each at its own price."""
    return lambda line: Result(
        {line: tuple(Quote(side=0, odds=105 + 5 * (each % 5), payout=1000) for each in range(count))}, None
    )


def _changed(decisions: Any, lines: Any) -> Result:
    return Result(decisions, None, None, Changed(decisions, lines))


_VIEW: Any = SimpleNamespace(lines=(SimpleNamespace(line=SimpleNamespace(key=ELSEWHERE)),), ladder=None, now=0)

CASES = {
    "side is a float": lambda line: Result({line: (Quote(side=0.0, odds=105, payout=5000),)}, None),  # type: ignore[arg-type]
    "probability is no float": lambda line: Result(
        {line: (Quote(side=0, probability=Fraction(2, 5), payout=5000),)},  # type: ignore[arg-type]
        None,
    ),
    "reason is no text": lambda line: Result({line: NoQuote(7)}, None),  # type: ignore[arg-type]
    "a decision is a word": lambda line: Result({line: "no"}, None),  # type: ignore[dict-item]
    "size_tolerance is NaN": quoting(size_tolerance=math.nan),
    "size_tolerance is infinite": quoting(size_tolerance=math.inf),
    "size_tolerance is None": quoting(size_tolerance=None),
    "size_tolerance is huge": quoting(size_tolerance=1e300),
    "size_tolerance is below 0": quoting(size_tolerance=-0.1),
    "price_tolerance is NaN": quoting(price_tolerance=math.nan),
    "price_tolerance is infinite": quoting(price_tolerance=math.inf),
    "price_tolerance is None": quoting(price_tolerance=None),
    "price_tolerance is 1": quoting(price_tolerance=1.0),
    "price_tolerance is below 0": quoting(price_tolerance=-1.0),
    "priority is a word": quoting(priority="high"),
    "priority is NaN": quoting(priority=math.nan),
    "no state": lambda line: Stateless(),
    "nothing": lambda line: None,
    "a dictionary": lambda line: {line: ()},
    "decisions are a list": lambda line: Result([line], None),  # type: ignore[arg-type]
    "wake_at is a word": lambda line: Result({}, None, "soon"),  # type: ignore[arg-type]
    "changed lines are words": lambda line: _changed({line: ()}, ["x"]),
    "a quote is a number": lambda line: Result({line: (7,)}, None),  # type: ignore[dict-item]
    "a state that is another's": lambda line: decide_changed(_VIEW, "mine", lambda *_: Kept(())),
    "decide without Kept": lambda line: decide_changed(_VIEW, None, lambda *_: ()),  # type: ignore[arg-type,return-value]
    "sys.exit": lambda line: sys.exit(5),
    "too many quotes": many(41),
    "far too many quotes": many(2000),
}


@pytest.mark.parametrize("case", CASES)
def test_an_invalid_strategy_result_stops_only_its_own_sport_event(case: str) -> None:
    strategy = Wrong(CASES[case])
    scene = Scene(strategy, lines=(LINE, ELSEWHERE)).quoted()
    strategy.wrong = True
    scene.around(stake=90_000)
    scene.around(ELSEWHERE, stake=90_000)
    scene.until(lambda: scene.guard("strategy") is not None, within=5 * SECOND)
    scene.go(3 * MINUTE)  # the strategy is called again for the sport event every minute
    held = scene.guard("strategy")
    assert held is not None
    assert held.scope == f"sport event {GAME}"
    assert not scene.sides(LINE)
    assert scene.sides(ELSEWHERE) == {0, 1}
    strategy.wrong = False
    scene.until(lambda: scene.sides(LINE) == {0, 1}, within=2 * MINUTE)
    scene.agree()
    scene.close()


class Loose:
    """Gives results with lists instead of tuples and with fractional instants."""

    def quote(self, view: EventView, state: Any) -> Result:
        both = [Quote(side=0, odds=105, payout=5000), Quote(side=1, odds=105, payout=5000)]
        decisions: Any = {line.line.key: both for line in view.lines}
        lines: Any = list(decisions)
        wake_at: Any = view.now + 1.5e9
        return Result(decisions, state, wake_at, Changed(decisions, lines))


class LooseLines:
    """Gives such results line by line."""

    def quote(self, view: EventView, state: Any) -> Result:
        return decide_changed(view, state, self.decide)

    def decide(self, view: EventView, line: LineView, last: Kept | None) -> Kept:
        both: Any = [Quote(side=0, odds=105, payout=5000), Quote(side=1, odds=105, payout=5000)]
        again_at: Any = view.now + 1.5e9
        return Kept(both, again_at=again_at)


@pytest.mark.parametrize("strategy", [Loose, LooseLines])
def test_a_result_may_use_lists_and_fractional_instants(strategy: Callable[[], Any]) -> None:
    scene = Scene(strategy()).quoted()
    scene.around(stake=90_000)
    scene.go(10 * SECOND)
    assert scene.guard("strategy") is None
    assert scene.sides() == {0, 1}
    scene.agree()
    scene.close()


def test_the_largest_allowed_number_of_quotes_costs_only_its_placements() -> None:
    strategy = Wrong(many(40))
    scene = Scene(strategy).quoted()
    strategy.wrong = True
    scene.around(stake=90_000)
    scene.go(10 * SECOND)
    assert scene.guard("strategy") is None
    placed = len(scene.placements())
    assert len(scene.resting()) > 20
    scene.around()
    scene.go(10 * SECOND)
    assert len(scene.placements()) == placed
    scene.agree()
    scene.close()


class Linked:
    """Quotes the point spread only while the moneyline is even, in one dictionary that it changes in place."""

    def quote(self, view: EventView, state: Any) -> Result:
        decisions = {} if state is None else state
        fair = {line.line.key: line.fair.probability for line in view.lines if line.fair is not None}
        even = abs(fair.get(LINE, 0.0) - 0.5) < 0.01
        both = (Quote(side=0, odds=105, payout=5000), Quote(side=1, odds=105, payout=5000))
        decisions[OTHER] = both if even else NoQuote("the moneyline moved")
        decisions[LINE] = NoQuote("watched only")
        return Result(decisions, decisions)


class Watched:
    """Uses the shipped strategy for both markets and drops the point spread while the moneyline is not even."""

    def __init__(self) -> None:
        self.inner = maker(margin=0.01)

    def quote(self, view: EventView, state: Any) -> Result:
        result = self.inner.quote(view, state)
        fair = {line.line.key: line.fair.probability for line in view.lines if line.fair is not None}
        if abs(fair.get(LINE, 0.0) - 0.5) < 0.01:
            return result
        return result._replace(decisions={OTHER: NoQuote("the moneyline moved")})


@pytest.mark.parametrize("strategy", [Linked, Watched])
def test_a_strategy_may_cancel_one_line_because_of_another(strategy: Callable[[], Any]) -> None:
    scene = Scene(strategy(), lines=(LINE, OTHER))
    scene.until(lambda: scene.sides(OTHER) == {0, 1})
    scene.go(5 * SECOND)
    scene.venue.crowd.enter(scene.crowd, LINE, 0, 110, 900_000, scene.now)
    scene.go(10 * SECOND)
    assert scene.resting(OTHER) == []
    assert scene.line(OTHER).why == "the moneyline moved"
    scene.close()
