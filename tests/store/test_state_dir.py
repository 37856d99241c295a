"""One daemon to a state directory, judged by the kernel and not by what a dead process left behind."""

import os
import signal
import subprocess
import sys

import pytest

from mmbot.store.state_dir import LOCK_FILE, StateDir, StateDirError, StateDirLocked, holder_of

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
