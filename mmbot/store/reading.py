"""Reads a journal and makes a backup of it. Both are possible while a daemon writes the journal."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from mmbot.domain.bounds import UNREADABLE
from mmbot.store import schema
from mmbot.store.journal import JOURNAL_FILE, JournalError


@contextlib.contextmanager
def reading(directory: Path) -> Iterator[sqlite3.Connection]:
    """Open the journal of a state directory for reading. All reads see the journal as it was at one moment. If the
    caller's ``with`` block raises ValueError because of a wrong value in the journal, the error becomes a JournalError.

    Raises:
        JournalError: if there is no journal, if another version of mmbot wrote it, or if it cannot be read.
    """
    path = directory / JOURNAL_FILE
    if not path.is_file():
        raise JournalError(f"there is no journal at {path}: check -c, or state_dir in the settings")
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
        ) as journal:
            (application,) = journal.execute("PRAGMA application_id").fetchone()
            (version,) = journal.execute("PRAGMA user_version").fetchone()
            if application != schema.APPLICATION_ID:
                raise JournalError(f"{path} is not a journal of mmbot")
            if version > schema.VERSION:
                raise JournalError(f"{path} was written by a newer mmbot (journal version {version}). Update mmbot")
            if version < schema.VERSION:
                raise JournalError(
                    f"{path} was written by an older mmbot (journal version {version}, this one reads "
                    f"{schema.VERSION}). The next mmbot run migrates it"
                )
            journal.execute("BEGIN")
            yield journal
    except (sqlite3.Error, *UNREADABLE) as bad:
        raise JournalError(f"{path} cannot be read: {bad}") from bad


def backup(directory: Path, target: Path) -> None:
    """Copy the journal to a new file. The copy shows the journal as it was at one moment, even if a daemon is writing
    it.

    Raises:
        JournalError: if the journal cannot be read. The error is also raised if the new file exists already or cannot
            be written.
    """
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as bad:
        raise JournalError(f"{target} cannot be made: {bad.strerror}. Nothing was copied") from bad
    try:
        with reading(directory) as journal, contextlib.closing(sqlite3.connect(target)) as copy:
            journal.execute("COMMIT")
            journal.backup(copy)
            (sound,) = copy.execute("PRAGMA quick_check(1)").fetchone()
            if sound != "ok":
                raise JournalError(f"the copy is damaged: {sound}")
    except (JournalError, sqlite3.Error) as bad:
        target.unlink(missing_ok=True)
        raise JournalError(f"no backup of {directory / JOURNAL_FILE} was made: {bad}") from bad
