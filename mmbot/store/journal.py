"""The journal: the records that mmbot needs after a restart, in SQLite. A thread writes them, so trading never waits.

The id of a run and its sequence numbers are on disk before they are used. Wagers, days and settlements are written some
milliseconds later, many in one commit. If a crash loses the latest wagers, the exchange's history still has them.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from mmbot.domain.bounds import LARGEST_ID
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import DAY, Duration, Instant
from mmbot.engine.orders import LostDay, SaveDay, SaveSettlement, SaveWager
from mmbot.store import schema

JOURNAL_FILE: Final = "journal.sqlite"

KEPT_FOR: Final[Duration] = 3 * DAY
"""A finished wager is loaded if it was sent at most this long before the last run ended: its result may be corrected.
"""

FIRST_BLOCK: Final = 1_000
"""How many sequence numbers are reserved for a run at its start."""

_GATHER_S: Final = 0.05  # records gather for this long before one commit writes them
_RETRY_S: Final = 1.0
_OVER: Final = frozenset({"settled", "closed", "manual", "void", "wiped", "rejected", "absent", "invalid"})
_BASE36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"

_NO_SIDE: Final = -1
"""Value in the column ``side`` if the line of a wager is not known. Then the column ``number`` has no meaning."""

Saved = SaveWager | SaveDay | SaveSettlement


class JournalError(Exception):
    """Raised if the journal cannot be opened or read. The message names the file and says what to do."""


class Run(NamedTuple):
    """A run that is recorded on disk. It may use sequence numbers from ``next_sequence`` to ``end_sequence - 1``."""

    run_id: str
    next_sequence: int
    end_sequence: int


class Kept(NamedTuple):
    """Records of earlier runs."""

    wagers: tuple[SaveWager, ...]
    """All unsettled wagers, and all finished wagers of the last days (``KEPT_FOR``); oldest first."""
    day: SaveDay | None
    """Record of the latest day."""
    settlements: tuple[SaveSettlement, ...]
    since: Instant
    """Last instant at which a run is known to have been alive; 0 if there was no run."""


class _Reserve(NamedTuple):
    end: int
    done: Callable[[], None]


class _Touch(NamedTuple):
    at: Instant


def _quiet(_trouble: str | None) -> None:
    return None


class Journal:
    """The journal of one state directory. Call ``begin`` and ``load`` before ``start``, from one thread."""

    def __init__(self, directory: Path, *, lock_wait_s: float = 5.0) -> None:
        """Open or create the journal. ``lock_wait_s``: longest wait, in seconds, for a process that locks the file.

        Raises:
            JournalError: if the file is damaged, is not a journal, or was written by a newer version.
        """
        self.path = directory / JOURNAL_FILE
        self._pending: deque[Saved | _Reserve | _Touch] = deque()
        self._batch: list[Saved | _Reserve | _Touch] = []
        self._urgent = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._trouble: Callable[[str | None], None] = _quiet
        self._troubled = False
        self._run_number = 0
        self.alive = True
        """False once the writer thread has died, so that nothing more is written."""
        try:
            _close_to_others(self.path)
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=lock_wait_s)
            self._open()
        except (sqlite3.Error, OSError) as bad:
            text = f"{self.path} cannot be used as the journal: {bad}. Move it away to start a new one"
            raise JournalError(text) from bad

    def begin(self, now: Instant, salt: str) -> Run:
        """Record a new run on disk.

        Args:
            now: the present.
            salt: a few random letters or digits. They keep the run id unique on the account even if the state directory
                was lost and the count of runs starts again.
        """
        if not salt.isalnum() or not salt.isascii():
            raise ValueError(f"{salt!r}: a run id consists of letters and digits")
        try:
            self._db.execute("BEGIN IMMEDIATE")
            (number,) = self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM runs").fetchone()
            run_id = f"{_base36(number)}{salt}"
            end = 1 + FIRST_BLOCK
            self._db.execute("INSERT INTO runs VALUES (?, ?, ?, ?)", (number, run_id, now, end))
            self._db.execute("COMMIT")
        except sqlite3.Error as bad:
            raise JournalError(f"{self.path} cannot be written: {bad}") from bad
        self._run_number = number
        return Run(run_id, 1, end)

    def load(self, now: Instant) -> Kept:
        """Return the records of earlier runs, as of ``now``.

        Raises:
            JournalError: if a row cannot be read.
        """
        try:
            day = self._db.execute(schema.LOAD_DAY).fetchone()
            settlements = self._db.execute(
                "SELECT sport_event, market, gross, commission, at FROM settlements ORDER BY at"
            )
            settled = tuple(SaveSettlement(*row) for row in settlements)
            since = self._db.execute("SELECT at FROM last_instant").fetchone()
            kept_from = (min(now, since[0]) if since else now) - KEPT_FOR
            wagers = tuple(_wager(row) for row in self._db.execute(schema.LOAD_WAGERS, (kept_from,)))
        except sqlite3.Error as bad:
            raise JournalError(f"{self.path} cannot be read: {bad}. Move it away to start a new one") from bad
        last = max([since[0] if since else 0, *(wager.sent_at for wager in wagers)])
        return Kept(wagers, _day(day) if day else None, settled, min(last, now))

    def run_ids(self) -> tuple[str, ...]:
        """Return the ids of all runs.

        Raises:
            JournalError: if they cannot be read.
        """
        try:
            return tuple(row[0] for row in self._db.execute("SELECT run_id FROM runs ORDER BY number"))
        except sqlite3.Error as bad:
            raise JournalError(f"{self.path} cannot be read: {bad}") from bad

    def start(self, trouble: Callable[[str | None], None] = _quiet) -> None:
        """Start the writer thread.

        Args:
            trouble: called from the writer thread, with a message when writing begins to fail, and with None when it
                works again. It is also called with a message if the thread dies; then ``alive`` is False. Records that
                could not be written are kept, and tried again every second.
        """
        self._trouble = trouble
        self._thread = threading.Thread(target=self._write_behind, name="journal", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Number of records that wait to be written."""
        return len(self._pending) + len(self._batch)

    def save(self, what: Saved) -> None:
        """Queue a record for writing. A later record with the same key replaces it. The call never waits."""
        self._pending.append(what)

    def touch(self, now: Instant) -> None:
        """Queue a record that the run was alive at ``now``. The next run needs this to know how far back to read the
        exchange's history."""
        self._pending.append(_Touch(now))

    def reserve(self, end: int, done: Callable[[], None]) -> None:
        """Reserve the sequence numbers below ``end`` on disk. The writer thread then calls ``done``."""
        self._pending.append(_Reserve(end, done))
        self._urgent.set()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Write all queued records and close. Return False if that failed or took longer than ``timeout_s``."""
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
                if not self._write_once() and self._closing:
                    break
            finished = True
        finally:
            if not finished:
                self.alive = False
                self._trouble("the writer died")

    def _write_once(self) -> bool:
        for _ in range(len(self._pending)):
            self._batch.append(self._pending.popleft())
        if not self._batch:
            return True
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._put(self._batch)
            self._db.execute("COMMIT")
        except OverflowError:  # a number of more than 64 bits, which no later try can write
            self._db.rollback()
            kept = [item for item in self._batch if _fits(item)]
            self._trouble(f"{len(self._batch) - len(kept)} records hold numbers beyond 64 bits and are left out")
            self._batch = kept
            return self._write_once()
        except sqlite3.Error as bad:
            if self._db.in_transaction:
                self._db.rollback()
            if not self._troubled:
                self._trouble(str(bad))
            self._troubled = True
            return False
        if self._troubled:
            self._troubled = False
            self._trouble(None)
        written, self._batch = self._batch, []
        for item in written:
            if isinstance(item, _Reserve):
                item.done()
        return True

    def _put(self, batch: Iterable[Saved | _Reserve | _Touch]) -> None:
        wagers: dict[str, SaveWager] = {}
        days: dict[int, SaveDay] = {}
        settlements: dict[tuple[int, int], SaveSettlement] = {}
        reserved = at = 0
        for item in batch:
            match item:
                case SaveWager():
                    wagers[item.external_id] = item
                case SaveDay():
                    days[item.day] = item
                case SaveSettlement():
                    settlements[item.sport_event, item.market] = item
                case _Reserve():
                    reserved = max(reserved, item.end)
                case _Touch():
                    at = max(at, item.at)
        self._db.executemany(schema.SAVE_WAGER, map(_row, wagers.values()))
        self._db.executemany(schema.SAVE_DAY, map(_day_row, days.values()))
        self._db.executemany(
            schema.SAVE_SETTLEMENT,
            ((s.sport_event, s.market, s.gross, s.commission, s.at) for s in settlements.values()),
        )
        if reserved:
            self._db.execute(
                "UPDATE runs SET reserved = max(reserved, ?) WHERE number = ?", (reserved, self._run_number)
            )
        if at:
            self._db.execute(schema.SAVE_INSTANT, (at,))

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


def _close_to_others(path: Path) -> None:
    """Make the journal's file, if there is none, and let only its owner read it and the files that SQLite adds.

    Raises:
        OSError: if the path leads to something else than a regular file, or the file cannot be made.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError("it is not a regular file")
        os.fchmod(file, 0o600)
    finally:
        os.close(file)
    for added in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + added).chmod(0o600)


