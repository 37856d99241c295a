"""When a strategy is asked: when something that it is shown is another, and not otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from engine_scene import LINE, OTHER, Fixed, Scene

from mmbot.domain.instant import MINUTE, SECOND
from mmbot.strategy.interface import EventView, LineView, Result

WANTS = ((0, 105, 5000), (1, 105, 5000))


class Shallow(Fixed):
    """Looks at the best level of each side."""

    book_depth = 1


def board(strategy: Fixed) -> Scene:
    """One line with two levels under each outcome, quoted and quiet."""
    scene = Scene(strategy)
    for side in (0, 1):
        scene.venue.crowd.enter(scene.crowd, LINE, side, 125, 50_000, scene.now)
    scene.quoted()
    scene.go(5 * SECOND)
    return scene


def shown(strategy: Fixed) -> LineView:
    view = strategy.seen[LINE]
    assert isinstance(view, LineView)
    return view


@pytest.mark.parametrize(("kind", "levels", "asked"), [(Fixed, 2, True), (Shallow, 1, False)])
def test_a_book_that_changed_below_what_it_looks_at_is_no_reason(kind: type[Fixed], levels: int, asked: bool) -> None:
    strategy = kind(*WANTS)
    scene = board(strategy)
    calls = strategy.calls
    assert [len(side) for side in shown(strategy).book.sides] == [levels, levels]
    scene.venue.crowd.enter(scene.crowd, LINE, 0, 125, 20_000, scene.now)
    scene.go(5 * SECOND)
    assert (strategy.calls > calls) is asked
    assert scene.line().book[1][1].value == 87_500, "the page shows all of it"
    scene.venue.crowd.enter(scene.crowd, LINE, 0, 110, 20_000, scene.now)
    scene.go(5 * SECOND)
    assert strategy.calls > calls
    scene.agree()
    scene.close()


def test_a_level_that_was_below_is_shown_once_what_stood_before_it_is_gone() -> None:
    strategy = Shallow(*WANTS)
    scene = board(strategy)
    scene.venue.crowd.enter(scene.crowd, LINE, 0, 125, 20_000, scene.now)  # below: not told
    scene.go(5 * SECOND)
    first = scene.house[LINE][0]
    assert first is not None
    scene.venue.crowd.withdraw(first, scene.now)
    scene.go(5 * SECOND)
    (level,) = shown(strategy).book.sides[1]
    assert level.odds == -125
    assert level.value == 87_500, "all that others offer there, and nothing that was kept from before"
    scene.agree()
    scene.close()


def test_that_its_own_wagers_came_or_went_or_a_moment_passed_is_no_reason() -> None:
    strategy = Fixed(*WANTS)
    scene = Scene(strategy, lines=(LINE, OTHER)).quoted()
    scene.go(5 * SECOND)
    calls = strategy.calls
    scene.go(10 * MINUTE)
    assert strategy.calls == calls
    scene.take(0, 500, odds=-150)
    scene.until(lambda: scene.position() != (0, 0))
    scene.go(5 * SECOND)
    assert strategy.calls > calls, "a match is one: what is held changed"
    scene.agree()
    scene.close()


class Clocked(Fixed):
    """Asks to be asked again."""

    def quote(self, view: EventView, state: Any) -> Result:
        return super().quote(view, state)._replace(wake_at=view.now + MINUTE)


def test_an_instant_that_it_asked_for_is_one() -> None:
    strategy = Clocked(*WANTS)
    scene = Scene(strategy).quoted()
    scene.go(5 * SECOND)
    calls = strategy.calls
    scene.go(5 * MINUTE)
    assert calls + 4 <= strategy.calls <= calls + 6
    scene.close()
