"""Requests to which the shell never brings an answer."""

from __future__ import annotations

import pytest
from engine_scene import Fixed, Scene

from mmbot.backtest.faults import Passage
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.engine import requests as r

KINDS = (r.PlaceMany, r.CancelMany, r.ReadHistory, r.ReadBalance, r.ReadMarkets, r.ReadTransactions)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_a_request_without_any_answer_is_given_up_and_quoting_goes_on(kind: type) -> None:
    """The request is lost, and the shell says nothing about it: neither an answer nor a failure."""
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(strategy)
    faults, usual, lost = scene.run.faults, scene.run.faults.passage, [0]

    def passage(request: r.Request, now: int, delays: object) -> Passage:
        if isinstance(request, kind) and not lost[0]:
            lost[0] = now
            return Passage(late=None, answered=False)
        return usual(request, now, delays)  # type: ignore[arg-type]

    faults.passage = passage  # type: ignore[method-assign, assignment]
    if kind is r.CancelMany:
        scene.quoted()
        strategy.wants[None] = ((0, 106, 5000), (1, 106, 5000))
        scene.around(odds=(112, 112))
    scene.until(lambda: bool(lost[0]), within=20 * MINUTE)
    scene.until(lambda: bool(scene.alerts("request.unanswered")), within=4 * MINUTE)
    assert scene.alerts("request.unanswered") == [{"request": kind.__name__}]
    assert 2 * MINUTE <= scene.now - lost[0] <= 3 * MINUTE
    scene.go(20 * SECOND)
    scene.until(lambda: scene.sides() == {0, 1}, within=20 * MINUTE)
    assert scene.status().counts.unknown_wagers == 0
    scene.agree()
    scene.close()
