"""The names of wagers that the bot did not place: the journal has them as soon as the exchange has named them."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
from engine_scene import GAME, LINE, START, Fixed, Scene, settings
from journalled import Journalled

from mmbot.config.settings import MatchConfig, RuleConfig
from mmbot.domain.catalogue import LineKey, SportEvent, Tournament, market_of
from mmbot.domain.instant import DAY, HOUR, SECOND, Instant
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.operate.statement import statement
from mmbot.store.journal import JOURNAL_FILE
from mmbot.store.reading import reading

NHL = 234
PUCKS = LineKey(9, 219, 0)


def tournaments(directory: Path) -> list[str]:
    """The tournaments in the statement."""
    with reading(directory) as journal:
        return list(statement(journal, [("all", START - HOUR, START + DAY)], START + DAY).by["tournament"])


def rows(directory: Path, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(directory / JOURNAL_FILE)) as database:
        return database.execute(query).fetchall()


def stopped(scene: Scene, memory: Journalled) -> None:
    """Let the daemon crash and close its journal."""
    scene.run.drop_feed("crash")
    assert memory.journal.close()


def matched_by_hand(scene: Scene, line: LineKey, now: Instant) -> None:
    """A wager from the exchange's own page, which is matched at once."""
    scene.venue.place_by_hand(scene.account, scene.venue.line_id(*line, 0), 100, 1_000, now)
    scene.world.advance(now + SECOND)
    scene.venue.crowd.enter(scene.crowd, line, 1, -150, 1_000, now + SECOND, rest=False)


def begun_again(scene: Scene, directory: Path) -> Journalled:
    """Restart the daemon with its journal, and wait until it is ready."""
    former = scene.memory
    memory = Journalled(directory)
    memory.wagers, memory.settlements, memory.last = former.wagers, former.settlements, former.last
    memory.end, memory.runs, memory.known = former.end, former.runs, former.known
    scene.memory = memory
    scene.restart(5 * SECOND)
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(10 * SECOND)
    return memory


def test_a_wager_by_hand_placed_between_two_runs_has_its_tournament_in_the_statement(tmp_path: Path) -> None:
    """A start reads the wagers before the board, so the names are not known when the wager is found."""
    memory = Journalled(tmp_path)
    scene = Scene(Fixed(), memory=memory)
    scene.until(lambda: scene.status().phase == "ready")
    stopped(scene, memory)
    matched_by_hand(scene, LINE, scene.now)
    memory = begun_again(scene, tmp_path)
    scene.venue.unlist_sport_event(GAME, scene.now)
    scene.go(10 * SECOND)
    assert memory.journal.close()
    assert rows(tmp_path, "SELECT sum(stake) FROM matches") == [(1_000,)]
    assert tournaments(tmp_path) == ["NBA"]
    assert rows(tmp_path, "SELECT name FROM markets") == [("Moneyline",)]
    assert rows(tmp_path, "SELECT name FROM outcomes ORDER BY side") == [("outcome 0",), ("outcome 1",)]


def with_pucks(memory: Journalled) -> Scene:
    """A second tournament, which no rule matches."""
    rules = (RuleConfig(match=MatchConfig(tournament=(132,)), strategy="tests:Fixed"),)
    scene = Scene(Fixed(), settings(rules=rules), memory=memory)
    now = scene.now
    scene.venue.add_tournament(Tournament(NHL, "NHL", "Hockey"), now)
    scene.venue.add_sport_event(SportEvent(9, NHL, "A @ B", "not_started", now + 6 * HOUR, "Hockey", "NHL"), now)
    scene.add_market(market_of(PUCKS), [PUCKS], now)
    scene.until(lambda: scene.status().phase == "ready")
    return scene


def nameless(scene: Scene) -> None:
    """Let a look-up by id give no name of the tournament."""

    def change(answer: e.Answer, now: Instant) -> e.Answer:
        if not isinstance(answer, e.SportEventsRead):
            return answer
        blank = tuple(msgspec.structs.replace(each, tournament_name="") for each in answer.sport_events)
        return e.SportEventsRead(answer.request, blank)

    scene.amend(change)


def test_the_tournament_of_a_sport_event_that_is_looked_up_is_in_the_statement(tmp_path: Path) -> None:
    memory = Journalled(tmp_path)
    scene = with_pucks(memory)
    nameless(scene)
    matched_by_hand(scene, PUCKS, scene.now)
    scene.until(lambda: bool(scene.sent(r.ReadSportEventsById)))
    scene.go(10 * SECOND)
    assert memory.journal.close()
    assert tournaments(tmp_path) == ["NHL"]


def test_a_restart_saves_the_names_that_the_earlier_run_did_not_save(tmp_path: Path) -> None:
    memory = Journalled(tmp_path)
    scene = Scene(Fixed(), memory=memory)
    scene.until(lambda: scene.status().phase == "ready")
    matched_by_hand(scene, LINE, scene.now)
    scene.go(5 * SECOND)
    stopped(scene, memory)
    with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as journal:
        journal.execute("DELETE FROM sport_events")
        journal.execute("DELETE FROM markets")
        journal.commit()
    memory = begun_again(scene, tmp_path)
    assert memory.journal.close()
    assert tournaments(tmp_path) == ["NBA"]
    assert rows(tmp_path, "SELECT name FROM markets") == [("Moneyline",)]
