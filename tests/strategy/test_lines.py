"""Strategies line by line: the decisions equal those of deciding every line again, with fewer calls."""

from __future__ import annotations

import random
from typing import Any

from mmbot.domain.book import Book
from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent
from mmbot.domain.fair import Fair
from mmbot.domain.odds import Ladder
from mmbot.simulator.venue.odds_ladder import STANDARD
from mmbot.strategy.interface import EventView, LineView, NoQuote
from mmbot.strategy.lines import Kept, decide_changed

LADDERS = (Ladder(STANDARD), Ladder(STANDARD[:40]))
SPORT_EVENT = SportEvent(1, 132, "Away @ Home", "not_started", None)


def line_view(market: int, probability: float) -> LineView:
    key = LineKey(1, market, 0)
    line = Line(key, (Outcome(4, f"{market}a", "Home"), Outcome(5, f"{market}b", "Away")))
    of = Market(MarketKey(1, market), "Moneyline", "moneyline", lines=(line,))
    return LineView(line, of, Book(), Fair(probability, 0.01), None, (0, 0))


class Decider:
    """Decides by the fair price and the ladder, and again at the next multiple of ten; counts its calls."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, view: EventView, line: LineView, last: Kept | None) -> Kept:
        self.asked.append(line.line.key.market)
        assert line.fair is not None
        reason = f"{line.fair.probability:.2f} of {len(view.ladder)} at {view.now // 10 if self._odd(line) else 0}"
        if (
            last is not None
            and last.decision == NoQuote(reason)
            and (last.again_at is None or last.again_at > view.now)
        ):
            return last
        return Kept(NoQuote(reason), None, (view.now // 10 + 1) * 10 if self._odd(line) else None)

    @staticmethod
    def _odd(line: LineView) -> bool:
        return bool(line.line.key.market % 2)


def test_the_decisions_equal_those_of_deciding_every_line() -> None:
    rng = random.Random(5)
    lines = [line_view(market, 0.5) for market in range(1, 6)]
    ladder, now = LADDERS[0], 0
    decider = Decider()
    state: Any = None
    known: dict[LineKey, Any] = {}
    kinds = {"kept": 0, "named": 0, "whole": 0}
    for _ in range(3_000):
        now += rng.randrange(3)
        drawn = rng.random()
        if drawn < 0.5 and lines:
            place = rng.randrange(len(lines))
            lines[place] = line_view(lines[place].line.key.market, round(rng.uniform(0.4, 0.6), 2))
        elif drawn < 0.55:
            ladder = rng.choice(LADDERS)
        elif drawn < 0.6 and lines:
            lines.pop(rng.randrange(len(lines)))
        elif drawn < 0.65:
            missing = [market for market in range(1, 8) if market not in [line.line.key.market for line in lines]]
            lines.insert(rng.randrange(len(lines) + 1), line_view(rng.choice(missing), 0.5)) if missing else None
        elif drawn < 0.7:
            rng.shuffle(lines)
        view = EventView(SPORT_EVENT, tuple(lines), ladder, now, None)
        result = decide_changed(view, state, decider)
        anew = decide_changed(view, None, Decider())
        assert dict(result.decisions) == dict(anew.decisions)
        assert result.wake_at == anew.wake_at
        changed = {key for key, decision in result.decisions.items() if known.get(key) is not decision}
        if result.changed is None:
            kinds["whole"] += 1
        else:
            assert result.changed.decisions is result.decisions
            assert changed <= set(result.changed.lines)
            assert known.keys() == result.decisions.keys()
            kinds["named" if result.changed.lines else "kept"] += 1
        state, known = result.state, dict(result.decisions)
    assert min(kinds.values()) > 100


def test_an_unchanged_line_is_not_decided_again() -> None:
    lines = tuple(line_view(market, 0.5) for market in (2, 4, 6))
    decider = Decider()
    first = decide_changed(EventView(SPORT_EVENT, lines, LADDERS[0], 0, None), None, decider)
    assert decider.asked == [2, 4, 6]
    moved = (lines[0], line_view(4, 0.52), lines[2])
    second = decide_changed(EventView(SPORT_EVENT, moved, LADDERS[0], 1, None), first.state, decider)
    assert decider.asked == [2, 4, 6, 4]
    assert second.changed is not None
    assert second.changed.lines == (LineKey(1, 4, 0),)
    third = decide_changed(EventView(SPORT_EVENT, moved, LADDERS[0], 2, None), second.state, decider)
    assert decider.asked == [2, 4, 6, 4]
    assert third.changed is not None
    assert third.changed.lines == ()
    assert third.decisions is second.decisions


def test_the_given_state_is_not_changed() -> None:
    lines = tuple(line_view(market, 0.5) for market in (2, 4))
    first = decide_changed(EventView(SPORT_EVENT, lines, LADDERS[0], 0, None), None, Decider())
    moved = EventView(SPORT_EVENT, (lines[0], line_view(4, 0.52)), LADDERS[0], 1, None)
    once = decide_changed(moved, first.state, Decider())
    assert decide_changed(moved, first.state, Decider()) == once
    assert dict(first.state.decisions) == dict(first.decisions)
