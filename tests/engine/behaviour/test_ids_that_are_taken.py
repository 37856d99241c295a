"""The exchange reports wagers with ids of this run that the run has not used: the run goes on with other ids."""

from __future__ import annotations

import msgspec
from engine_scene import HOUR, SECOND, Fixed, Scene

from mmbot.domain.instant import Instant
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e


def _taken(external_id: str, now: Instant) -> WagerReport:
    return WagerReport(
        wager_id=f"w-{external_id}",
        external_id=external_id,
        sport_event_id=1,
        market_id=219,
        line_id="a line that nobody lists",
        odds=110,
        stake=500,
        status=Status.CLOSED,
        matching=Matching.FULLY_MATCHED,
        winning=Winning.LOST,
        matched=500,
        created_at=now - HOUR,
    )


def test_an_id_of_this_run_that_is_taken_is_not_used_again() -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)))

    def amended(answer: e.Answer, now: Instant) -> e.Answer:
        if not isinstance(answer, e.HistoryRead):
            return answer
        taken = tuple(_taken(f"r1-q0-{number}", now) for number in range(3))
        return msgspec.structs.replace(answer, wagers=answer.wagers + taken)

    scene.amend(amended)
    scene.until(lambda: scene.sides() == {0, 1})
    scene.go(30 * SECOND)
    assert scene.run.exit is None
    used = [item.external_id for item in scene.placements()]
    assert len(set(used)) == len(used) >= 2
    assert not {f"r1-q0-{number}" for number in range(3)} & set(used)
