"""``mmbot journal``: what it lists, its filters, CSV and Parquet, and a backup while a daemon writes."""

from __future__ import annotations

import contextlib
import csv
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from engine_scene import START
from journalled import played

from mmbot.domain.instant import DAY, SECOND
from mmbot.engine.orders import Save, SaveSettlement
from mmbot.operate.commands import DONE, FAILED, Listing, journal
from mmbot.operate.tables import TABLES, Filter, rows_of
from mmbot.store import schema
from mmbot.store.journal import JOURNAL_FILE, Journal, JournalError
from mmbot.store.reading import backup, reading


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("journal")
    played(made)
    return made


def listing(table: str = "matches", **changes: object) -> Listing:
    plain = Listing(table, None, None, "", "", "", "", None, None, None, None)
    return plain._replace(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("table", list(TABLES))
def test_every_table_is_listed_with_its_names(table: str, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert journal(directory, "UTC", listing(table), START) == DONE
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == [column.removeprefix("$") for column in TABLES[table].columns]
    assert rows
    assert any("Away 1 @ Home 1" in row and "Moneyline" in row for row in rows)


def test_filters_choose_rows(directory: Path) -> None:
    with reading(directory) as opened:
        every = list(rows_of(opened, "matches", Filter()))
        assert list(rows_of(opened, "matches", Filter(limit=2))) == every[-2:]
        assert list(rows_of(opened, "matches", Filter(sport_event="home 1", market="money"))) == every
        assert list(rows_of(opened, "matches", Filter(strategy="another"))) == []
        assert list(rows_of(opened, "matches", Filter(external_id=str(every[0][1])))) != []
        assert list(rows_of(opened, "matches", Filter(until=START))) == []
        assert list(rows_of(opened, "matches", Filter(since=START, until=START + DAY))) == every


def test_a_csv_file_holds_every_match(directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "matches.csv"
    assert journal(directory, "UTC", listing(csv=file), START) == DONE
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert f"{len(rows)} rows of matches written" in capsys.readouterr().out
    assert all(row["side"] == "maker" and float(row["stake"]) > 0 and row["odds"] == "105" for row in rows)
    assert journal(directory, "UTC", listing(csv=tmp_path / "no" / "such.csv"), START) == FAILED


def test_a_parquet_file_holds_every_match(directory: Path, tmp_path: Path) -> None:
    polars = pytest.importorskip("polars", reason="needs mmbot[research]")
    file = tmp_path / "matches.parquet"
    assert journal(directory, "UTC", listing(parquet=file), START) == DONE
    frame = polars.read_parquet(file)
    assert frame.columns == [column.removeprefix("$") for column in TABLES["matches"].columns]
    assert frame["stake"].sum() > 0


def test_a_backup_is_one_consistent_state_while_a_daemon_writes(tmp_path: Path) -> None:
    writing = Journal(tmp_path)
    writing.begin(START, "abc")
    writing.start()
    for number in range(3_000):
        writing.save(Save((SaveSettlement(1, number, 5, 0, 7), SaveSettlement(2, number, -5, 0, 7))))
        if number == 1_500:
            backup(tmp_path, tmp_path / "copy.sqlite")
    assert writing.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT coalesce(sum(gross), 0) FROM settlements").fetchone() == (0,), "no half change"
    assert stat.S_IMODE((tmp_path / "copy.sqlite").stat().st_mode) == 0o600
    with pytest.raises(JournalError, match="Nothing was copied"):
        backup(tmp_path, tmp_path / "copy.sqlite")


@pytest.mark.parametrize(
    ("version", "said"), [(schema.VERSION + 1, "newer mmbot"), (schema.VERSION - 1, "migrates it")]
)
def test_a_journal_of_another_version_is_rejected(version: int, said: str, tmp_path: Path) -> None:
    Journal(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as other:
        other.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(JournalError, match=said), reading(tmp_path):
        pass


def test_a_missing_journal_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert journal(tmp_path, "UTC", listing(), 5 * SECOND) == FAILED
    assert "there is no journal" in capsys.readouterr().err


def test_a_csv_file_is_utf_8_whatever_the_locale(directory: Path, tmp_path: Path) -> None:
    copied = tmp_path / "state"
    copied.mkdir()
    (copied / JOURNAL_FILE).write_bytes((directory / JOURNAL_FILE).read_bytes())
    with contextlib.closing(sqlite3.connect(copied / JOURNAL_FILE)) as db:
        db.execute("UPDATE sport_events SET name = 'Šibenik @ Łódź'")
        db.commit()
    file = tmp_path / "out.csv"
    program = (
        "from pathlib import Path; from mmbot.operate.commands import Listing, journal; import sys;"
        "made = Listing('wagers', None, None, '', '', '', '', None, Path(sys.argv[2]), None, None);"
        "sys.exit(journal(Path(sys.argv[1]), 'UTC', made, 0))"
    )
    ascii_only = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", program, str(copied), str(file)], env=ascii_only, check=True)
    assert "Šibenik @ Łódź" in file.read_bytes().decode()
