"""A look-up alone says that an open wager ended: the wager counts until the list of open wagers lacks it too."""

from __future__ import annotations

import pytest
from engine_scene import Scene
from msgspec.structs import replace

from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.domain.wager import Status
from mmbot.engine import events as e
from mmbot.engine import requests as r


@pytest.mark.parametrize("status", [Status.CANCELED, Status.INVALID, Status.WIPED])
@pytest.mark.parametrize("true", [False, True])
def test_an_end_that_only_a_look_up_shows_counts_after_a_round_of_the_audit(status: Status, true: bool) -> None:
    scene = Scene().quoted()
    scene.go(15 * SECOND)
    one = scene.wagers()[0]

    def ended(answer: e.Answer, now: Instant) -> e.Answer:
        if isinstance(answer, e.WagerRead) and answer.report is not None and answer.report.wager_id == one.wager_id:
            return replace(answer, report=replace(answer.report, status=status))
        if true and isinstance(answer, e.HistoryRead):
            return replace(answer, wagers=tuple(item for item in answer.wagers if item.wager_id != one.wager_id))
        return answer

    def counted() -> bool:
        return any(own.external_id == one.external_id and own.remaining for own in scene.line().own)

    end = scene.amend(ended)
    line_id = next(p.line_id for p in scene.placements() if p.external_id == one.external_id)
    odds = next(p.odds for p in scene.placements() if p.external_id == one.external_id)
    scene.run.tell(e.PrintMessage(scene.run.connection, 1, 219, line_id, odds, odds, 100, scene.now))
    scene.until(lambda: bool(scene.alerts("wager.end_unconfirmed")), within=5 * SECOND)
    assert counted()
    if true:
        scene.until(lambda: not counted(), within=2 * MINUTE)
    else:
        scene.go(2 * MINUTE)
        assert counted()
        assert not scene.alerts("audit.difference")
        end()
        scene.agree()


def test_an_id_that_the_exchange_does_not_know_is_looked_up_more_and_more_slowly() -> None:
    scene = Scene().quoted()
    scene.go(15 * SECOND)
    one = next(placed for placed in scene.placements() if placed.external_id == scene.wagers()[0].external_id)
    wager_id = scene.wagers()[0].wager_id

    def unknown(answer: e.Answer, now: Instant) -> e.Answer:
        if isinstance(answer, e.WagerRead) and answer.report is not None and answer.report.wager_id == wager_id:
            return replace(answer, report=None)
        return answer

    scene.amend(unknown)
    began = scene.now
    for _ in range(300):  # a print at the wager's price every 200 ms, each of which leads to a look-up
        scene.run.tell(e.PrintMessage(scene.run.connection, 1, 219, one.line_id, one.odds, one.odds, 100, scene.now))
        scene.go(SECOND // 5)
    asked = [read for read in scene.sent(r.ReadWager, began) if read.wager_id == wager_id]
    assert 5 <= len(asked) <= 14
