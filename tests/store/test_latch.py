"""The kill latch survives what a process does not."""

import os

import pytest

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
    latch.clear(tmp_path)
    latch.clear(tmp_path)
    assert latch.read(tmp_path) is None


@pytest.mark.parametrize("text", [b"", b"{", b'{"reason": 3}', b"\xff\xfe"])
def test_a_file_that_cannot_be_understood_counts_as_latched(tmp_path, text):
    (tmp_path / LATCH_FILE).write_bytes(text)
    found = latch.read(tmp_path)
    assert found is not None
    assert LATCH_FILE in found.reason


def test_a_file_that_cannot_be_read_counts_as_latched(tmp_path):
    (tmp_path / LATCH_FILE).mkdir()
    assert latch.read(tmp_path) is not None


def test_a_failed_write_raises_and_keeps_the_latch_that_stood(tmp_path):
    latch.write(tmp_path, Latch("first", 1))
    (tmp_path / f".{LATCH_FILE}.{os.getpid()}").mkdir()  # where the draft would go
    with pytest.raises(OSError, match=LATCH_FILE):
        latch.write(tmp_path, Latch("second", 2))
    assert latch.read(tmp_path) == Latch("first", 1)
