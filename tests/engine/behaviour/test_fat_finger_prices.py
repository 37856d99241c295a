"""The fat-finger guard and impossible prices: no open wager gives away more than ``guards.off_fair``."""

from __future__ import annotations

import math
from typing import Any

import pytest
from engine_scene import LINE, Fixed, Scene, settings

from mmbot.config.settings import GuardsConfig
from mmbot.domain.instant import SECOND
from mmbot.domain.odds import implied
from mmbot.engine import events as e
from mmbot.strategy.interface import Decision, EventView, Quote, Result

OFF_FAIR = 0.05
CONFIG = settings(guards=GuardsConfig(hold_s=1.0, price_age_s=600.0, off_fair=OFF_FAIR))


class Around:
    """Quotes both outcomes a little below the user's price, with a very large price tolerance."""

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance

    def quote(self, view: EventView, state: Any) -> Result:
        decisions: dict[Any, Decision] = {}
        for line in view.lines:
            if line.given is not None:
                fair = line.given.probability
                decisions[line.line.key] = tuple(
                    Quote(side=side, payout=5000, probability=own - 0.02, price_tolerance=self.tolerance)
                    for side, own in ((0, fair), (1, 1.0 - fair))
                )
        return Result(decisions, state)


@pytest.mark.parametrize("tolerance", [0.003, 0.99])
@pytest.mark.parametrize("moved", [0.35, 0.65])
def test_no_tolerance_keeps_a_wager_far_beyond_the_present_fair_price(tolerance: float, moved: float) -> None:
    scene = Scene(Around(tolerance), CONFIG)
    line_id = scene.venue.line_id(*LINE, 0)
    scene.until(lambda: scene.status().phase == "ready")
    scene.run.tell(e.PriceGiven(line_id, 0.5, scene.now))
    scene.quoted()
    scene.run.tell(e.PriceGiven(line_id, moved, scene.now))
    scene.go(2 * SECOND)
    for side, odds, _ in scene.resting():
        assert implied(odds) <= (moved if side == 0 else 1.0 - moved) + OFF_FAIR
    assert scene.resting()
    scene.agree()
    scene.close()


def test_a_wager_within_the_tolerance_and_the_fair_price_keeps_its_place() -> None:
    scene = Scene(Around(0.99), CONFIG)
    line_id = scene.venue.line_id(*LINE, 0)
    scene.until(lambda: scene.status().phase == "ready")
    scene.run.tell(e.PriceGiven(line_id, 0.5, scene.now))
    before = scene.quoted().wagers()
    scene.run.tell(e.PriceGiven(line_id, 0.47, scene.now))
    scene.go(2 * SECOND)
    assert [wager.wager_id for wager in scene.wagers()] == [wager.wager_id for wager in before]
    scene.close()


def test_nothing_is_placed_before_a_fair_price_is_known() -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), house=False)
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(10 * SECOND)
    assert not scene.placements()
    assert "never a fair price" in str(scene.line().why)
    scene.around()
    scene.quoted()
    scene.agree()
    scene.close()


def test_without_a_present_fair_price_quotes_are_judged_by_the_last_one() -> None:
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(strategy, CONFIG).quoted()
    for order in scene.house[LINE]:
        assert order is not None
        scene.venue.crowd.withdraw(order, scene.now)
    scene.go(2 * SECOND)
    assert scene.line().fair is None
    at = scene.now
    strategy.wants[None] = ((0, -300, 5000), (1, 110, 5000))  # 0.75 where fair was even
    scene.around(LINE, (300, 300), 100)
    for order in scene.house[LINE]:
        assert order is not None
        scene.venue.crowd.withdraw(order, scene.now)
    scene.go(3 * SECOND)
    assert scene.line().fair is None
    assert not [item for item in scene.placements(at) if implied(item.odds) > 0.5 + OFF_FAIR]
    scene.agree()
    scene.close()


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf, 0.0, 1.0, -0.2, 1.5])
def test_a_price_that_is_no_probability_is_rejected_and_changes_nothing(price: float) -> None:
    scene = Scene(Around(0.003), CONFIG)
    line_id = scene.venue.line_id(*LINE, 0)
    scene.until(lambda: scene.status().phase == "ready")
    scene.run.tell(e.PriceGiven(line_id, 0.5, scene.now))
    before = scene.quoted().resting()
    scene.run.tell(e.PriceGiven(line_id, price, scene.now))
    scene.run.tell(e.PriceGiven("not on the board", price, scene.now))
    scene.go(3 * SECOND)
    assert len(scene.alerts("price.impossible")) == 2
    assert scene.line().fair == 0.5
    assert scene.resting() == before
    scene.agree()
    scene.close()
