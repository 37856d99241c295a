"""A path of a person: a file is read up to its bound, and nothing else is waited for."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mmbot.config import ConfigError, load
from mmbot.config import document as document_module
from mmbot.config.files import read_file
from mmbot.exchange.token_store import Kept, TokenStore
from mmbot.simulator.crowd import tape as tape_module
from mmbot.simulator.crowd.tape import TapeError, read_tape
from mmbot.store import latch
from mmbot.store.journal import Journal, JournalError
from mmbot.store.state_dir import StateDir, StateDirError


def pipe(path: Path) -> None:
    os.mkfifo(path)


def linked_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to(path.with_name("pipe"))


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def directory(path: Path) -> None:
    path.mkdir()


def unix_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


ODD = pytest.mark.parametrize("make", [pipe, linked_pipe, device, directory, unix_socket])


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"ten bytes!")
    link = tmp_path / "link"
    link.symlink_to(file)
    assert read_file(file, 10) == read_file(link, 10) == b"ten bytes!"


def test_a_file_beyond_the_bound_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with file.open("wb") as made:
        made.truncate(1 << 40)
    with pytest.raises(OSError, match="larger than 10 bytes"):
        read_file(file, 10)


@ODD
def test_nothing_but_a_regular_file_is_read_or_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    file = tmp_path / "file"
    make(file)
    said: list[str] = []

    def read() -> None:
        try:
            read_file(file, 10)
        except OSError as bad:
            said.append(bad.strerror or "")

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    reading.join(5)
    waits = reading.is_alive()
    if waits:  # for somebody who writes to the pipe
        os.close(os.open(file, os.O_WRONLY))
        reading.join(5)
    assert not waits
    assert said == ["No such device or address" if make is unix_socket else "it is not a regular file"]


@ODD
def test_settings_that_are_no_file_are_an_error(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "settings.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "settings.yaml")


def test_settings_without_end_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("#" * (document_module.LARGEST + 1))
    with pytest.raises(ConfigError, match="larger than"):
        load(tmp_path / "settings.yaml")


@ODD
def test_a_tape_that_is_no_file_is_an_error(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "tape")
    with pytest.raises(TapeError, match="cannot be read"):
        read_tape(tmp_path / "tape")


def test_a_tape_without_end_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    monkeypatch.setattr(tape_module, "LARGEST", 100_000)
    (tmp_path / "tape").write_bytes(gzip.compress(b"\0" * 10_000_000))
    assert (tmp_path / "tape").stat().st_size < 100_000
    with pytest.raises(TapeError, match="larger than 100,000 bytes after decompression"):
        read_tape(tmp_path / "tape")


@ODD
def test_a_session_that_is_no_file_is_as_good_as_none(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "session.json")
    assert TokenStore(tmp_path / "session.json").load("us") == Kept("us")


@ODD
def test_a_latch_that_is_no_file_counts_as_latched(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / latch.LATCH_FILE)
    found = latch.read(tmp_path)
    assert found is not None
    assert "cannot be read" in found.reason


@ODD
def test_a_lock_that_is_no_file_is_an_error(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "lock")
    with pytest.raises(StateDirError, match="cannot be used"):
        StateDir(tmp_path)


@pytest.mark.parametrize("make", [pipe, linked_pipe, directory, unix_socket])
def test_a_journal_that_is_no_file_is_an_error(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "journal.sqlite")
    with pytest.raises(JournalError, match="cannot be used"):
        Journal(tmp_path)
