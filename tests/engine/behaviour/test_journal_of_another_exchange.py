"""A journal that does not belong to the exchange: of another exchange, another account, or before a reset."""

from __future__ import annotations

import pytest
from engine_scene import Scene
from msgspec.structs import replace

from mmbot.backtest.memory import Memory
from mmbot.domain.instant import DAY, MINUTE, SECOND, Duration
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.engine.orders import ANOTHERS_STATE


def kept(*, matched: bool, stopped: bool) -> Memory:
    """The journal of a run on an exchange that no longer exists."""
    scene = Scene().quoted()
    if matched:
        scene.take(1, 1000)
        scene.go(2 * SECOND)
        assert scene.position() != (0, 0)
    if stopped:
        scene.run.tell(e.StopRequested())
        scene.until(lambda: scene.run.exit is not None)
    return scene.memory


@pytest.mark.parametrize(("matched", "stopped"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("older", [0, 8 * DAY])
def test_the_run_ends_before_it_places_anything(matched: bool, stopped: bool, older: Duration) -> None:
    memory = kept(matched=matched, stopped=stopped)
    memory.wagers = {key: replace(saved, sent_at=saved.sent_at - older) for key, saved in memory.wagers.items()}
    scene = Scene(memory=memory)
    scene.until(lambda: scene.run.exit is not None, within=MINUTE)
    assert scene.run.exit == o.Exit(2, ANOTHERS_STATE)
    assert not scene.placements()
    assert scene.sent(r.CancelAll)
    (alert,) = scene.alerts("journal.unknown")
    assert alert["wagers"] >= 1
    scene.close()


@pytest.mark.parametrize("stopped", [False, True])
def test_a_stop_during_the_journal_check_ends_like_any_other_stop(stopped: bool) -> None:
    scene = Scene(memory=kept(matched=True, stopped=stopped))
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None, within=MINUTE)
    assert scene.run.exit == o.Exit(0, "stopped")
    scene.close()


def test_an_unmatched_wager_that_is_no_longer_open_is_not_missed() -> None:
    Scene(memory=kept(matched=False, stopped=True)).quoted().close()


def test_one_wager_found_by_its_id_is_enough_when_the_history_shows_none() -> None:
    """As after a week, or with a clock that was wrong when the wagers were sent."""
    scene = Scene().quoted()
    scene.take(1, 1000)
    scene.go(2 * SECOND)
    scene.restart()
    scene.amend(lambda answer, _: replace(answer, wagers=()) if isinstance(answer, e.HistoryRead) else answer)
    scene.until(lambda: scene.status().phase == "ready")
    assert scene.run.exit is None


def test_one_wager_found_in_the_history_is_enough() -> None:
    scene = Scene().quoted()
    scene.take(1, 1000)
    scene.go(2 * SECOND)
    stranger = replace(next(iter(scene.memory.wagers.values())), external_id="r0-q0-1", wager_id="another")
    scene.memory.wagers["r0-q0-1"] = replace(stranger, state="closed", matched=100)
    scene.restart()
    scene.quoted()
    assert scene.run.exit is None
    assert not [asked for asked in scene.sent(r.ReadWager) if asked.wager_id == "another"]
    scene.close()
