"""The daemon notices that it stood still by the same two numbers as the watchdog, before it writes anything."""

import errno
import os

import pytest

from mmbot.daemon.watchdog.pulse import EVERY, Pulse
from mmbot.daemon.watchdog.verdict import Judge, Verdict
from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.store.heartbeat import HeartbeatFile, read_heartbeat, this_boot


class Clock:
    def __init__(self):
        self.now = 1_000 * SECOND

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def troubles():
    return []


@pytest.fixture
def file(tmp_path):
    with HeartbeatFile(tmp_path) as file:
        yield file


@pytest.fixture
def pulse(file, clock, troubles):
    pulse = Pulse(file, 5 * SECOND, troubles.append, clock)
    pulse.begin("1abcde")
    return pulse


def test_a_beat_is_in_the_file_at_most_five_times_a_second(tmp_path, pulse, clock):
    pulse.beat()
    first = read_heartbeat(tmp_path).beat
    clock.now += EVERY - 1
    pulse.beat()
    assert read_heartbeat(tmp_path).beat == first
    clock.now += 1
    pulse.beat()
    assert read_heartbeat(tmp_path).beat == clock.now


def test_a_daemon_that_is_never_late_is_never_interrupted(pulse, clock):
    for _ in range(100):
        clock.now += SECOND
        assert pulse.interrupted_at() == 0
        pulse.beat()


def test_a_pause_is_noticed_before_the_next_write_and_once(pulse, clock):
    pulse.beat()
    clock.now += 5 * SECOND
    assert pulse.interrupted_at() == 0
    clock.now += 1
    assert pulse.interrupted_at() == 1
    assert pulse.interrupted_at() == 1
    assert pulse.take().gap == 5 * SECOND + 1
    pulse.beat()
    assert pulse.interrupted_at() == 1


def test_a_pause_is_noticed_by_a_beat_that_comes_before_any_write(pulse, clock):
    pulse.beat()
    clock.now += 60 * SECOND
    pulse.beat()
    assert pulse.interrupted_at() == 1
    assert pulse.take().gap == 60 * SECOND


@pytest.mark.parametrize("late", [0, 1, 100 * MILLISECOND])
def test_whenever_the_watchdog_acts_the_daemon_knows(tmp_path, pulse, clock, late):
    """The daemon judges the beat on the disk, which the watchdog reads, and not a copy in its memory."""
    judge = Judge(5 * SECOND, this_boot())
    pulse.beat()
    clock.now += EVERY - 1
    pulse.beat()  # not written
    acted = None
    while acted is None:
        clock.now += 10 * MILLISECOND
        now = clock.now
        if judge.judge(read_heartbeat(tmp_path), now) is Verdict.SILENT:
            acted = now
    clock.now += late
    assert pulse.interrupted_at() == 1


def test_a_fence_interrupts_a_daemon_that_knows_of_no_pause(tmp_path, pulse, file, clock):
    pulse.beat()
    with HeartbeatFile(tmp_path) as watchdog:
        watchdog.set_fence(1, 5, 6, proved=False)
    clock.now += EVERY
    pulse.beat()
    assert pulse.interrupted_at() == 1
    assert pulse.take().gap == 0
    assert read_heartbeat(tmp_path).known == 1
    clock.now += EVERY
    pulse.beat()
    assert pulse.interrupted_at() == 1


def test_a_fence_of_an_earlier_run_is_no_interruption(file, clock, troubles):
    file.set_fence(7, 5, 6, proved=True)
    pulse = Pulse(file, 5 * SECOND, troubles.append, clock)
    pulse.begin("2abcde")
    clock.now += EVERY
    pulse.beat()
    assert pulse.interrupted_at() == 0


def test_a_heartbeat_that_cannot_be_written_is_told_once_and_counts_as_a_pause(file, clock, troubles, monkeypatch):
    """The watchdog sees the old beat and acts, so the daemon must not go on as if nothing were wrong."""
    pulse = Pulse(file, 5 * SECOND, troubles.append, clock)
    pulse.begin("1abcde")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", full)
    for _ in range(60):
        clock.now += 100 * MILLISECOND
        pulse.beat()
    assert troubles == ["No space left on device"]
    assert pulse.interrupted_at() == 1
    monkeypatch.setattr(os, "pwrite", real)
    clock.now += EVERY
    pulse.beat()
    assert troubles == ["No space left on device", None]


def test_without_a_file_it_still_notices_a_pause(clock, troubles):
    pulse = Pulse(None, 5 * SECOND, troubles.append, clock)
    pulse.begin("1abcde")
    pulse.beat()
    clock.now += 6 * SECOND
    assert pulse.interrupted_at() == 1
    pulse.end()
    assert troubles == []


def test_the_end_of_a_clear_run_is_in_the_file(tmp_path, pulse):
    assert read_heartbeat(tmp_path).needs_clearing
    pulse.end()
    assert not read_heartbeat(tmp_path).needs_clearing
