"""The journal gives back what was saved, whatever ended the process, and never a sequence number twice."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import threading

import msgspec
import pytest

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import DAY, HOUR, MINUTE, SECOND
from mmbot.domain.wager_states import State
from mmbot.engine.orders import LostDay, Save, SaveDay, SavedMatches, SaveSettlement, SaveWager
from mmbot.engine.records import SaveCompared
from mmbot.store import schema
from mmbot.store.journal import FIRST_BLOCK, JOURNAL_FILE, KEPT_FOR, Journal, JournalError

NOW = 1_800_000_000 * SECOND


def wager(number=1, **changes):
    made = SaveWager(
        external_id=f"1abc-0-{number}",
        wager_id=f"partner_{number}",
        line=LineKey(10, 219, -26),
        side=1,
        line_id="b" * 32,
        odds=-117,
        stake=5_000,
        state="open",
        matched=1_250,
        win=1_068,
        result="tbd",
        hedge=False,
        sent_at=NOW - SECOND,
        sequence=NOW,
    )
    return msgspec.structs.replace(made, **changes)


def reopened(directory, now=NOW):
    with contextlib.closing(Journal(directory)) as journal:
        return journal.load(now)


def saved(directory, *records, now=NOW):
    journal = Journal(directory)
    journal.begin(now, "abc")
    journal.start()
    for record in records:
        journal.save(Save((record,)))
    assert journal.close()
    return reopened(directory, now)


def test_every_field_comes_back(tmp_path):
    one = wager(
        hedge=True,
        wager_id=None,
        placed=6_000,
        matches=SavedMatches(1_250, 1_000, True, ((0, 1_000, 850, 855), (1_000, 1_250, 213, 213))),
        foreign=True,
        uncounted=True,
        accepted_at=NOW - 5,
        opened_at=NOW - 4,
        cancel_sent_at=NOW - 3,
        cancel_accepted_at=NOW - 2,
        cancel_tries=2,
        heard_at=NOW - 1,
        over_at=NOW,
    )
    fresh = wager(0)
    assert all(getattr(one, name) != getattr(fresh, name) for name in one.__struct_fields__[13:] if name != "sequence")
    day = SaveDay(day=20_000, opening=-12_345, latest=678)
    settlement = SaveSettlement(sport_event=10, market=219, gross=-500, commission=0, at=NOW)
    kept = saved(tmp_path, one, day, settlement)
    assert kept.wagers == (one,)
    assert kept.day == day
    assert kept.settlements == (settlement,)


def test_the_latest_of_each_key_stands(tmp_path):
    kept = saved(
        tmp_path,
        wager(state="placing", wager_id=None),
        wager(state="open"),
        SaveDay(20_000, 1, 1),
        SaveDay(20_000, 1, 7),
        SaveSettlement(10, 219, 1, 1, NOW),
        SaveSettlement(10, 219, 2, 0, NOW),
    )
    assert kept.wagers == (wager(state="open"),)
    assert kept.day == SaveDay(20_000, 1, 7)
    assert kept.settlements == (SaveSettlement(10, 219, 2, 0, NOW),)
    lost = SaveDay(20_000, 1, -9, LostDay(NOW, 900, 500))
    assert saved(tmp_path, lost).day == lost
    assert saved(tmp_path, SaveDay(20_000, 1, -8)).day == SaveDay(20_000, 1, -8)
    again = saved(tmp_path, wager(state="canceled", matched=0))
    assert [one.state for one in again.wagers] == ["canceled"]


def test_an_unsettled_wager_is_loaded_however_old_and_a_settled_one_for_some_days(tmp_path):
    old = NOW - KEPT_FOR - DAY
    kept = saved(
        tmp_path,
        wager(1, sent_at=old, state="settled"),
        wager(2, sent_at=old, state="matched"),
        wager(3, sent_at=old, state="canceled", matched=0),
        wager(4, sent_at=old, state="canceled", matched=1),
        wager(5, sent_at=NOW - DAY, state="settled"),
        wager(8, sent_at=old, over_at=NOW - DAY, state="settled"),
        wager(6, sent_at=old, state="unknown"),
        wager(7, sent_at=old, state="cancelling"),
    )
    assert {one.external_id[-1] for one in kept.wagers} == {"2", "4", "5", "6", "7", "8"}


def test_a_wager_that_ended_without_a_match_is_loaded_for_an_hour(tmp_path):
    """Most wagers end so, and a start must not load those of days."""
    kept = saved(
        tmp_path,
        wager(1, sent_at=NOW - 2 * HOUR, state="canceled", matched=0),
        wager(2, sent_at=NOW - 2 * HOUR, over_at=NOW - HOUR + MINUTE, state="canceled", matched=0),
        wager(3, sent_at=NOW - 2 * HOUR, state="void", matched=0, matches=SavedMatches(5, 5, False, ((0, 5, 4, 4),))),
        wager(4, sent_at=NOW, state="rejected", matched=0),
    )
    assert {one.external_id[-1] for one in kept.wagers} == {"2", "3", "4"}


def test_how_far_all_wagers_are_known_and_compared_is_kept(tmp_path):
    with contextlib.closing(Journal(tmp_path)) as journal:
        journal.begin(NOW, "abc")
        journal.start()
        journal.touch(NOW - HOUR, known=True)
        journal.touch(NOW - MINUTE)  # alive, but it was clearing or reading: it may not know everything
        journal.save(Save((SaveCompared(NOW - 2 * HOUR),)))
    kept = reopened(tmp_path)
    assert (kept.since, kept.known_to, kept.compared_to) == (NOW - MINUTE, NOW - HOUR, NOW - 2 * HOUR)


def test_a_daemon_that_runs_for_long_forgets_what_becomes_too_old_meanwhile(tmp_path):
    with contextlib.closing(Journal(tmp_path)) as journal:
        journal.begin(NOW, "abc", keep=30 * DAY)
        journal.start()
        journal.save(Save((wager(1, sent_at=NOW, state="settled"), wager(2, sent_at=NOW, state="matched"))))
        for days, left in ((29, ["1", "2"]), (31, ["2"])):
            journal.touch(NOW + days * DAY)
            for _ in range(2):  # what is written first makes it look, before it writes again
                reserved = threading.Event()
                journal.reserve(days, reserved.set)
                assert reserved.wait(5)
            assert ids_in(tmp_path) == left


def ids_in(directory):
    with contextlib.closing(sqlite3.connect(directory / JOURNAL_FILE)) as journal:
        return [row[0][-1] for row in journal.execute("SELECT external_id FROM wagers ORDER BY 1")]


def test_each_run_has_an_id_of_its_own_made_of_letters_and_digits(tmp_path):
    ids = []
    for _ in range(40):
        with contextlib.closing(Journal(tmp_path)) as journal:
            ids.append(journal.begin(NOW, "xyz"))
    assert len({run.run_id for run in ids}) == 40
    assert all(run.run_id.isalnum() and run.run_id.endswith("xyz") for run in ids)
    assert all((run.next_sequence, run.end_sequence) == (1, 1 + FIRST_BLOCK) for run in ids)
    with contextlib.closing(Journal(tmp_path)) as journal:
        assert journal.run_ids() == tuple(run.run_id for run in ids)


@pytest.mark.parametrize("salt", ["", "a-b", "é1", "a b"])
def test_a_salt_that_is_not_letters_and_digits_is_rejected(tmp_path, salt):
    with contextlib.closing(Journal(tmp_path)) as journal, pytest.raises(ValueError, match="letters and digits"):
        journal.begin(NOW, salt)


def test_a_block_is_on_disk_before_it_is_reported(tmp_path):
    journal = Journal(tmp_path)
    journal.begin(NOW, "abc")
    journal.start()
    seen = []
    reported = threading.Event()

    def done():
        with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as other:
            seen.append(other.execute("SELECT reserved FROM runs").fetchone()[0])
        reported.set()

    journal.reserve(5_000, done)
    assert reported.wait(5)
    assert seen == [5_000]
    assert journal.close()


def test_what_waits_when_it_closes_is_written(tmp_path):
    kept = saved(tmp_path, *(wager(number) for number in range(3_000)))
    assert len(kept.wagers) == 3_000


def test_the_last_instant_lived_through_is_known_and_never_lies_ahead(tmp_path):
    journal = Journal(tmp_path)
    journal.start()
    journal.touch(NOW + 5 * SECOND)
    assert journal.close()
    assert reopened(tmp_path, NOW + DAY).since == NOW + 5 * SECOND
    assert reopened(tmp_path, NOW).since == NOW


def test_a_new_journal_knows_nothing(tmp_path):
    kept = reopened(tmp_path)
    assert kept == ((), None, (), 0, 0, 0)


def test_a_failing_disk_is_reported_once_and_nothing_is_lost(tmp_path):
    journal = Journal(tmp_path, lock_wait_s=0.02)
    journal.begin(NOW, "abc")
    said = []
    troubled, well, reserved = threading.Event(), threading.Event(), threading.Event()

    def trouble(text):
        said.append(text)
        (well if text is None else troubled).set()

    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # the disk does not take a write
        journal.start(trouble)
        journal.save(Save((wager(),)))
        journal.reserve(9_000, reserved.set)
        assert troubled.wait(5)
        assert not reserved.is_set()
        assert journal.backlog == 2
        other.execute("ROLLBACK")
    assert well.wait(5)
    assert reserved.wait(5)
    assert journal.close()
    assert len(said) == 2
    assert "locked" in said[0]
    assert reopened(tmp_path).wagers == (wager(),)


def test_closing_over_a_failing_disk_says_so(tmp_path):
    journal = Journal(tmp_path, lock_wait_s=0.02)
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.start()
        journal.save(Save((wager(),)))
        assert not journal.close()


CRASH = """
import os, pathlib, sys
import msgspec
sys.path.insert(0, sys.argv[2])
from test_journal import NOW, Save, wager
from mmbot.store.journal import Journal
journal = Journal(pathlib.Path(sys.argv[1]))
journal.begin(NOW, "abc")
journal.start()
number = 0
def report(number):
    os.write(1, b"%d\\n" % number)
