"""The cost of an event does not grow with the number of wagers ever placed: counted in calls, not in time."""

from __future__ import annotations

import pytest
from counted import Counted
from engine_scene import LINE, Fixed, Scene, settings

from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.instant import MILLISECOND, SECOND

pytestmark = pytest.mark.plain


def churn(scene: Scene, strategy: Fixed, wagers: int) -> None:
    """Replace both quotes until ``count`` wagers were placed."""
    turn = 0
    while len(scene.memory.wagers) < wagers:
        turn += 1
        odds = 104 + turn % 4
        strategy.wants[None] = ((0, odds, 2000), (1, odds, 2000))
        scene.around(LINE, (115 + turn % 2, 115))
        if turn % 10 == 0:
            scene.take(turn // 10 % 2, 150)
        scene.go(400 * MILLISECOND)


def test_an_event_costs_as_much_at_wager_10000_as_at_wager_100() -> None:
    strategy = Fixed((0, 105, 2000), (1, 105, 2000))
    config = settings(
        guards=GuardsConfig(hold_s=1.0, matches_a_minute=100_000, stop_before_start_s=0.0),
        limits=LimitsConfig(line=500, market=500, daily_loss=100_000),
    )
    scene = Scene(strategy, config=config).quoted()

    def cost(until: int) -> float:
        """Return the calls for an event, without the reads that come every few minutes: the least of four counts."""
        churn(scene, strategy, until)
        return min(calls_for_an_event(until + 40 * turn) for turn in range(1, 5))

    def calls_for_an_event(until: int) -> float:
        counted = Counted(scene.run.engine)
        events = scene.run.events
        churn(scene, strategy, until)
        for name in ("handle", "next_request", "deadline"):
            delattr(scene.run.engine, name)
        return counted.calls / (scene.run.events - events)

    early = cost(100)
    late = cost(5000)
    later = cost(10_000)
    scene.go(SECOND)
    scene.agree()
    scene.close()
    assert late < 1.1 * early, (early, late)
    assert later < 1.1 * early, (early, later)
