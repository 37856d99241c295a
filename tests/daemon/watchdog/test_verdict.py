"""The watchdog acts for a run that fell silent, once for each beat, and for nothing else."""

import pytest

from mmbot.daemon.watchdog.verdict import Judge, Verdict
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.store.heartbeat import Heartbeat, State

BOOT = b"this boot"
NOW = 1_000 * SECOND


def beat(at, run="1abcde", state=State.RUNNING, boot=BOOT, fence=0, fenced=0, proved=False):
    return Heartbeat(boot, run, state, at, 0, 0, fence, fenced, proved)


@pytest.fixture
def judge():
    return Judge(5 * SECOND, BOOT)


def last(judge, heartbeat, *instants):
    """The verdict on the last of several readings of the same content."""
    return [judge.judge(heartbeat, now) for now in instants][-1]


def test_a_daemon_that_beats_is_alive(judge):
    for second in range(100):
        assert judge.judge(beat(NOW + second * SECOND), NOW + second * SECOND + 900_000_000) is Verdict.ALIVE


def test_it_is_silent_after_five_seconds_and_late_after_half_of_that(judge):
    verdicts = [judge.judge(beat(NOW), NOW + tenth * SECOND // 10) for tenth in range(60)]
    assert verdicts.index(Verdict.LATE) == 26
    assert verdicts.index(Verdict.SILENT) == 52  # the second reading that is later than five seconds
    assert verdicts[52:] == [Verdict.SILENT] * 8


def test_one_odd_reading_is_looked_at_again(judge):
    """The file may be read in the middle of a write."""
    assert judge.judge(beat(NOW), NOW) is Verdict.ALIVE
    assert judge.judge(beat(NOW - MINUTE), NOW + SECOND // 10) is Verdict.LATE
    assert judge.judge(beat(NOW + SECOND // 5), NOW + SECOND // 5) is Verdict.ALIVE


def test_without_a_heartbeat_it_waits(judge):
    assert last(judge, None, NOW, NOW + MINUTE, NOW + 2 * MINUTE) is Verdict.IDLE


def test_a_run_that_ended_in_order_is_left_alone(judge):
    assert last(judge, beat(NOW), NOW, NOW + SECOND) is Verdict.ALIVE
    ended = beat(NOW, state=State.ENDED)
    assert last(judge, ended, NOW + 9 * SECOND, NOW + 10 * SECOND, NOW + MINUTE) is Verdict.IDLE


def test_a_run_that_died_before_the_watchdog_started_is_acted_for(judge):
    assert last(judge, beat(NOW - MINUTE), NOW, NOW + 1) is Verdict.SILENT


def test_for_one_beat_it_acts_once_even_if_it_is_started_again(judge):
    assert last(judge, beat(NOW), NOW + MINUTE, NOW + MINUTE + 1) is Verdict.SILENT
    judge.clear(beat(NOW))
    assert judge.judge(beat(NOW), NOW + 2 * MINUTE) is Verdict.IDLE
    again = Judge(5 * SECOND, BOOT)
    proved = beat(NOW, fence=1, fenced=NOW, proved=True)
    assert last(again, proved, NOW + 3 * MINUTE, NOW + 4 * MINUTE) is Verdict.IDLE
    unproved = beat(NOW, fence=1, fenced=NOW)
    assert last(again, unproved, NOW + 3 * MINUTE, NOW + 4 * MINUTE) is Verdict.SILENT
    back = beat(NOW + 5 * MINUTE, fence=1, fenced=NOW, proved=True)
    assert judge.judge(back, NOW + 5 * MINUTE) is Verdict.ALIVE
    assert last(judge, back, NOW + 6 * MINUTE, NOW + 6 * MINUTE + 1) is Verdict.SILENT


def test_a_beat_of_another_boot_has_no_age_so_the_daemon_gets_the_whole_time(judge):
    stale = beat(NOW * 1000, boot=b"the boot before")
    assert last(judge, stale, NOW, NOW + 2 * SECOND) is Verdict.ALIVE
    assert last(judge, stale, NOW + 6 * SECOND, NOW + 7 * SECOND) is Verdict.SILENT
    assert judge.judge(beat(NOW + 8 * SECOND, run="2bcdef"), NOW + 8 * SECOND) is Verdict.ALIVE


def test_a_beat_from_the_future_does_not_hide_a_silence(judge):
    odd = beat(NOW + 1000 * MINUTE)
    assert last(judge, odd, NOW, NOW + SECOND) is Verdict.ALIVE
    assert last(judge, odd, NOW + 6 * SECOND, NOW + 7 * SECOND) is Verdict.SILENT


def test_a_file_that_was_removed_does_not_hide_a_silence(judge):
    assert judge.judge(beat(NOW), NOW) is Verdict.ALIVE
    assert last(judge, None, NOW + 6 * SECOND, NOW + 7 * SECOND) is Verdict.SILENT
    judge.clear(beat(NOW))
    assert last(judge, None, NOW + 8 * SECOND, NOW + MINUTE) is Verdict.IDLE


def test_a_watchdog_that_stood_still_itself_sees_that_the_daemon_beat_meanwhile(judge):
    assert judge.judge(beat(NOW), NOW) is Verdict.ALIVE
    later = NOW + 10 * MINUTE
    assert judge.judge(beat(later - SECOND), later) is Verdict.ALIVE


def test_a_daemon_that_crashes_before_it_beats_does_not_hide_the_run_before(judge):
    """Such a start leaves the old beat."""
    assert last(judge, beat(NOW), NOW, NOW + 3 * SECOND, NOW + 6 * SECOND, NOW + 7 * SECOND) is Verdict.SILENT
