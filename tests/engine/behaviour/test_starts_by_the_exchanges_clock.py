"""Starts are judged by the exchange's clock if the machine's clock is behind it, so no quote is open past a start."""

from __future__ import annotations

import pytest
from engine_scene import START, Fixed, Scene
from msgspec.structs import replace
from shifted_engine import Shifted

from mmbot.domain.instant import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from mmbot.engine import events as e
from mmbot.engine.engine import Engine

STOP = 120 * SECOND
"""``guards.stop_before_start_s``."""


def dated(scene: Scene, false: dict[int, Duration] | None = None) -> None:
    """Give each answer the exchange's ``Date``. The answers with these numbers are ahead of its clock by so much."""
    count = 0

    def date(answer: e.Answer, now: Instant) -> e.Answer:
        nonlocal count
        if not hasattr(answer, "date"):
            return answer
        count += 1
        said = now + (false or {}).get(count, 0)
        return replace(answer, date=said // SECOND * SECOND)

    scene.amend(date)


def behind(duration: Duration, starts: Duration) -> Scene:
    """A scene in which the machine's clock is behind the exchange's from the start."""
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), starts=starts)
    engine = Engine(scene.config, scene.memory.seed(), scene.strategies, START - duration)
    scene.run.engine = Shifted(engine, duration)  # type: ignore[misc, assignment]
    return scene


def last_open(scene: Scene, until: Instant) -> Instant:
    """Let time pass, and return the last second in which a wager was open at the exchange."""
    last = 0
    while scene.now < until:
        scene.go(SECOND)
        if scene.wagers():
            last = scene.now
    return last


@pytest.mark.parametrize("with_date", [True, False])
@pytest.mark.parametrize("seconds", [30, 300, 590])
def test_quoting_ends_before_the_start_although_the_clock_is_behind(seconds: int, with_date: bool) -> None:
    scene = behind(seconds * SECOND, 15 * MINUTE)
    if with_date:
        dated(scene)
    scene.quoted()
    assert -5 * SECOND <= last_open(scene, scene.starts + MINUTE) - (scene.starts - STOP) <= 2 * SECOND
    scene.close()


@pytest.mark.parametrize("with_date", [True, False])
def test_nothing_is_quoted_on_a_clock_that_is_an_hour_behind(with_date: bool) -> None:
    scene = behind(HOUR, 30 * MINUTE)
    if with_date:
        dated(scene)
    assert not last_open(scene, scene.starts + 10 * MINUTE)
    held = scene.guard("clock")
    assert held is not None
    assert "60 minutes ahead" in held.reason
    scene.close()


@pytest.mark.parametrize("step", [-90 * SECOND, -5 * MINUTE, -HOUR])
def test_a_clock_that_is_put_back_wrongly_while_quoting_moves_no_start(step: Duration) -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), starts=10 * MINUTE)
    dated(scene)
    scene.quoted()
    at = scene.now
    scene.run.tell(e.WallStepped(step))
    last = last_open(scene, scene.starts + 2 * MINUTE)
    if step == -HOUR:  # the guard stops quoting at once, and not when the history is next read
        assert scene.alerts("guard.held", at)[0]["guard"] == "clock"
        assert last <= at + 2 * SECOND
    else:
        assert -5 * SECOND <= last - (scene.starts - STOP) <= 2 * SECOND
    scene.close()


def test_quoting_goes_on_once_the_clock_is_set_right() -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), starts=DAY)
    dated(scene)
    scene.quoted()
    scene.run.tell(e.WallStepped(-HOUR))
    scene.until(lambda: not scene.wagers())
    assert scene.guard("clock") is not None
    scene.run.tell(e.WallStepped(0))
    assert scene.guard("clock") is None
    scene.quoted()
    scene.close()


@pytest.mark.parametrize("ahead", [HOUR, 365 * DAY])
def test_a_single_false_date_changes_nothing(ahead: Duration) -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), starts=30 * MINUTE)
    dated(scene, {2: ahead, 6: ahead, 9: ahead})
    scene.quoted()
    assert -5 * SECOND <= last_open(scene, scene.starts + MINUTE) - (scene.starts - STOP) <= 2 * SECOND
    assert not [one for one in scene.alerts("guard.held") if one["guard"] == "clock"]
    scene.close()


def test_a_clock_that_is_ahead_makes_starts_come_earlier_and_not_later() -> None:
    scene = behind(-5 * MINUTE, HOUR)
    dated(scene)
    scene.until(lambda: bool(scene.wagers()), within=30 * MINUTE)
    assert last_open(scene, scene.starts) <= scene.starts - STOP - 4 * MINUTE
    scene.close()
