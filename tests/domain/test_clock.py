"""The machine's clock, with a rate and an offset, and the manual clock of tests."""

from __future__ import annotations

import time

import pytest

from mmbot.domain.clock import ManualClock, SystemClock
from mmbot.domain.instant import DAY, HOUR, SECOND, Clock


def test_the_default_clock_gives_the_machines_time() -> None:
    before = time.time_ns()
    clock: Clock = SystemClock()
    assert before <= clock.now() <= time.time_ns() + SECOND
    assert before <= clock.wall() <= time.time_ns() + SECOND
    assert clock.real_seconds(3 * SECOND) == 3.0


def test_two_clocks_with_the_same_settings_agree() -> None:
    anchor = time.time_ns() - 10 * SECOND
    first = SystemClock(60.0, DAY, anchor)
    second = SystemClock(60.0, DAY, anchor)
    one, other = first.now(), second.now()
    assert abs(one - other) < 60 * SECOND
    assert one >= DAY + 600 * SECOND
    assert first.real_seconds(HOUR) == 60.0
    assert (first.epoch_ns, first.anchor_ns) == (DAY, anchor)


def test_now_is_unaffected_by_a_step_of_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    at = clock.now()
    monkeypatch.setattr(time, "time_ns", lambda: 5)
    assert clock.now() >= at
    assert clock.wall() == 5


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_an_invalid_rate_is_rejected(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        SystemClock(rate)


def test_a_manual_clock_moves_only_forward() -> None:
    clock = ManualClock(100)
    assert clock.advance(5) == 105
    assert clock.move_to(200) == 200
    with pytest.raises(ValueError, match="never goes back"):
        clock.move_to(199)
    clock.step_wall(-50)
    assert (clock.now(), clock.wall()) == (200, 150)
