"""The status says for each outcome whether our wager has the best price, or how many ticks it is behind."""

from __future__ import annotations

import pytest
from engine_scene import LINE, Fixed, Scene

from mmbot.domain.instant import SECOND
from mmbot.domain.odds import Ladder


@pytest.mark.parametrize("ours", [105, 110, 125])
def test_the_place_of_our_best_wager_among_those_of_other_makers(ours: int) -> None:
    scene = Scene(Fixed((0, ours, 5000), (1, 105, 5000)), house=False)
    scene.around(LINE, (110, 120))
    scene.quoted()
    ladder = Ladder(scene.venue.settings.ladder)
    ticks = ladder.index(ours) - ladder.index(110)
    assert scene.line().behind == (ticks, ladder.index(105) - ladder.index(120))
    assert (ticks < 0) == (ours == 105)
    scene.close()


def test_without_wagers_of_others_or_of_ours_there_is_no_place() -> None:
    fixed = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(fixed).quoted()
    fixed.wants[None] = ((0, 105, 5000),)
    scene.around(LINE, (112, 112))
    scene.until(lambda: scene.sides(LINE) == {0})
    scene.go(SECOND)
    behind = scene.line().behind
    assert behind[0] is not None
    assert behind[0] < 0
    assert behind[1] is None
    scene.close()
