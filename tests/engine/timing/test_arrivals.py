"""No second at the exchange holds too many requests, whenever between hand-out and answer each one arrives."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.engine.timing.arrivals import LOST_AFTER, Arrivals
from mmbot.engine.timing.limiter import CEILING, OUTSIDE, Limiter

START = 1_790_000_000 * SECOND


def most_in_a_second(arrivals: list[Instant]) -> int:
    """The largest number of requests in any closed window of one second."""
    arrived = sorted(arrivals)
    most = first = 0
    for last, at in enumerate(arrived):
        while at - arrived[first] > SECOND:
            first += 1
        most = max(most, last - first + 1)
    return most


def played(limiter: Limiter, seed: int, seconds: int, stalls: bool) -> list[Instant]:
    """The instants at which requests arrive, if all that is due is sent at once and the way there stalls now and then.

    During a stall nothing arrives. What was sent meanwhile arrives when the stall ends, and is answered then."""
    rng = random.Random(seed)
    now = START
    flying: list[tuple[Instant, int]] = []
    arrivals: list[Instant] = []
    stalled_until = START
    number = 0
    while now < START + seconds * SECOND:
        if stalls and now >= stalled_until and rng.random() < 0.01:
            stalled_until = now + rng.randint(100, 900) * MILLISECOND
        for each in [each for each in flying if each[0] <= now]:
            flying.remove(each)
            limiter.answered(each[1], now)
        cancel = rng.random() < 0.3
        if limiter.ready_at(now, cancel) <= now:
            number += 1
            limiter.take(now, cancel, number)
            arrives = max(now + rng.randint(1, 20) * MILLISECOND, stalled_until)
            arrivals.append(arrives)
            flying.append((arrives + rng.randint(1, 20) * MILLISECOND, number))
        else:
            now += MILLISECOND
    return arrivals


@pytest.mark.parametrize("rate", [40, 48, 50])
@pytest.mark.parametrize("seed", range(4))
def test_stalls_do_not_bunch_arrivals_beyond_the_ceiling(rate: int, seed: int) -> None:
    arrivals = played(Limiter(rate, 8), seed, 30, stalls=True)
    assert most_in_a_second(arrivals) <= CEILING - OUTSIDE


def test_without_stalls_the_default_rate_is_not_slowed_down() -> None:
    arrivals = played(Limiter(40, 8), 1, 30, stalls=False)
    assert len(arrivals) >= 30 * 40 - 40


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(9, CEILING))
def test_no_pattern_of_stalls_passes_the_ceiling(seed: int, rate: int) -> None:
    assert most_in_a_second(played(Limiter(rate, 8), seed, 5, stalls=True)) <= CEILING - OUTSIDE


def test_requests_without_an_answer_leave_room_for_cancels() -> None:
    limiter = Limiter(40, 8)
    now = START
    number = 0
    while now < START + 5 * SECOND:
        now = limiter.ready_at(now, cancel=False)
        number += 1
        if now < START + 5 * SECOND:
            limiter.take(now, False, number)
    now = START + 5 * SECOND
    assert limiter.ready_at(now, cancel=False) > now
    for _ in range(8):
        now = limiter.ready_at(now, cancel=True)
        number += 1
        limiter.take(now, True, number)
    assert now < START + 6 * SECOND
    limiter.answered(1, now)
    assert limiter.ready_at(now, cancel=True) == now + SECOND + 1


def test_a_request_whose_answer_is_lost_does_not_count_for_ever() -> None:
    arrivals = Arrivals(2)
    arrivals.sent(1, START)
    arrivals.sent(2, START + MILLISECOND)
    free_at = arrivals.full_until(START + SECOND)
    assert free_at == START + LOST_AFTER + SECOND + 1
    assert arrivals.full_until(free_at - 1) == free_at
    assert arrivals.full_until(free_at) == 0


def test_an_answer_to_a_request_that_is_not_counted_is_ignored() -> None:
    arrivals = Arrivals(1)
    arrivals.answered(7, START)
    assert arrivals.full_until(START) == 0
    arrivals.sent(1, START)
    arrivals.answered(1, START)
    arrivals.answered(1, START)
    assert arrivals.full_until(START + SECOND) == START + SECOND + 1
    assert arrivals.full_until(START + SECOND + 1) == 0
