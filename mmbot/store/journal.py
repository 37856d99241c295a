"""The journal. It is a SQLite file with the records that mmbot needs after a restart. A thread writes them, so trading
never waits.

The id of a run and its sequence numbers are on disk before they are used. Wagers, days and settlements are written a
few milliseconds after the change, many in one commit. If a crash loses the newest wagers, they are still in the
exchange's history.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from mmbot.domain.bounds import LARGEST_ID, UNREADABLE
from mmbot.domain.instant import HOUR, Duration, Instant
from mmbot.engine.orders import Save
from mmbot.engine.records import SaveNames, SaveTransactions
from mmbot.store import schema
from mmbot.store.entries import Entries, Row
from mmbot.store.journal_files import close_to_others, size_of
from mmbot.store.kept import KEPT_FOR, Kept, load

JOURNAL_FILE: Final = "journal.sqlite"

FIRST_BLOCK: Final = 1_000
"""The number of sequence numbers that a run reserves at its start. Each new wager uses one of them in its
``external_id``."""

_GATHER_S: Final = 0.05  # records gather for this long before one commit writes them
_RETRY_S: Final = 1.0
_AT_ONCE: Final = 2_000  # deleted entries of each table at once
_LOOK_S: Final = 1.0  # between two looks at the free space of the disk
_FORGET_EVERY: Final = HOUR  # between two looks for entries that became too old
_BASE36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class JournalError(Exception):
    """Raised if the journal cannot be opened or read. The message names the file and says what to do."""


class Run(NamedTuple):
    """A run that is recorded on disk. Its sequence numbers go from ``next_sequence`` to ``end_sequence - 1``."""

    run_id: str
    next_sequence: int
    end_sequence: int


class _Reserve(NamedTuple):
    end: int
    done: Callable[[], None]


class _Touch(NamedTuple):
    at: Instant
    known: bool


def _quiet(_trouble: str | None) -> None:
    return None


class Journal:
    """The journal of one state directory. Call ``begin`` and ``load`` before ``start``, from one thread."""

    def __init__(
        self,
        directory: Path,
        *,
        lock_wait_s: float = 5.0,
        min_free: int = 0,
        free: Callable[[Path], int] = lambda directory: shutil.disk_usage(directory).free,
    ) -> None:
        """Open or create the journal.

        Args:
            directory: the state directory.
            lock_wait_s: the longest wait for another process that has locked the file, in seconds.
            min_free: the free space of the disk below which trouble is reported, in bytes.
            free: a function that returns the free space of a directory's disk, in bytes.

        Raises:
            JournalError: if the file is damaged, is not a journal, or was written by a newer version.
        """
        self.path = directory / JOURNAL_FILE
        self._pending: deque[Save | _Reserve | _Touch] = deque()
        self._batch: list[Save | _Reserve | _Touch] = []
        self._urgent = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._trouble: Callable[[str | None], None] = _quiet
        self._troubled = False
        self._min_free: Final = min_free
        self._free: Final = free
        self._short: str | None = None
        """The message that the disk has too little free space. None if there is enough free space."""
        self._look_at: float = 0.0
        self._run_number = 0
        self._entries = Entries()
        self._forget_before: Instant | None = None
        """The time before which the journal's entries are deleted. None if no entries have to be deleted now."""
        self._keep: Duration | None = None
        """The time for which the journal keeps entries that no restart needs. None if the entries are kept for ever."""
        self._forget_at: Instant = 0
        """The time at which the writer next looks for entries that have become too old."""
        self.size = 0
        """The size of the journal's files in bytes, as the writer thread saw it within the past second."""
        self.alive = True
        """True while the writer thread is alive. Without the thread, nothing is written any more."""
        try:
            close_to_others(self.path)
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=lock_wait_s)
            self._open()
        except (sqlite3.Error, OSError) as bad:
            text = f"{self.path} cannot be used as the journal: {bad}. Move it away to start a new one"
            raise JournalError(text) from bad

    def begin(self, now: Instant, salt: str, strategies: Sequence[str] = (), keep: Duration | None = None) -> Run:
        """Record a new run on disk.

        Args:
            now: the present time.
            salt: a few random letters or digits. They make the run id unique on the account. The count of runs alone is
                not enough, because it starts again if the state directory is lost.
            strategies: the name of the strategy of each quoting rule, in the order of the rules.
            keep: how long the journal keeps entries that no restart needs. If it is None, these entries are kept for
                ever.
        """
        if not salt.isalnum() or not salt.isascii():
            raise ValueError(f"{salt!r}: a run id consists of letters and digits")
        try:
            self._db.execute("BEGIN IMMEDIATE")
            (number,) = self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM runs").fetchone()
            if not isinstance(number, int) or number < 1:  # beyond 64 bits, SQLite counts on in floats
                raise JournalError(f"{self.path} has an impossible count of runs. Move it away to start a new one")
            run_id = f"{_base36(number)}{salt}"
            end = 1 + FIRST_BLOCK
            self._db.execute("INSERT INTO runs VALUES (?, ?, ?, ?)", (number, run_id, now, end))
            self._db.execute("COMMIT")
        except sqlite3.Error as bad:
            raise JournalError(f"{self.path} cannot be written: {bad}") from bad
        self._run_number = number
        self._entries = Entries(strategies)
        self._keep = None if keep is None else max(keep, KEPT_FOR)
        self._forget_from(now)
        return Run(run_id, 1, end)

    def load(self, now: Instant) -> Kept:
        """Return the records of earlier runs that are needed at the time ``now``.

        Raises:
            JournalError: if a row cannot be read.
        """
        try:
            return load(self._db, now)
        except (sqlite3.Error, *UNREADABLE) as bad:
            raise JournalError(f"{self.path} cannot be read: {bad}. Move it away to start a new one") from bad

    def run_ids(self) -> tuple[str, ...]:
        """Return the ids of all runs, with the oldest first.

        Raises:
            JournalError: if the ids cannot be read.
        """
        try:
            return tuple(str(row[0]) for row in self._db.execute("SELECT run_id FROM runs ORDER BY number"))
        except (sqlite3.Error, *UNREADABLE) as bad:
            raise JournalError(f"{self.path} cannot be read: {bad}") from bad

    def start(self, trouble: Callable[[str | None], None] = _quiet) -> None:
        """Start the writer thread. Records that could not be written are kept. Their writing is retried every second.

        Args:
            trouble: a function that the writer thread calls with a message. It is called when writing begins to fail,
                and when the disk's free space falls below ``min_free``. It is also called when the thread dies. It is
                called with None when all is well again.
        """
        self._trouble = trouble
        self._thread = threading.Thread(target=self._write_behind, name="journal", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """The number of records that wait to be written."""
        return len(self._pending) + len(self._batch)

    def save(self, what: Save) -> None:
        """Put the entries of one change into the queue for writing. One transaction writes all of them. The caller
        never waits."""
        self._pending.append(what)

    def touch(self, now: Instant, known: bool = False) -> None:
        """Put a record into the queue for writing. The record says that the run was alive at ``now``. The next run
        reads the part of the exchange's wager history that is newer than the record.

        Args:
            known: true if the run knew all wagers of the account at ``now`` (``Seed.known_to``). Everything that the
                run saved before this call is on disk before the record, or together with the record.
        """
        self._pending.append(_Touch(now, known))

    def reserve(self, end: int, done: Callable[[], None]) -> None:
        """Reserve on disk all sequence numbers below ``end``. Afterwards, the writer thread calls ``done``."""
        self._pending.append(_Reserve(end, done))
        self._urgent.set()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Write all records in the queue and close the journal. Returns False if this fails or takes longer than
        ``timeout_s``."""
        self._closing = True
        self._urgent.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                return False
        self._db.close()
        return not self.backlog

    # --- the writer's thread ------------------------------------------------------------------------------------

    def _write_behind(self) -> None:
        finished = False
        try:
            while not (self._closing and not self.backlog):
                if not self._closing:
                    self._urgent.wait(_RETRY_S if self._troubled else _GATHER_S)
                self._urgent.clear()
                self._look_at_disk()
                self._forget_some()
                if not self._write_once() and self._closing:
                    break
            finished = True
        finally:
            if not finished:
                self.alive = False
                self._trouble("the writer died")

    def _look_at_disk(self) -> None:
        """Report if the disk's free space has fallen below the limit, or is above the limit again."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_S
        self.size = sum(size_of(self.path.with_name(self.path.name + added)) for added in ("", "-wal"))
        try:
            free = self._free(self.path.parent)
        except OSError as bad:
            short: str | None = f"the free space of the journal's disk is not known: {bad}"
        else:
            short = None
            if free < self._min_free:
                short = f"only {free >> 20} MB are free on the journal's disk (journal.min_free_mb)"
        if (short is None) is not (self._short is None) and not self._troubled:
            self._trouble(short)
        self._short = short

    def _write_once(self) -> bool:
        for _ in range(len(self._pending)):
            self._batch.append(self._pending.popleft())
        if not self._batch:
            return True
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._put(self._batch)
            self._db.execute("COMMIT")
        except sqlite3.Error as bad:
            self._entries.not_written()
            if self._db.in_transaction:
                self._db.rollback()
            if not self._troubled:
                self._trouble(str(bad))
            self._troubled = True
            return False
        self._entries.written()
        if self._troubled:
            self._troubled = False
            self._trouble(self._short)
        written, self._batch = self._batch, []
        for item in written:
            if isinstance(item, _Reserve):
                item.done()
        return True

    def _put(self, batch: Iterable[Save | _Reserve | _Touch]) -> None:
        """Write a batch of records. If a wager occurs several times, only its newest entry is written. A record with a
        number of more than 64 bits cannot be written. Such a record is left out and reported."""
        rows: dict[str, dict[object, Row]] = {}
        reserved = at = known_to = left_out = 0
        for item in batch:
            match item:
                case _Reserve() if item.end <= LARGEST_ID:
                    reserved = max(reserved, item.end)
                case _Touch() if item.at <= LARGEST_ID:
                    at = max(at, item.at)
                    known_to = max(known_to, item.at) if item.known else known_to
                case Save():
                    for record in item.records:
                        entries = self._entries.of(record)
                        left_out += not entries and not isinstance(record, SaveNames | SaveTransactions)
                        for statement, row in entries:
                            of_statement = rows.setdefault(statement, {})
                            key = row[0] if statement is schema.SAVE_WAGER else len(of_statement)
                            of_statement[key] = row
        for statement, of_statement in rows.items():
            self._db.executemany(statement, of_statement.values())
        if reserved:
            self._db.execute(
                "UPDATE runs SET reserved = max(reserved, ?) WHERE number = ?", (reserved, self._run_number)
            )
        if at:
            self._db.execute(schema.SAVE_INSTANT, (at,))
            if known_to:
                self._db.execute(schema.SAVE_READ_TO, (schema.KNOWN, known_to))
            if at >= self._forget_at:
                self._forget_from(at)
        if left_out:
            self._trouble(f"{left_out} records hold numbers beyond 64 bits and are left out")

    def _forget_from(self, now: Instant) -> None:
        """Mark the entries that are too old at ``now`` for deletion. An hour later, the writer looks for old entries
        again."""
        if self._keep is not None:
            self._forget_before = now - self._keep
            self._forget_at = now + _FORGET_EVERY

    def _forget_some(self) -> None:
        """Delete some of the entries that are too old to be kept. At most a few thousand are deleted at a time, so that
        no write takes long."""
        if self._forget_before is None:
            return
        try:
            deleted = sum(self._db.execute(each, (self._forget_before, _AT_ONCE)).rowcount for each in schema.FORGET)
        except sqlite3.Error:
            return  # the disk's trouble is reported by the next write
        if not deleted:
            self._forget_before = None

    # --- opening --------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application != schema.APPLICATION_ID:
            raise JournalError(f"{self.path} is a database of another program, not a journal: check state_dir")
        if version > schema.VERSION:
            raise JournalError(
                f"{self.path} was written by a newer mmbot (journal version {version}; this one reads up to "
                f"{schema.VERSION}). Update mmbot"
            )
        (mode,) = self._db.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise JournalError(f"{self.path}: this file system cannot hold the journal (no WAL, got {mode!r})")
        self._db.execute("PRAGMA synchronous = FULL")
        (sound,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if sound != "ok":
            raise JournalError(f"{self.path} is damaged ({sound}). Move it away to start a new one")
        for step in range(version, schema.VERSION):
            self._db.executescript(
                f"BEGIN; {schema.STEPS[step]} PRAGMA user_version = {step + 1};"
                f" PRAGMA application_id = {schema.APPLICATION_ID}; COMMIT;"
            )


def run_ids_of(directory: Path) -> tuple[str, ...]:
    """Return the ids of all runs of a state directory. Nothing is checked, migrated or created. So this function is
    quick, and can be called while a daemon runs.

    Raises:
        JournalError: if there is no journal, or if it cannot be read.
    """
    path = directory / JOURNAL_FILE
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=1.0)) as db:
            return tuple(str(row[0]) for row in db.execute("SELECT run_id FROM runs ORDER BY number"))
    except (sqlite3.Error, *UNREADABLE) as bad:
        raise JournalError(f"{path} cannot be read: {bad}") from bad


def _base36(number: int) -> str:
    if number < 0:
        raise ValueError(f"{number} is negative")
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits or "0"