def run_ids_of(directory: Path) -> tuple[str, ...]:
    """Return the ids of all runs of a state directory. Nothing is checked, migrated or created, so this is quick, and
    works while a daemon runs.

    Raises:
        JournalError: if there is no journal, or it cannot be read.
    """
    path = directory / JOURNAL_FILE
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=1.0)) as db:
            return tuple(str(row[0]) for row in db.execute("SELECT run_id FROM runs ORDER BY number"))
    except sqlite3.Error as bad:
        raise JournalError(f"{path} cannot be read: {bad}") from bad


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits or "0"


def _fits(item: Saved | _Reserve | _Touch) -> bool:
    """Return True if SQLite can hold every number of a record."""
    match item:
        case SaveWager():
            row: Iterable[object] = _row(item)
        case SaveDay():
            row = _day_row(item)
        case SaveSettlement():
            row = (item.sport_event, item.market, item.gross, item.commission, item.at)
        case _Reserve():
            row = (item.end,)
        case _Touch():
            row = (item.at,)
    return all(not isinstance(number, int) or abs(number) <= LARGEST_ID for number in row)


def _row(wager: SaveWager) -> tuple[str | int | None, ...]:
    return (
        wager.external_id,
        wager.wager_id,
        *_place(wager),
        wager.line_id,
        wager.odds,
        wager.stake,
        wager.state,
        wager.matched,
        wager.win,
        wager.result,
        int(wager.hedge),
        wager.sent_at,
        wager.sequence,
        int(_is_over(wager)),
    )


