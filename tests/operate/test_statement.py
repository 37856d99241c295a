"""The statement of an evening: its parts, their sums, and the comparison with the exchange's transactions."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from engine_scene import LINE, OTHER, START, Scene
from journalled import Journalled, played

from mmbot.domain.instant import DAY, HOUR, SECOND, Instant, iso
from mmbot.operate.commands import DIFFERS, DONE, FAILED, show_statement
from mmbot.operate.days import DaysError, day_of, days_between, zone_of
from mmbot.operate.reconcile import Reconciliation, reconcile
from mmbot.operate.statement import Figures, Statement, statement
from mmbot.simulator.judge.verdict import RefereeReport
from mmbot.store.journal import JOURNAL_FILE
from mmbot.store.reading import reading

EVENING = [("the evening", START - HOUR, START + DAY)]


def read(directory: Path, now: Instant = START + DAY) -> tuple[Statement, Reconciliation]:
    with reading(directory) as journal:
        return statement(journal, EVENING, now), reconcile(journal, EVENING[0][1], EVENING[0][2])


def change(directory: Path, query: str) -> None:
    """Change the journal behind mmbot's back."""
    with contextlib.closing(sqlite3.connect(directory / JOURNAL_FILE)) as journal:
        journal.execute(query)
        journal.commit()


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RefereeReport]:
    directory = tmp_path_factory.mktemp("evening")
    scene = played(directory)
    return directory, scene.referee.report(scene.now)


def copy_of(evening: tuple[Path, RefereeReport], directory: Path) -> Path:
    with (
        contextlib.closing(sqlite3.connect(evening[0] / JOURNAL_FILE)) as source,
        contextlib.closing(sqlite3.connect(directory / JOURNAL_FILE)) as target,
    ):
        source.backup(target)
    return directory


def test_the_statement_equals_the_exchange_s_own_figures(evening: tuple[Path, RefereeReport]) -> None:
    made, compared = read(evening[0])
    report = evening[1]
    total = made.total
    assert total.realised == report.profit.gross != 0
    assert (total.commission, total.marked) == (report.profit.commission, 0)
    assert total.profit == report.profit.net
    assert total.matched == sum(outcome.stake for outcome in report.matched)
    assert total.makers == total.matches > 5
    assert (made.open_stake, made.marked_at_end) == (0, 0)
    assert compared.wagers > 3
    assert compared.differences == ()
    assert compared.ours == compared.theirs == report.profit.net


def test_each_grouping_adds_up_to_the_total(evening: tuple[Path, RefereeReport]) -> None:
    made, _ = read(evening[0])
    assert set(made.by) == {"strategy", "market_type", "tournament", "sport_event", "day"}
    for groups in made.by.values():
        total = Figures()
        for figures in groups.values():
            total = total.plus(figures)
        assert total == made.total
    assert list(made.by["strategy"]) == ["tests:Fixed"]
    assert list(made.by["market_type"]) == ["moneyline"]
    assert list(made.by["tournament"]) == ["NBA"]
    assert list(made.by["sport_event"]) == ["Away 1 @ Home 1"]


def test_a_difference_of_a_cent_is_named(evening: tuple[Path, RefereeReport], tmp_path: Path) -> None:
    directory = copy_of(evening, tmp_path)
    change(directory, "UPDATE results SET profit = profit + 1 WHERE id = (SELECT min(id) FROM results)")
    _, compared = read(directory)
    (found,) = compared.differences
    assert found.about.startswith("wager r1-q0-")
    assert found.ours is not None
    assert found.theirs == found.ours - 1


