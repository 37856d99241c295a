"""The pace of requests at given instants."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.engine.timing.limiter import (
    BURST,
    CANCELS_PAUSE,
    CEILING,
    READ_SPACING,
    REQUESTS_PAUSE,
    Limiter,
    Pacer,
    TooSoon,
)

START = 1_790_000_000 * SECOND

rates = st.integers(2, CEILING).flatmap(lambda rate: st.tuples(st.just(rate), st.integers(1, rate - 1)))
gaps = st.one_of(
    st.just(0),
    st.integers(0, 5),
    st.integers(0, 60 * MILLISECOND),
    st.integers(0, 1200 * MILLISECOND),
    st.sampled_from([SECOND - 1, SECOND, SECOND + 1, 25 * MILLISECOND]),
)
asks = st.lists(st.tuples(gaps, st.booleans()), max_size=250)


def most_in_a_second(sent: Sequence[Instant]) -> int:
    """The largest number of requests in any closed window of one second."""
    most = first = 0
    for last, at in enumerate(sent):
        while at - sent[first] > SECOND:
            first += 1
        most = max(most, last - first + 1)
    return most


@settings(deadline=None, max_examples=150)
@given(rates, asks, st.booleans())
def test_no_second_holds_more_requests_than_the_rate(
    rate: tuple[int, int], wanted: list[tuple[int, bool]], patient: bool
) -> None:
    limiter = Limiter(*rate)
    now = START
    sent: list[Instant] = []
    others: list[Instant] = []
    for gap, cancel in wanted:
        now += gap
        ready = limiter.ready_at(now, cancel)
        assert ready >= now
        if ready > now:
            if not patient:
                continue
            now = ready
        limiter.take(now, cancel)
        sent.append(now)
        if not cancel:
            others.append(now)
    assert most_in_a_second(sent) <= rate[0]
    assert most_in_a_second(others) <= rate[0] - rate[1]


@settings(deadline=None, max_examples=150)
@given(rates, asks)
def test_the_wait_is_sufficient_and_minimal(rate: tuple[int, int], wanted: list[tuple[int, bool]]) -> None:
    limiter = Limiter(*rate)
    now = START
    for gap, cancel in wanted:
        now += gap
        ready = limiter.ready_at(now, cancel)
        if ready > now:
            assert limiter.ready_at(ready - 1, cancel) == ready
            with pytest.raises(TooSoon):
                limiter.take(ready - 1, cancel)
            now = ready
        assert limiter.ready_at(now, cancel) == now
        limiter.take(now, cancel)


@settings(deadline=None, max_examples=200)
@given(rates, asks)
def test_a_placement_never_delays_a_cancel(rate: tuple[int, int], wanted: list[tuple[int, bool]]) -> None:
    """A cancel may follow a placement at once as long as the reserve of the last second is not used up."""
    limiter = Limiter(*rate)
    now = START
    cancels: list[Instant] = []
    for gap, cancel in wanted:
        now = limiter.ready_at(now + gap, cancel)
        limiter.take(now, cancel)
        if cancel:
            cancels.append(now)
        elif sum(at >= now - SECOND for at in cancels) < rate[1]:
            assert limiter.ready_at(now, cancel=True) == now


def test_a_cancel_at_its_reserved_pace_never_waits_for_placements() -> None:
    limiter = Limiter(40, 8)
    now = START
    placed = 0
    for turn in range(1, 400):
        cancel_at = START + turn * (SECOND // 8 + 1)
        while (ready := limiter.ready_at(now, cancel=False)) < cancel_at:
            now = ready
            limiter.take(now, cancel=False)
            placed += 1
        now = cancel_at
        assert limiter.ready_at(now, cancel=True) == now
        limiter.take(now, cancel=True)
    seconds = (now - START) / SECOND
    assert placed / seconds == pytest.approx(32, rel=0.02)


@pytest.mark.parametrize(("rate", "reserve"), [(40, 8), (50, 1), (50, 8), (2, 1), (30, 7)])
def test_the_whole_rate_can_be_used(rate: int, reserve: int) -> None:
    limiter = Limiter(rate, reserve)
    now = START
    sent: list[Instant] = []
    while now < START + 30 * SECOND:
        cancel = limiter.ready_at(now, cancel=False) > limiter.ready_at(now, cancel=True)
        now = limiter.ready_at(now, cancel)
        limiter.take(now, cancel)
        sent.append(now)
    assert len(sent) >= 30 * rate
    assert most_in_a_second(sent) == rate


def test_the_burst_is_small() -> None:
    limiter = Limiter(40, 8)
    for _ in range(BURST):
        limiter.take(START, cancel=False)
    with pytest.raises(TooSoon):
        limiter.take(START, cancel=False)
    for _ in range(BURST):
        limiter.take(START, cancel=True)
    assert limiter.ready_at(START, cancel=True) == START + SECOND // 40


def test_a_pause_delays_all_requests_but_cancels_for_a_second_at_most() -> None:
    limiter = Limiter(40, 8)
    limiter.take(START, cancel=False)
    limiter.pause(START + 3 * SECOND)
    limiter.pause(START + SECOND // 2)
    for cancel, end in ((False, 3 * SECOND), (True, CANCELS_PAUSE)):
        assert limiter.ready_at(START + MILLISECOND, cancel) == START + end
        with pytest.raises(TooSoon):
            limiter.take(START + end - 1, cancel)
    limiter.take(START + CANCELS_PAUSE, cancel=True)
    limiter.take(START + 3 * SECOND, cancel=False)


def test_a_malformed_pause_delays_nothing_for_good() -> None:
    limiter = Limiter(40, 8)
    limiter.take(START, cancel=False)
    limiter.pause(START * 1000)
    assert limiter.ready_at(START, cancel=False) == START + REQUESTS_PAUSE
    assert limiter.ready_at(START, cancel=True) == START + CANCELS_PAUSE


@pytest.mark.parametrize(("rate", "reserve"), [(51, 8), (40, 40), (40, 0), (1, 1)])
def test_a_rate_above_the_ceiling_or_without_a_reserve_is_rejected(rate: int, reserve: int) -> None:
    with pytest.raises(ValueError, match="expected 1 <= reserve < rate <= 50"):
        Limiter(rate, reserve)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(gaps, st.sampled_from(["a", "b"])), max_size=40))
def test_a_path_is_read_once_a_second_and_does_not_delay_another(wanted: list[tuple[int, str]]) -> None:
    pacer = Pacer()
    now = START
    last: dict[str, Instant] = {}
    for gap, path in wanted:
        now += gap
        ready = pacer.ready_at(path, now)
        assert ready == max(now, last.get(path, 0) + READ_SPACING)
        if ready > now:
            with pytest.raises(TooSoon):
                pacer.take(path, now)
            continue
        pacer.take(path, now)
        assert path not in last or now - last[path] > SECOND
        last[path] = now