while True:
    number += 1
    journal.save(Save((wager(number),)))
    if number % 50 == 0:
        journal.reserve(10_000 + number, lambda number=number: report(number))
    while journal.backlog > 500:
        pass
"""


def test_what_was_reported_durable_survives_a_kill_in_the_middle_of_writing(tmp_path, request):
    here = str(request.path.parent)
    process = subprocess.Popen([sys.executable, "-c", CRASH, str(tmp_path), here], stdout=subprocess.PIPE, text=True)
    reported = 0
    for line in process.stdout:
        reported = int(line)
        if reported >= 2_000:
            process.send_signal(signal.SIGKILL)
            break
    for line in process.stdout:
        reported = int(line) if line.strip().isdigit() else reported
    process.wait()
    process.stdout.close()
    kept = reopened(tmp_path)
    numbers = sorted(int(one.external_id.rpartition("-")[2]) for one in kept.wagers)
    assert numbers == list(range(1, len(numbers) + 1))  # a beginning without holes
    assert len(numbers) >= reported  # saved before the block, so durable with it
    with contextlib.closing(Journal(tmp_path)) as journal:
        assert journal.begin(NOW, "abc").run_id == "2abc"
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as database:
        assert database.execute("SELECT max(reserved) FROM runs WHERE number = 1").fetchone()[0] >= 10_000 + reported


def test_a_damaged_file_is_rejected_with_its_name(tmp_path):
    (tmp_path / JOURNAL_FILE).write_bytes(b"no database at all, but long enough to be looked at\n" * 100)
    with pytest.raises(JournalError, match=JOURNAL_FILE):
        Journal(tmp_path)


def test_a_file_with_a_torn_page_is_rejected(tmp_path):
    saved(tmp_path, *(wager(number) for number in range(2_000)))
    file = tmp_path / JOURNAL_FILE
    text = bytearray(file.read_bytes())
    for page in range(2, len(text) // 4096):
        text[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    file.write_bytes(text)
    with pytest.raises(JournalError, match=JOURNAL_FILE):
        Journal(tmp_path)


def test_a_file_of_an_older_version_is_brought_up_to_this_one(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as other:
        other.executescript(
            f"{schema.STEPS[0]} PRAGMA user_version = 1; PRAGMA application_id = {schema.APPLICATION_ID};"
            " INSERT INTO days (day, opening, latest) VALUES (20000, 5, 6);"
            " INSERT INTO settlements (event, market, gross, commission, at) VALUES (10, 219, -500, 0, 7);"
            " INSERT INTO wagers VALUES"
            f" ('old-1', NULL, 10, 219, -26, 1, 'a', -117, 5000, 'open', 0, 0, 'tbd', 0, {NOW - SECOND}, 0, 0);"
        )
    kept = reopened(tmp_path)
    assert kept.day == SaveDay(20_000, 5, 6)
    assert kept.settlements == (SaveSettlement(10, 219, -500, 0, 7),)
    assert [(each.external_id, each.line) for each in kept.wagers] == [("old-1", LineKey(10, 219, -26))]
    lost = SaveDay(20_000, 5, -900, LostDay(NOW, 905, 500))
    assert saved(tmp_path, lost).day == lost


def test_a_rejected_wager_of_version_2_gets_the_present_name_of_its_state(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as other:
        other.executescript(
            f"{schema.STEPS[0]} {schema.STEPS[1]}"
            f" PRAGMA user_version = 2; PRAGMA application_id = {schema.APPLICATION_ID};"
            " INSERT INTO wagers VALUES ('1abc-0-1', NULL, 10, 219, -26, 1, 'b', -117, 5000, 'refused', 0, 0, 'tbd', 0,"
            f" {NOW - SECOND}, {NOW}, 1);"
        )
    (kept,) = reopened(tmp_path).wagers
    assert kept.state == State.REJECTED


def test_a_file_of_a_newer_version_is_rejected_and_left_alone(tmp_path):
    saved(tmp_path, wager())
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as other:
        other.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(JournalError, match="newer mmbot"):
        Journal(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as other:
        assert other.execute("SELECT count(*) FROM wagers").fetchone() == (1,)


def test_somebody_elses_database_is_rejected(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as other:
        other.execute("CREATE TABLE recipes (name)")
    with pytest.raises(JournalError, match="another program"):
        Journal(tmp_path)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_dies_is_not_passed_over_in_silence(tmp_path):
    journal = Journal(tmp_path)
    died = threading.Event()
    journal.start(lambda trouble: died.set())
    journal.save(Save((wager(state=None),)))  # a bug, and no trouble of the disk
    assert died.wait(5)
    assert not journal.alive
    assert not journal.close()


def test_its_files_are_for_the_owner_alone_even_in_a_directory_of_everybody(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / JOURNAL_FILE).touch(mode=0o644)
    (tmp_path / JOURNAL_FILE).chmod(0o644)
    with contextlib.closing(Journal(tmp_path)) as journal:
        journal.begin(NOW, "abc")
        files = list(tmp_path.iterdir())
        assert len(files) > 1
        assert [file.name for file in files if file.stat().st_mode & 0o077] == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_number_beyond_64_bits_is_left_out_and_reported_and_the_others_are_written(tmp_path):
    journal = Journal(tmp_path)
    journal.begin(NOW, "abc")
    troubles = []
    journal.start(troubles.append)
    journal.save(Save((wager(1),)))
    journal.save(Save((wager(2, stake=10**18, win=10**25),)))
    journal.save(Save((SaveSettlement(sport_event=10, market=219, gross=10**30, commission=0, at=NOW),)))
    journal.save(Save((wager(3),)))
    assert journal.close()
    assert journal.alive
    assert [kept.external_id for kept in reopened(tmp_path).wagers] == ["1abc-0-1", "1abc-0-3"]
    assert troubles == ["2 records hold numbers beyond 64 bits and are left out"]


def test_too_little_free_space_is_reported_and_so_is_enough(tmp_path):
    free = [50 << 20]
    journal = Journal(tmp_path, min_free=100 << 20, free=lambda directory: free[0])
    said = []
    changed = threading.Event()

    def trouble(text):
        said.append(text)
        changed.set()

    journal.start(trouble)
    assert changed.wait(5)
    changed.clear()
    journal.save(Save((wager(),)))
    free[0] = 200 << 20
    assert changed.wait(5)
    assert journal.close()
    assert said == ["only 50 MB are free on the journal's disk (journal.min_free_mb)", None]
    assert reopened(tmp_path).wagers == (wager(),), "what is small is still written"


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_a_journal_of_every_earlier_version_is_migrated(version, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as other:
        other.executescript(
            f"{' '.join(schema.STEPS[:version])} PRAGMA user_version = {version};"
            f" PRAGMA application_id = {schema.APPLICATION_ID};"
        )
        columns = [row[1] for row in other.execute("PRAGMA table_info(wagers)")]
        values = {
            "external_id": "1abc-0-1",
            "wager_id": "w1",
            "line_id": "b",
            "state": "matched",
            "result": "tbd",
            "odds": 117,
            "stake": 50,
            "matched": 50,
            "win": 59,
            "sent_at": NOW,
        }
        row = [values.get(column, None if column == "over_at" else 0) for column in columns]
        row = [None if column == "matches" else value for column, value in zip(columns, row, strict=True)]
        other.execute(f"INSERT INTO wagers VALUES ({', '.join('?' * len(row))})", row)
        other.commit()
    (kept,) = reopened(tmp_path).wagers
    assert (kept.external_id, kept.matched, kept.win, kept.matches) == ("1abc-0-1", 50, 59, None)
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


WRONG = {
    "wagers": (
        *(
            (name, value)
            for name in ("odds", "stake", "matched", "win", "sent_at")
            for value in ("abc", b"7", 0.5, -(1 << 62))
        ),
        ("odds", 0),
        ("side", 2),
        ("state", "resting"),
        ("result", "maybe"),
        ("line_id", b"\xff"),
        ("external_id", b"x"),
        ("matches", b"{}"),
        ("matches", "[" * 30_000),
        ("matches", '{"total":5,"detailed":0,"disputed":false,"pieces":[[0,4,1,1],[3,5,1,1]]}'),
    ),
    "days": (("opening", "abc"), ("latest", b"7"), ("lost_at", 0.5)),
    "last_instant": (("at", "abc"), ("at", -1)),
    "settlements": (("gross", "abc"), ("at", b"7")),
}


@pytest.mark.parametrize(
    ("table", "column", "value"), [(table, *each) for table, wrong in WRONG.items() for each in wrong]
)
def test_a_value_of_the_wrong_kind_is_rejected_with_the_file(table, column, value, tmp_path):
    saved(tmp_path, wager(), SaveDay(20_000, 1, 2, LostDay(NOW, 3, 4)), SaveSettlement(10, 219, 1, 2, NOW))
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as db:
        db.execute(schema.SAVE_INSTANT, (NOW,))
        db.execute(f"UPDATE {table} SET {column} = ?", (value,))
        db.commit()
    with pytest.raises(JournalError, match=f"{JOURNAL_FILE} cannot be read: .*Move it away"):
        reopened(tmp_path)


@pytest.mark.parametrize("number", [(1 << 63) - 1, -5])
def test_a_journal_with_an_impossible_count_of_runs_is_rejected(number, tmp_path):
    saved(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as db:
        db.execute("UPDATE runs SET number = ?", (number,))
        db.commit()
    with (
        contextlib.closing(Journal(tmp_path)) as journal,
        pytest.raises(JournalError, match="impossible count of runs"),
    ):
        journal.begin(NOW, "abc")
