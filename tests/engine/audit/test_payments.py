"""The commission that the exchange charged, however it rounds, before and after a restart."""

from __future__ import annotations

import pytest
from engine_scene import MARKET, Scene

from mmbot.domain.instant import MINUTE, SECOND
from mmbot.engine import requests as r
from mmbot.simulator.venue.settings import VenueSettings

ROUNDINGS = ("half_up", "half_even", "down", "up")


def settled(rounding: str, stake: int) -> Scene:
    """A scene in which a taker matched our wager on outcome 1, which then won."""
    scene = Scene(venue=VenueSettings(commission_rounding=rounding)).quoted()
    scene.take(0, stake)
    scene.go(10 * SECOND)
    assert scene.position()[1] > 0
    scene.venue.settle(MARKET, 1, scene.now)
    return scene


def charged(scene: Scene) -> int:
    return -sum(each.amount for each in scene.venue.transactions(scene.account) if each.type == "COMMISSION")


def commission(scene: Scene) -> int:
    return scene.status().profit.commission


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("stake", [130, 163, 175, 1030, 1070, 1075])
def test_the_commission_is_what_the_exchange_charged(rounding: str, stake: int) -> None:
    scene = settled(rounding, stake)
    scene.go(3 * MINUTE)
    assert commission(scene) == charged(scene)
    scene.go(MINUTE)
    scene.restart()
    scene.until(lambda: scene.run.engine.ready)
    assert commission(scene) == charged(scene)
    scene.go(8 * MINUTE)
    assert commission(scene) == charged(scene)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_a_corrected_result_changes_the_commission(rounding: str) -> None:
    scene = settled(rounding, 1030)
    scene.go(3 * MINUTE)
    scene.venue.correct(MARKET, 0, scene.now)
    scene.go(3 * MINUTE)
    assert commission(scene) == charged(scene) == 0
    scene.venue.correct(MARKET, 1, scene.now)
    scene.go(3 * MINUTE)
    assert commission(scene) == charged(scene) > 0


@pytest.mark.parametrize("rounding", ["down", "up"])
@pytest.mark.parametrize("stake", [135, 1030])
def test_a_commission_that_was_not_read_before_a_restart_is_read_after_it(rounding: str, stake: int) -> None:
    scene = settled(rounding, stake)
    scene.go(2 * SECOND)
    assert not scene.sent(r.ReadTransactions, scene.now - 2 * SECOND)
    scene.restart()
    scene.go(8 * MINUTE)
    assert commission(scene) == charged(scene)


def test_the_transactions_are_read_soon_after_a_result() -> None:
    scene = settled("half_up", 1030)
    at = scene.now
    scene.go(MINUTE)
    assert scene.sent(r.ReadTransactions, at)
