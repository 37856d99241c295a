"""Reads of the history that cannot decide: placements older than one range of it, and pages that never end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from engine_scene import Fixed, Scene, lose
from msgspec.structs import replace

from mmbot.backtest.faults import Fate
from mmbot.domain.instant import DAY, HOUR, MINUTE, SECOND, Instant
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.engine.reading.history import MOST_HISTORY_PAGES


def crashed(days: int, *, placed: bool) -> Scene:
    """A scene in which the daemon crashed right after it sent two placements, and starts again some days later.
    ``placed``: true if the exchange took the placements. Then outcome 0 is matched after the crash."""
    scene = Scene(
        Fixed((0, 105, 5000), (1, 105, 5000)),
        interfere=lose(r.PlaceMany, 1, Fate.UNANSWERED if placed else Fate.LOST),
        starts=100 * DAY,
    )
    scene.run.on_message = lambda message: None if isinstance(message, e.WagerMessage) else message
    scene.until(lambda: bool(scene.placements()))
    scene.go(SECOND)
    assert len(scene.wagers()) == (2 if placed else 0)
    if placed:
        scene.take(1, 2000)
    scene.interfere = None
    scene.restart(days * DAY)
    return scene


@pytest.mark.parametrize("days", [1, 8, 50])
def test_a_matched_placement_is_found_however_long_ago_the_daemon_crashed(days: int) -> None:
    scene = crashed(days, placed=True)
    scene.until(lambda: scene.status().phase == "ready", within=2 * MINUTE)
    assert not scene.alerts("wager.absent")
    assert scene.line().profit == scene.position() != (0, 0)
    scene.agree()
    scene.close()


@pytest.mark.parametrize("days", [1, 8, 50])
def test_a_placement_that_never_came_is_absent_after_all_ranges_were_read(days: int) -> None:
    scene = crashed(days, placed=False)
    scene.until(lambda: scene.status().phase == "ready", within=2 * MINUTE)
    assert len(scene.alerts("wager.absent")) == 2
    assert scene.status().counts.unknown_wagers == 0
    scene.close()


def test_a_placement_beyond_the_reach_of_the_history_counts_and_is_reported() -> None:
    scene = crashed(70, placed=False)
    scene.until(lambda: scene.status().phase == "ready", within=2 * MINUTE)
    assert not scene.alerts("wager.absent")
    assert len(scene.alerts("wager.out_of_reach")) == 2
    assert scene.status().counts.unknown_wagers == 2
    stakes = sum(fields["stake_cents"] for fields in scene.alerts("wager.out_of_reach"))
    assert sum(own.remaining for own in scene.line().own if own.state == "unknown") == stakes
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None)
    assert scene.run.exit == o.Exit(0, "stopped")


def endless(scene: Scene, cursors: Callable[[], str]) -> Callable[[], None]:
    """Let every page of the history name another page; return a function that ends this."""

    def answer(request: r.Request, now: Instant) -> e.Answer | None:
        if not isinstance(request, r.ReadHistory):
            return None
        page = scene.run.ask(replace(request, cursor=""))
        return replace(page, next_cursor=cursors()) if isinstance(page, e.HistoryRead) else page

    def end() -> None:
        scene.run.on_request = None

    scene.run.on_request = answer
    return end


def test_a_cursor_that_the_exchange_rejects_begins_the_query_again() -> None:
    scene = Scene()
    ended = scene.amend(
        lambda answer, now: replace(answer, next_cursor="bad") if isinstance(answer, e.HistoryRead) else answer
    )
    scene.until(lambda: len(scene.sent(r.ReadHistory)) >= 2)
    ended()
    scene.quoted()
    scene.close()


@pytest.mark.parametrize("same", [True, False])
def test_a_history_without_end_is_reported_and_never_proves_the_account_clear(same: bool) -> None:
    scene = Scene()
    numbers = count()
    ended = endless(scene, (lambda: "again") if same else (lambda: str(next(numbers))))
    scene.until(lambda: bool(scene.alerts("history.endless")), within=HOUR)
    pages = len(scene.sent(r.ReadHistory))
    assert pages <= (4 if same else MOST_HISTORY_PAGES + 2)
    assert scene.status().phase == "proving clear"
    scene.go(5 * SECOND)
    assert len(scene.sent(r.ReadHistory)) == pages, "the next try comes later"
    ended()
    scene.quoted()
    scene.close()


def test_an_unknown_placement_stays_unknown_while_the_history_has_no_end() -> None:
    scene = Scene(interfere=lose(r.PlaceMany, 1, Fate.LOST))
    scene.until(lambda: bool(scene.placements()))
    ended = endless(scene, lambda: "again")
    scene.go(MINUTE)
    assert scene.status().counts.unknown_wagers == 2
    assert scene.alerts("history.endless")
    assert len(scene.sent(r.ReadHistory, scene.now - MINUTE)) < 20
    ended()
    scene.until(lambda: scene.status().counts.unknown_wagers == 0)
    assert len(scene.alerts("wager.absent")) == 2
    scene.close()
