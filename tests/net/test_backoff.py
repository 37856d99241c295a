"""The back-off: at once where the end of a connection allows it, with growing random pauses otherwise."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.domain.instant import SECOND
from mmbot.net.backoff import BackOff, BackOffSettings
from mmbot.net.pusher import Ending

SETTINGS = BackOffSettings(first=SECOND, cap=30 * SECOND, settled=20 * SECOND)
NOW = 1_700_000_000 * SECOND


def waits(back_off: BackOff, ending: Ending, times: int, up_for: int | None = None) -> list[float]:
    found = []
    for _ in range(times):
        back_off.ended(ending, up_for, NOW)
        found.append((back_off.not_before - NOW) / SECOND)
    return found


def test_nothing_is_waited_for_at_first() -> None:
    assert BackOff(SETTINGS, random.Random(1)).not_before == 0


@pytest.mark.parametrize("ending", [Ending.LOST, Ending.BACK_OFF])
def test_failures_wait_longer_and_longer_up_to_the_cap(ending: Ending) -> None:
    found = waits(BackOff(SETTINGS, random.Random(1)), ending, 9)
    for wait, longest in zip(found, [1, 2, 4, 8, 16, 30, 30, 30, 30], strict=True):
        assert longest / 2 <= wait <= longest


def test_codes_that_forbid_to_connect_are_retried_slowly_and_ever_more_so() -> None:
    found = waits(BackOff(SETTINGS, random.Random(1)), Ending.REJECTED, 7)
    for wait, longest in zip(found, [30, 60, 120, 240, 300, 300, 300], strict=True):
        assert longest / 2 <= wait <= longest


def test_two_clients_do_not_come_back_in_step() -> None:
    one = waits(BackOff(SETTINGS, random.Random(1)), Ending.LOST, 8)
    other = waits(BackOff(SETTINGS, random.Random(2)), Ending.LOST, 8)
    assert one != other
    assert one == waits(BackOff(SETTINGS, random.Random(1)), Ending.LOST, 8), "the random source is the one given"


def test_reconnect_at_once_is_followed_once() -> None:
    found = waits(BackOff(SETTINGS, random.Random(1)), Ending.AGAIN, 4)
    assert found[0] == 0
    assert all(wait > 0 for wait in found[1:])
    assert found[3] > found[1]


def test_a_connection_that_lasted_makes_up_for_what_was_before() -> None:
    back_off = BackOff(SETTINGS, random.Random(1))
    waits(back_off, Ending.AGAIN, 5)
    assert waits(back_off, Ending.LOST, 1, up_for=20 * SECOND) == [0]
    assert waits(back_off, Ending.AGAIN, 1) == [0]
    assert waits(back_off, Ending.LOST, 1)[0] <= 1


def test_one_that_was_up_for_a_moment_does_not() -> None:
    found = waits(BackOff(SETTINGS, random.Random(1)), Ending.LOST, 6, up_for=SECOND)
    assert found[5] >= 15


def test_over_capacity_waits_even_after_a_connection_that_lasted() -> None:
    assert waits(BackOff(SETTINGS, random.Random(1)), Ending.BACK_OFF, 1, up_for=3600 * SECOND)[0] >= 0.5


def test_an_end_of_our_own_costs_nothing_and_shortens_nothing() -> None:
    back_off = BackOff(SETTINGS, random.Random(1))
    assert back_off.not_before == 0
    back_off.ended(Ending.ORDERED, 5 * SECOND, NOW)
    assert back_off.not_before == 0
    waits(back_off, Ending.LOST, 4)
    before = back_off.not_before
    back_off.ended(Ending.ORDERED, None, NOW)
    assert back_off.not_before == before


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(Ending), st.none() | st.integers(0, 100 * SECOND), st.integers(0, 100 * SECOND)),
        max_size=200,
    ),
    st.integers(0, 2**32),
)
def test_no_history_waits_beyond_the_cap_or_forgets_to_wait(
    history: list[tuple[Ending, int | None, int]], seed: int
) -> None:
    back_off = BackOff(SETTINGS, random.Random(seed))
    now, at_once = NOW, 0
    for ending, up_for, later in history:
        now += later
        before = back_off.not_before
        back_off.ended(ending, up_for, now)
        cap = SETTINGS.forbidden_cap if ending is Ending.REJECTED else SETTINGS.cap
        assert back_off.not_before <= max(before, now + cap)
        settled = up_for is not None and up_for >= SETTINGS.settled
        if ending is Ending.ORDERED or settled:
            at_once = 0
        elif back_off.not_before <= now:
            at_once += 1
            assert at_once == 1, "at once, twice running"
