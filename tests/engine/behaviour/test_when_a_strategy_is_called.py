"""The occasions on which a strategy is called: when its view has changed, and at its ``wake_at``."""

from __future__ import annotations

from typing import Any

import pytest
from engine_scene import LINE, OTHER, Fixed, Scene, settings

from mmbot.config.settings import LimitsConfig
from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.engine import events as e
from mmbot.engine import requests as r
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
def test_a_change_below_the_book_depth_of_a_strategy_does_not_call_it(
    kind: type[Fixed], levels: int, asked: bool
) -> None:
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


def test_a_deeper_level_is_shown_once_the_level_before_it_is_gone() -> None:
    strategy = Shallow(*WANTS)
    scene = board(strategy)
    scene.venue.crowd.enter(scene.crowd, LINE, 0, 125, 20_000, scene.now)  # deeper than the strategy looks
    scene.go(5 * SECOND)
    first = scene.house[LINE][0]
    assert first is not None
    scene.venue.crowd.withdraw(first, scene.now)
    scene.go(5 * SECOND)
    (level,) = shown(strategy).book.sides[1]
    assert level.odds == -125
    assert level.value == 87_500, "the present offers of others, without any earlier one"
    scene.agree()
    scene.close()


def test_own_wagers_that_come_or_go_do_not_call_the_strategy() -> None:
    strategy = Fixed(*WANTS)
    scene = Scene(strategy, lines=(LINE, OTHER)).quoted()
    scene.go(5 * SECOND)
    calls = strategy.calls
    scene.go(10 * MINUTE)
    assert strategy.calls == calls
    scene.take(0, 500, odds=-150)
    scene.until(lambda: scene.position() != (0, 0))
    scene.go(5 * SECOND)
    assert strategy.calls > calls, "a match changes the position, so the strategy is called"
    scene.agree()
    scene.close()


class Clocked(Fixed):
    """Asks to be called again after a minute."""

    def quote(self, view: EventView, state: Any) -> Result:
        return super().quote(view, state)._replace(wake_at=view.now + MINUTE)


def test_a_strategy_is_called_at_its_wake_at() -> None:
    strategy = Clocked(*WANTS)
    scene = Scene(strategy).quoted()
    scene.go(5 * SECOND)
    calls = strategy.calls
    scene.go(5 * MINUTE)
    assert calls + 4 <= strategy.calls <= calls + 6
    scene.close()


def looks_after_a_placement(scene: Scene) -> list[int]:
    """For each placement, the number of lines looked at between its request and its answer."""
    handed_out: dict[int, int] = {}
    looks: list[int] = []

    def note(answer: e.Answer, _now: Instant) -> e.Answer:
        if isinstance(answer, e.Placed):
            looks.append(scene.run.engine.looks - handed_out[answer.request])
        return answer

    following = scene.run.engine.next_request

    def next_request(now: Instant) -> r.Request | None:
        request = following(now)
        if isinstance(request, r.PlaceMany):
            handed_out[request.id] = scene.run.engine.looks
        return request

    scene.amend(note)
    scene.run.engine.next_request = next_request  # type: ignore[method-assign]
    return looks


@pytest.mark.plain
@pytest.mark.parametrize(("limit", "again"), [(500.0, False), (30.0, True)])
def test_a_line_that_was_placed_in_full_is_not_looked_at_again(limit: float, again: bool) -> None:
    """A line that was cut by a limit has less open than its target and is looked at again."""
    limits = LimitsConfig(line=limit, market=500, event=500, tournament=500, account=500, soft=0.9, hedge=1.0)
    strategy = Fixed((0, 105, 10_000), (1, 105, 10_000), (1, 108, 10_000))
    scene = Scene(strategy, settings(limits=limits))
    looks = looks_after_a_placement(scene)
    scene.until(lambda: len(looks) == 1)
    scene.go(SECOND)
    strategy.wants[None] = ((0, 104, 10_000), (1, 104, 10_000), (1, 107, 10_000))
    scene.around(LINE, (112, 112))
    scene.until(lambda: len(looks) == 2)
    scene.go(SECOND)
    assert [count > 0 for count in looks] == [again] * 2
    scene.agree()
    scene.close()
