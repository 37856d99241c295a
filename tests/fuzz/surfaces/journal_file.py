"""The journal: the file that a run opens, and that ``mmbot journal`` and ``mmbot statement`` read."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import tempfile
from pathlib import Path
from random import Random

import msgspec
from engine_scene import Fixed, settings
from journalled import played
from mutations import edited

from mmbot.domain.instant import SECOND
from mmbot.engine.engine import Engine
from mmbot.engine.orders import Seed
from mmbot.operate.commands import Listing, journal, show_statement
from mmbot.operate.tables import TABLES
from mmbot.store.journal import JOURNAL_FILE, Journal, JournalError, run_ids_of
from surfaces import Surface

_NOW = 1_800_003_600 * SECOND
_DAY = "2027-01-15"
_VALUES = (
    None, 0, 1, -1, 7, 1 << 40, (1 << 63) - 1, -(1 << 63), 1e300, 0.5, float("inf"), "", "7", "abc", "x" * 10_000,
    "[1,2]", "[" * 30_000, '{"total":1,"detailed":2,"disputed":false,"pieces":[[0,1,2,3]]}', b"", b"\xff\xfe", b"7",
)  # fmt: skip


def check(data: bytes) -> None:
    """Use a file as the journal. It is rejected with its name, or a run and the commands can use it."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / JOURNAL_FILE).write_bytes(data)
        for table in TABLES:
            _command(lambda table=table: journal(directory, "UTC", _listing(table), _NOW))
        _command(lambda: journal(directory, "UTC", _listing("wagers", csv=directory / "out.csv"), _NOW))
        _command(lambda: journal(directory, "UTC", _listing("wagers", backup=directory / "copy"), _NOW))
        _command(lambda: show_statement(directory, "UTC", _DAY, None, _NOW))
        _command(lambda: show_statement(directory, "UTC", _DAY, _DAY, _NOW, as_json=True))
        _run(directory)


def _command(command: object) -> None:
    out, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        code = command()  # type: ignore[operator]
    assert code in (0, 1, 2), code
    assert code != 2 or JOURNAL_FILE in told.getvalue(), told.getvalue()
    out.getvalue().encode()
    told.getvalue().encode()


def _listing(table: str, csv: Path | None = None, backup: Path | None = None) -> Listing:
    return Listing(table, None, None, "", "", "", "", 1_000, csv, None, backup)


def _run(directory: Path) -> None:
    try:
        run_ids_of(directory)
        opened = Journal(directory)
    except JournalError as bad:
        assert str(directory / JOURNAL_FILE) in str(bad), bad
        return
    try:
        begun = opened.begin(_NOW, "abc")
        kept = opened.load(_NOW)
        runs = opened.run_ids()
    except JournalError as bad:
        assert str(directory / JOURNAL_FILE) in str(bad), bad
        return
    finally:
        opened.close()
    saved = {name: getattr(kept, name) for name in ("wagers", "day", "settlements", "since")}
    seed = Seed(begun.run_id, begun.next_sequence, begun.end_sequence, None, runs=runs, **saved)
    engine = Engine(settings(), seed, (Fixed(),), _NOW)
    for second in range(3):
        while engine.next_request(_NOW + second * SECOND) is not None:
            engine.orders()
    msgspec.json.encode(engine.status(_NOW + 3 * SECOND))


def _edit(data: bytes, number: int) -> bytes:
    """Edit a journal. Most edits change a value of a row, which SQLite allows whatever the column is made for."""
    pick = Random(number)
    if pick.random() < 0.25:
        return edited(data, number)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "journal"
        file.write_bytes(data)
        with contextlib.closing(sqlite3.connect(file)) as db:
            try:
                names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                table = pick.choice(names)
                columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                column = pick.choice(columns)
                db.execute("PRAGMA ignore_check_constraints = ON")
                where = pick.choice(("1", f"{column} = (SELECT min({column}) FROM {table})"))
                db.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {where}", (pick.choice(_VALUES),))
                db.commit()
            except (sqlite3.Error, IndexError, UnicodeError):
                return edited(data, number)
        return file.read_bytes()


def _seeds() -> tuple[bytes, ...]:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        played(directory)
        with contextlib.closing(sqlite3.connect(directory / JOURNAL_FILE)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("PRAGMA journal_mode = DELETE")
            another = Path(folder) / "another"
            with contextlib.closing(sqlite3.connect(another)) as other:
                other.execute("CREATE TABLE wagers (external_id TEXT)")
                other.commit()
        return ((directory / JOURNAL_FILE).read_bytes(), another.read_bytes(), b"")


SURFACE = Surface("journal", _seeds(), check, edit=_edit)
