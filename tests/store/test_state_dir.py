"""One daemon to a state directory, judged by the kernel and not by what a dead process left behind."""

import os
import signal
import subprocess
import sys

import pytest
from deep_json import beside

from mmbot.store.state_dir import LOCK_FILE, Holder, StateDir, StateDirError, StateDirLocked, holder_of

HOLD = """
import pathlib, sys, time
from mmbot.store.state_dir import StateDir
state = StateDir(pathlib.Path(sys.argv[1]))
state.publish("http://127.0.0.1:1234")
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds ``tmp_path``."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_rejected_and_told_who_holds_it(tmp_path, other):
    with pytest.raises(StateDirLocked) as rejected:
        StateDir(tmp_path)
    assert rejected.value.holder.pid == other.pid
    assert f"process {other.pid}" in str(rejected.value)
    assert str(tmp_path) in str(rejected.value)


def test_the_holder_is_found_with_its_address(tmp_path, other):
    holder = holder_of(tmp_path)
    assert holder is not None
    assert (holder.pid, holder.url) == (other.pid, "http://127.0.0.1:1234")


def test_a_killed_holder_frees_the_directory_at_once(tmp_path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (tmp_path / LOCK_FILE).read_bytes()  # what it wrote still stands, and is not believed
    assert holder_of(tmp_path) is None
    with StateDir(tmp_path):
        assert holder_of(tmp_path).pid == os.getpid()


def test_a_closed_directory_can_be_taken_again_and_names_nobody(tmp_path):
    with StateDir(tmp_path / "deep" / "state") as state:
        state.publish("http://127.0.0.1:9")
    assert holder_of(state.path) is None
    assert (state.path / LOCK_FILE).read_bytes() == b""
    StateDir(state.path).close()


def test_asking_who_holds_it_creates_nothing(tmp_path):
    assert holder_of(tmp_path / "absent") is None
    assert not (tmp_path / "absent").exists()


def test_a_place_that_is_no_directory_is_rejected_with_its_name(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateDirError, match="file"):
        StateDir(tmp_path / "file")


def test_its_files_are_for_the_owner_alone(tmp_path):
    with StateDir(tmp_path / "state") as state:
        assert state.path.stat().st_mode & 0o077 == 0
        assert (state.path / LOCK_FILE).stat().st_mode & 0o077 == 0


def test_a_directory_that_existed_is_taken_away_from_others(tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    state.chmod(0o755)
    with StateDir(state) as held:
        assert not held.exposed
        assert state.stat().st_mode & 0o077 == 0


def test_a_shared_directory_keeps_its_mode(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o1777)
    with StateDir(state) as held:
        assert held.exposed
    assert state.stat().st_mode & 0o7777 == 0o1777


@pytest.mark.parametrize("pid", [-1, 0, 2**40, 10**30])
def test_a_holder_with_an_impossible_process_id_is_nobody(tmp_path, pid):
    with StateDir(tmp_path) as state:
        (state.path / LOCK_FILE).write_text(f'{{"pid": {pid}, "url": null}}')
        assert holder_of(tmp_path) == Holder()


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / LOCK_FILE).symlink_to(victim)
    with pytest.raises(StateDirError, match="cannot be used"):
        StateDir(tmp_path / "state")
    assert victim.read_text() == "untouched"


def test_a_lock_file_that_is_nested_too_deeply_names_no_holder(tmp_path):
    with StateDir(tmp_path):
        (tmp_path / LOCK_FILE).write_bytes(beside(b'{"pid": 4000}'))
        assert holder_of(tmp_path) == Holder()
