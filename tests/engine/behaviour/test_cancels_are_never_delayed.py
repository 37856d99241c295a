"""Cancels are never delayed: not by a 429 with a long hint, nor by answers that never come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from engine_scene import Fixed, Scene, lose, settings

from mmbot.backtest.faults import Fate
from mmbot.backtest.link import Delays
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.engine import requests as r


def limited(scene: Scene, kind: type, hint: int) -> None:
    """Answer the next request of a kind with a 429 that asks to wait for ``hint``; return after the answer."""
    scene.run.faults.hint = hint
    scene.run.faults.interfere = lose(kind, 1, Fate.LIMITED)
    at = scene.now
    scene.until(lambda: bool(scene.sent(kind, at)))
    scene.go(50 * MILLISECOND)


def cancels(scene: Scene, since: int) -> list[float]:
    """The times at which ``cancel_all`` was sent, in seconds after an instant."""
    return [(at - since) / SECOND for at, request in scene.run.requests if type(request) is r.CancelAll and at >= since]


@pytest.mark.parametrize("hint", [MINUTE, 24 * HOUR])
@pytest.mark.parametrize("account", ["exclusive", "shared"])
def test_a_429_on_a_balance_read_does_not_delay_a_stop(hint: int, account: str) -> None:
    scene = Scene(config=settings(account=account)).quoted()
    limited(scene, r.ReadBalance, hint)
    at = scene.now
    scene.run.tell(e.StopRequested())
    scene.until(lambda: not scene.wagers(), within=2 * SECOND)
    if account == "exclusive":
        assert cancels(scene, at)[0] <= 1
    scene.until(lambda: scene.status().clear, within=5 * SECOND)
    scene.until(
        lambda: scene.run.exit is not None, within=31 * SECOND
    )  # the history since then is read if the pause allows it
    assert scene.run.exit is not None
    assert scene.run.exit.code == 0
    assert not scene.wagers()
    scene.close()


def test_a_429_does_not_keep_a_stop_from_looking_for_a_lost_placement() -> None:
    scene = Scene(Fixed((0, 105, 5000)), delays=Delays(timeout=40 * SECOND))
    scene.run.faults.carry = lambda message: () if isinstance(message, e.WagerMessage) else (0,)
    scene.run.faults.interfere = lose(r.PlaceMany, 1, Fate.UNANSWERED)
    scene.until(lambda: bool(scene.wagers()))
    limited(scene, r.ReadBalance, MINUTE)  # the answer has not come yet
    assert scene.status().counts.unknown_wagers + scene.status().counts.open_wagers == 1
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.status().clear, within=26 * SECOND)
    scene.until(lambda: scene.run.exit is not None, within=31 * SECOND)
    assert scene.run.exit is not None
    assert scene.run.exit.code == 0
    assert not scene.wagers()
    scene.close()


def test_a_429_on_cancel_all_leads_to_another_within_a_second() -> None:
    scene = Scene().quoted()
    scene.go(SECOND)
    scene.run.faults.hint = 24 * HOUR
    scene.run.faults.interfere = lose(r.CancelAll, 1, Fate.LIMITED)
    at = scene.now
    scene.run.tell(e.KillRequested("test"))
    scene.until(lambda: not scene.wagers(), within=2 * SECOND)
    first, second = cancels(scene, at)[:2]
    assert 0.2 < second - first <= 1.05
    scene.until(lambda: bool(scene.alerts("life.clear", at)), within=10 * SECOND)
    scene.close()


def test_a_429_with_a_malformed_hint_on_the_history_does_not_end_the_proof() -> None:
    scene = Scene().quoted()
    scene.run.faults.hint = 24 * HOUR
    scene.run.faults.interfere = lose(r.ReadHistory, 1, Fate.LIMITED)
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.status().clear, within=15 * SECOND)
    scene.until(lambda: scene.run.exit is not None, within=31 * SECOND)
    assert scene.run.exit is not None
    assert scene.run.exit.code == 0
    scene.close()


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.UNANSWERED])
def test_a_cancel_all_without_an_answer_is_repeated_after_a_second(fate: Fate) -> None:
    scene = Scene().quoted()
    scene.go(SECOND)
    scene.run.faults.interfere = lose(r.CancelAll, 3, fate)
    at = scene.now
    scene.run.tell(e.KillRequested("test"))
    scene.until(lambda: bool(scene.alerts("life.clear", at)), within=10 * SECOND)
    sent = cancels(scene, at)
    assert sent[0] == 0
    assert all(0.9 < after - before < 1.2 for before, after in pairwise(sent[:4]))
    assert not scene.wagers()
    scene.close()


def test_cancel_all_without_answers_is_not_sent_in_a_flood() -> None:
    scene = Scene().quoted()
    scene.run.faults.interfere = lose(r.CancelAll, 1000, Fate.LOST)
    at = scene.now
    scene.run.tell(e.KillRequested("test"))
    scene.go(20 * SECOND)
    assert 15 <= len(cancels(scene, at)) <= 60
    scene.run.faults.interfere = None
    scene.until(lambda: bool(scene.alerts("life.clear", at)), within=10 * SECOND)
    assert not scene.wagers()