def test_a_missing_payment_and_a_strange_one_are_named(evening: tuple[Path, RefereeReport], tmp_path: Path) -> None:
    directory = copy_of(evening, tmp_path)
    change(directory, "DELETE FROM transactions WHERE key = (SELECT key FROM transactions WHERE type = 'PAY' LIMIT 1)")
    change(directory, "DELETE FROM transactions WHERE type = 'COMMISSION'")
    change(
        directory,
        f"INSERT INTO transactions VALUES ('x', {START}, 'BET', 'BET', -500, NULL, 1, 219, 'w-elsewhere', '')",
    )
    _, compared = read(directory)
    assert len(compared.differences) == 3
    assert compared.differences[1].about == "commission of Away 1 @ Home 1, Moneyline"
    assert compared.differences[2].about == "transaction BET of unknown wager w-elsewhere"
    assert compared.differences[2].theirs == -500


def test_what_is_not_settled_is_marked_at_the_last_fair_price(tmp_path: Path) -> None:
    memory = Journalled(tmp_path)
    scene = Scene(lines=(LINE, OTHER), memory=memory).quoted()
    scene.take(0, 5_000)
    scene.go(90 * SECOND)
    assert memory.journal.close()
    made, compared = read(tmp_path, scene.now)
    profit = scene.status().profit
    assert (made.total.realised, made.open_stake) == (0, scene.status().locked)
    assert made.total.marked == made.marked_at_end == profit.marked != 0
    assert made.unvalued == 0
    assert made.total.closing_stake == 0, "the sport event has not started"
    assert compared.wagers == 0
    later, _ = read(tmp_path, scene.starts)
    assert later.total.closing_stake == scene.status().locked
    assert later.total.closing == profit.marked, "the closing line is the last fair price before the start"


def test_the_command_prints_the_statement_and_says_if_it_agrees(
    evening: tuple[Path, RefereeReport], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = iso(START)[:10]
    assert show_statement(evening[0], "UTC", day, None, START + DAY) == DONE
    shown = capsys.readouterr().out
    assert f"statement of {day} (UTC)" in shown
    assert "they agree to the cent" in shown
    directory = copy_of(evening, tmp_path)
    change(directory, "DELETE FROM transactions WHERE type = 'COMMISSION'")
    assert show_statement(directory, "UTC", day, None, START + DAY) == DIFFERS
    assert "commission of Away 1 @ Home 1, Moneyline" in capsys.readouterr().out
    assert show_statement(directory, "UTC", day, day, START + DAY, as_json=True) == DIFFERS
    assert len(json.loads(capsys.readouterr().out)["transactions"]["differences"]) == 1
    assert show_statement(directory, "Mars/Olympus", day, None, START) == FAILED
    assert "there is no time zone" in capsys.readouterr().err


def test_a_day_has_the_hours_of_its_time_zone() -> None:
    zone = zone_of("America/New_York")
    now = START
    days = days_between(day_of("2026-10-31", zone, now), day_of("2026-11-02", zone, now), zone)
    assert [(name, (end - begin) // HOUR) for name, begin, end in days] == [
        ("2026-10-31", 24),
        ("2026-11-01", 25),
        ("2026-11-02", 24),
    ]
    for bad in ("2026-13-01", "soon", ""):
        with pytest.raises(DaysError, match="is not a day"):
            day_of(bad, zone, now)
    with pytest.raises(DaysError, match="before it begins"):
        days_between(day_of("2026-11-02", zone, now), day_of("2026-11-01", zone, now), zone)


@pytest.mark.parametrize(
    "wrong",
    [
        "results SET profit = 'abc'",
        "results SET commission = x'07'",
        "matches SET stake = 'abc'",
        "matches SET win = 1e300",
        "matches SET taker = x'01'",
        "sport_events SET scheduled = 'abc'",
        "sport_events SET name = x'ff'",
        "fairs SET fair = 1e300",
        "transactions SET change = 'abc'",
    ],
)
def test_a_value_of_the_wrong_kind_is_a_clear_error(
    wrong: str, evening: tuple[Path, RefereeReport], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = copy_of(evening, tmp_path)
    change(directory, f"UPDATE {wrong}")
    assert show_statement(directory, "UTC", iso(START)[:10], None, START + DAY) == FAILED
    told = capsys.readouterr().err
    assert told.startswith(f"mmbot: {directory / JOURNAL_FILE} cannot be read: ")
