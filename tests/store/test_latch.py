"""The kill latch survives what a process does not."""

import os

import pytest
from deep_json import DEEP, beside

from mmbot.store import latch
from mmbot.store.latch import LATCH_FILE, Latch


def test_what_was_written_is_read(tmp_path):
    assert latch.read(tmp_path) is None
    latch.write(tmp_path, Latch("a fat finger", 1_800_000_000_000_000_000))
    assert latch.read(tmp_path) == Latch("a fat finger", 1_800_000_000_000_000_000)


def test_a_later_reason_replaces_the_earlier_and_leaves_no_draft(tmp_path):
    latch.write(tmp_path, Latch("first", 1))
    latch.write(tmp_path, Latch("second", 2))
    assert latch.read(tmp_path) == Latch("second", 2)
    assert os.listdir(tmp_path) == [LATCH_FILE]


def test_clearing_it_removes_it_and_may_be_repeated(tmp_path):
    latch.write(tmp_path, Latch("why", 1))
    latch.release(tmp_path)
    latch.release(tmp_path)
    assert latch.read(tmp_path) is None


@pytest.mark.parametrize("text", [b"", b"{", b'{"reason": 3}', b"\xff\xfe", DEEP, beside(b'{"reason": "x", "at": 1}')])
def test_a_file_that_cannot_be_understood_counts_as_latched(tmp_path, text):
    (tmp_path / LATCH_FILE).write_bytes(text)
    found = latch.read(tmp_path)
    assert found is not None
    assert LATCH_FILE in found.reason


def test_a_file_that_cannot_be_read_counts_as_latched(tmp_path):
    (tmp_path / LATCH_FILE).mkdir()
    assert latch.read(tmp_path) is not None


def test_a_failed_write_raises_and_keeps_the_latch_that_stood(tmp_path, monkeypatch):
    latch.write(tmp_path, Latch("first", 1))

    def full(_):
        raise OSError(28, "No space left on device", LATCH_FILE)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=LATCH_FILE):
            latch.write(tmp_path, Latch("second", 2))
    assert latch.read(tmp_path) == Latch("first", 1)
    assert os.listdir(tmp_path) == [LATCH_FILE]


def test_the_draft_has_a_name_that_nobody_can_know_and_follows_no_link(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / f".{LATCH_FILE}.{os.getpid()}").symlink_to(victim)
    names = []
    real = os.open

    def noted(path, flags, *more):
        if flags & os.O_CREAT:
            names.append(os.path.basename(path))
            assert flags & os.O_EXCL
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", noted)
    latch.write(tmp_path, Latch("first", 1))
    latch.write(tmp_path, Latch("second", 2))
    assert victim.read_text() == "untouched"
    assert len(set(names)) == 2
    assert latch.read(tmp_path) == Latch("second", 2)


@pytest.mark.parametrize("at", ["-1", "1e30", "99999999999999999999"])
def test_a_time_beyond_the_calendar_counts_as_latched(tmp_path, at):
    (tmp_path / LATCH_FILE).write_text(f'{{"reason": "r", "at": {at}}}')
    found = latch.read(tmp_path)
    assert found is not None
    assert "malformed" in found.reason