def _place(wager: SaveWager) -> tuple[int, int, int, int]:
    """Return the columns sport_event, market, number and side. None of these columns may be NULL."""
    if isinstance(wager.line, LineKey) and wager.side is not None:
        return (*wager.line, wager.side)
    return wager.line.sport_event, wager.line.market, 0, _NO_SIDE


def _is_over(wager: SaveWager) -> bool:
    state = wager.state.lower()
    return state in _OVER or (state == "canceled" and not wager.matched)


def _day_row(day: SaveDay) -> tuple[int | None, ...]:
    lost = (None, None, None) if day.lost is None else (day.lost.at, day.lost.loss, day.lost.limit)
    return (day.day, day.opening, day.latest, *lost)


def _day(row: Sequence[Any]) -> SaveDay:
    day, opening, latest, lost_at, loss, limit = row
    return SaveDay(day, opening, latest, None if lost_at is None else LostDay(lost_at, loss, limit))


def _wager(row: Sequence[Any]) -> SaveWager:
    external_id, wager_id, sport_event, market, number, side, line_id, odds, stake, state, matched, win, *rest = row
    result, hedge, sent_at, sequence = rest
    return SaveWager(
        external_id=external_id,
        wager_id=wager_id,
        line=MarketKey(sport_event, market) if side == _NO_SIDE else LineKey(sport_event, market, number),
        side=None if side == _NO_SIDE else side,
        line_id=line_id,
        odds=odds,
        stake=stake,
        state=state,
        matched=matched,
        win=win,
        result=result,
        hedge=bool(hedge),
        sent_at=sent_at,
        sequence=sequence,
    )
