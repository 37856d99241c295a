"""A wager that was matched in part and whose rest was cancelled counts alike under each status that it may get."""

from __future__ import annotations

import pytest
from engine_scene import MARKET, Scene

from mmbot.domain.instant import MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.simulator.venue.settings import VenueSettings


@pytest.mark.parametrize("status", ["open", "canceled"])
@pytest.mark.parametrize("restarts", [False, True])
def test_the_matched_part_counts_under_either_status(status: str, restarts: bool) -> None:
    scene = Scene(venue=VenueSettings(partly_canceled=status)).quoted()
    scene.go(SECOND)
    scene.take(0, 700)
    scene.go(SECOND)
    scene.run.tell(e.KillRequested("drill"))
    scene.go(10 * SECOND)
    scene.run.tell(e.ResumeRequested())
    known = scene.venue.wagers(scene.account)
    assert [each for each in known if each.status.value == status and each.matched and not each.unmatched]
    if restarts:
        scene.restart()
    scene.go(6 * MINUTE)
    scene.agree()
    scene.venue.settle(MARKET, 1, scene.now)
    scene.go(MINUTE)
    scene.agree()
    scene.close()
