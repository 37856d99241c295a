"""The heartbeat file keeps the parts of daemon and watchdog apart, and nothing in it can mislead a reader."""

import os

import pytest

from mmbot.store.heartbeat import HEARTBEAT_FILE, HeartbeatFile, read_heartbeat, since_boot, this_boot


@pytest.fixture
def file(tmp_path):
    with HeartbeatFile(tmp_path) as file:
        yield file


def test_without_a_daemon_there_is_no_heartbeat(tmp_path):
    assert read_heartbeat(tmp_path) is None
    with HeartbeatFile(tmp_path) as file:  # a watchdog that was started first
        assert file.read() is None
        assert file.fence() == 0
    assert read_heartbeat(tmp_path) is None


def test_what_the_daemon_writes_is_read(tmp_path, file):
    file.begin("1abcde", 1_000, 7, 3)
    assert read_heartbeat(tmp_path) == (this_boot(), "1abcde", 1, 1_000, 7, 3, 0, 0, False)
    file.beat(2_000, 8, 4)
    heartbeat = read_heartbeat(tmp_path)
    assert (heartbeat.run_id, heartbeat.beat, heartbeat.at, heartbeat.known) == ("1abcde", 2_000, 8, 4)
    assert heartbeat.running
    file.end()
    heartbeat = read_heartbeat(tmp_path)
    assert (heartbeat.running, heartbeat.run_id, heartbeat.beat) == (False, "1abcde", 2_000)


def test_a_fence_outlives_the_run_that_it_was_set_for(tmp_path, file):
    file.begin("1abcde", 1_000, 7, 0)
    with HeartbeatFile(tmp_path) as watchdog:
        watchdog.set_fence(1, 1_000, 9, proved=False)
        watchdog.sync()
    assert file.fence() == 1
    assert file.read().needs_clearing
    file.begin("2abcde", 3_000, 10, 1)
    heartbeat = file.read()
    assert (heartbeat.fence, heartbeat.fenced_beat, heartbeat.known) == (1, 1_000, 1)


def test_a_run_needs_clearing_until_it_ended_or_a_watchdog_proved_it_clear(file):
    file.begin("1abcde", 1_000, 7, 0)
    assert file.read().needs_clearing
    file.set_fence(1, 1_000, 9, proved=True)
    assert not file.read().needs_clearing
    file.beat(1_001, 10, 0)  # it came back, and may have placed something
    assert file.read().needs_clearing
    file.end()
    assert not file.read().needs_clearing


@pytest.mark.parametrize("content", [b"", b"x" * 5, b"\0" * 4096, b"x" * 4096])
def test_a_file_of_somebody_else_is_no_heartbeat(tmp_path, content):
    (tmp_path / HEARTBEAT_FILE).write_bytes(content)
    assert read_heartbeat(tmp_path) is None
    with HeartbeatFile(tmp_path) as file:
        file.begin("1abcde", 1_000, 7, 0)
    assert read_heartbeat(tmp_path).run_id == "1abcde"


def test_a_pipe_or_a_link_is_no_heartbeat(tmp_path):
    os.mkfifo(tmp_path / HEARTBEAT_FILE)
    assert read_heartbeat(tmp_path) is None
    (tmp_path / HEARTBEAT_FILE).unlink()
    (tmp_path / "elsewhere").write_bytes(b"")
    (tmp_path / HEARTBEAT_FILE).symlink_to(tmp_path / "elsewhere")
    assert read_heartbeat(tmp_path) is None
    with pytest.raises(OSError, match="symbolic"):
        HeartbeatFile(tmp_path)


def test_the_time_since_the_boot_moves_forward():
    first = since_boot()
    assert first > 0
    assert since_boot() >= first
    assert this_boot() == this_boot()
    assert len(this_boot()) == 16
