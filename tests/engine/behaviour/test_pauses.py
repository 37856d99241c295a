"""After a pause of the daemon, or of a strategy, the engine trusts nothing that it knew before."""

from __future__ import annotations

from engine_scene import GAME, LINE, Scene

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.engine import requests as r

ELSEWHERE = LineKey(2, 219, 0)


def test_after_a_pause_everything_is_cancelled_and_proved_before_anything_is_placed() -> None:
    scene = Scene().quoted()
    since = scene.now
    scene.run.tell(e.StoodStill(20 * SECOND))
    scene.until(lambda: bool(scene.placements(since)), within=2 * MINUTE)
    kinds = scene.kinds(since)
    assert kinds[0] == "CancelAll"
    first = kinds.index("PlaceMany")
    assert "ReadHistory" in kinds[:first]
    assert "ReadMarkets" in kinds[:first]  # books of before are not trusted
    assert [alert["cause"] for alert in scene.alerts("life.clear", since)] == ["feed"]
    scene.quoted()
    scene.agree()
    scene.close()


def test_a_pause_at_the_start_begins_the_proof_again() -> None:
    scene = Scene()
    scene.go(100 * MILLISECOND)
    since = scene.now
    scene.run.tell(e.StoodStill(20 * SECOND))
    scene.go(MILLISECOND)
    assert scene.kinds(since)[0] == "CancelAll"
    scene.quoted()
    scene.agree()
    scene.close()


def test_a_fence_without_a_pause_is_taken_as_seriously() -> None:
    scene = Scene().quoted()
    since = scene.now
    scene.venue.cancel_all(scene.account, scene.now)  # by the watchdog
    scene.run.tell(e.StoodStill(0))
    scene.until(lambda: scene.guard("stood_still") is not None)
    assert scene.guard("stood_still").reason == "the watchdog cancelled everything"  # type: ignore[union-attr]
    scene.requoted()
    assert scene.kinds(since)[0] == "CancelAll"
    scene.agree()
    scene.close()


def test_a_pause_does_not_release_the_kill_switch() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("drill"))
    scene.until(lambda: scene.status().clear)
    since = scene.now
    scene.run.tell(e.StoodStill(20 * SECOND))
    scene.go(2 * MINUTE)
    assert scene.guard("latch") is not None
    assert not scene.placements(since)
    scene.close()


def test_wagers_that_were_cancelled_without_the_engine_are_asked_for_one_by_one() -> None:
    scene = Scene(lines=(LINE, ELSEWHERE)).quoted()
    own = [wager.wager_id for wager in scene.wagers(LINE)]
    assert len(own) >= 2
    since = scene.now
    scene.venue.cancel_sport_event(scene.account, GAME, scene.now)  # by the thread of the shell
    scene.run.tell(e.StrategyOverran(GAME, 2 * SECOND))
    scene.go(5 * SECOND)
    assert sorted(read.wager_id for read in scene.sent(r.ReadWager, since)) == sorted(own)
    assert not scene.wagers(LINE)
    assert scene.wagers(ELSEWHERE)
    assert not [item for many in scene.sent(r.CancelMany, since) for item in many.items if item.wager_id in own]
    scene.go(MINUTE)
    scene.quoted()
    scene.agree()
    scene.close()


def test_wagers_that_only_the_engine_takes_for_cancelled_are_cancelled() -> None:
    """The cancel of the thread was lost."""
    scene = Scene(lines=(LINE, ELSEWHERE)).quoted()
    scene.run.tell(e.StrategyOverran(GAME, 2 * SECOND))
    scene.until(lambda: not scene.wagers(LINE), within=3 * SECOND)
    scene.go(30 * SECOND)
    assert not scene.wagers(LINE)
    scene.go(MINUTE)
    scene.quoted()
    scene.agree()
    scene.close()


def test_a_sport_event_that_nobody_knows_is_no_error() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.StrategyOverran(999, 2 * SECOND))
    scene.go(2 * MINUTE)
    assert scene.guard("strategy_slow") is None
    scene.agree()
    scene.close()
