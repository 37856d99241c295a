"""The journal keeps names, the decision behind each placement, each match, each result and each transaction."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from engine_scene import LINE
from journalled import Journalled, played

from mmbot.domain.catalogue import Market, MarketKey, SportEvent
from mmbot.domain.instant import DAY, MINUTE
from mmbot.engine.orders import Save
from mmbot.engine.records import SaveDecision, SaveFair, SaveMatch, SaveNames, SaveResult
from mmbot.engine.requests import Placement
from mmbot.store.entries import MOST_NAMES, Entries
from mmbot.store.journal import JOURNAL_FILE, Journal


def rows(directory: Path, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(directory / JOURNAL_FILE)) as database:
        return database.execute(query).fetchall()


def test_the_tables_of_an_evening_agree_with_the_exchange(tmp_path: Path) -> None:
    scene = played(tmp_path)
    report = scene.referee.report(scene.now)
    assert rows(tmp_path, "SELECT name, tournament_name, sport FROM sport_events") == [
        ("Away 1 @ Home 1", "NBA", "Basketball")
    ]
    assert rows(tmp_path, "SELECT name, type FROM markets") == [("Moneyline", "moneyline")]
    assert rows(tmp_path, "SELECT side, name FROM outcomes ORDER BY side") == [(0, "outcome 0"), (1, "outcome 1")]
    ((placed,),) = rows(tmp_path, "SELECT count(*) FROM decisions")
    assert placed == len(scene.placements())
    fair, best, strategy, hedge = rows(
        tmp_path, "SELECT fair, best_odds_0, strategy, hedge FROM decisions ORDER BY at LIMIT 1"
    )[0]
    assert (fair, best, strategy, hedge) == (0.5, -110, "tests:Fixed", 0)
    matches = rows(tmp_path, "SELECT sum(stake), sum(taker), count(odds) FROM matches")
    assert matches == [(sum(outcome.stake for outcome in report.matched), 0, sum(o.matches for o in report.matched))]
    assert rows(tmp_path, "SELECT sum(profit), sum(commission) FROM results") == [
        (report.profit.gross, report.profit.commission)
    ]
    assert rows(tmp_path, "SELECT sum(change) FROM transactions WHERE type NOT IN ('DEPOSIT')") == [
        (report.profit.net,)
    ]
    assert rows(tmp_path, "SELECT count(*) FROM fairs WHERE market = 219") != [(0,)]
    assert scene.line(LINE).profit == (0, 0)


def test_transactions_that_are_read_twice_are_kept_once(tmp_path: Path) -> None:
    scene = played(tmp_path)
    ((before,),) = rows(tmp_path, "SELECT count(*) FROM transactions")
    second = Journalled(tmp_path)
    second.wagers, second.settlements, second.last = scene.memory.wagers, scene.memory.settlements, scene.now
    second.end, second.runs = scene.memory.end, scene.memory.runs
    scene.memory = second
    scene.restart()
    scene.go(10 * MINUTE)
    assert second.journal.close()
    assert rows(tmp_path, "SELECT count(*) FROM transactions") == [(before,)]


def test_old_entries_are_deleted_and_sums_are_kept(tmp_path: Path) -> None:
    now = 1_000 * DAY
    journal = Journal(tmp_path)
    journal.begin(now, "abc", (), 30 * DAY)
    old, young = now - 31 * DAY, now - 29 * DAY
    for at in (old, young):
        records = (
            SaveMatch("r1-q0-1", at, 100, 90, -110, False, None),
            SaveResult("r1-q0-1", LINE, at, "won", 100, 90, 2, True),
            SaveFair(LINE, at, 0.5),
        )
        journal.save(Save(records))
    journal.start()
    assert journal.close()
    again = Journal(tmp_path)
    again.begin(now, "abc", (), 30 * DAY)
    again.start()
    again.touch(now)
    assert again.close()
    for table in ("matches", "results", "fairs"):
        assert rows(tmp_path, f"SELECT at FROM {table}") == [(young,)], table


def test_the_number_of_remembered_names_is_bounded() -> None:
    """A daemon that runs for months sees ever new sport events. A name that it no longer remembers is written again."""
    entries = Entries()

    def names(sport_event: int) -> int:
        market = Market(MarketKey(sport_event, 219), "Moneyline", "moneyline", "moneyline", "Game Lines", "active", ())
        made = entries.of(SaveNames(market, None, None))
        entries.written()
        return len(made)

    assert [names(1), names(1)] == [1, 0]
    for sport_event in range(2, MOST_NAMES + 2):
        names(sport_event)
    assert [names(MOST_NAMES + 1), names(1)] == [0, 1]


def test_a_decision_without_a_view_saves_its_sport_event_and_a_missing_name_replaces_none(tmp_path: Path) -> None:
    """The view is missing for a hedge on a line that the strategy has not seen."""
    nba = SportEvent(1, 132, "Away 1 @ Home 1", "not_started", 7, "Basketball", "NBA")
    nameless = SportEvent(1, 132, "", "not_started", 8)
    elsewhere = SportEvent(1, 133, "", "not_started", 8)
    for sport_event, expected in (
        (nba, ("Away 1 @ Home 1", 132, "NBA", "Basketball", 7)),
        (nameless, ("Away 1 @ Home 1", 132, "NBA", "Basketball", 8)),
        (elsewhere, ("Away 1 @ Home 1", 133, "", "Basketball", 8)),
    ):
        journal = Journal(tmp_path)
        journal.begin(0, "abc", ("tests:Fixed",))
        placement = Placement(f"r1-h0-{sport_event.tournament_id}", "line-a", 105, 1_000)
        journal.save(Save((SaveDecision(placement, 0, 5, 0, True, None, sport_event, ()),)))
        journal.start()
        assert journal.close()
        assert rows(tmp_path, "SELECT name, tournament, tournament_name, sport, scheduled FROM sport_events") == [
            expected
        ]
