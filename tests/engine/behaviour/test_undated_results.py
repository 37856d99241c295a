"""A result whose message is lost is found although the history does not count a result as a change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine_scene import MARKET, Scene

from mmbot.domain.instant import MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.simulator.venue.settings import VenueSettings


def matched_on_both_sides() -> Scene:
    scene = Scene(venue=VenueSettings(results_dated=False)).quoted()
    scene.go(SECOND)
    for side in (0, 1):
        scene.take(side, 700)
        scene.go(5 * SECOND)
    scene.go(11 * MINUTE)  # the audit has compared the matches, so that it has no reason to read the wagers again
    return scene


def lose_results(scene: Scene) -> Callable[[], None]:
    """Lose every private message from now on. Return a function that ends this."""
    scene.run.faults.carry = lambda message: () if isinstance(message, e.WagerMessage) else (0,)

    def end() -> None:
        scene.run.faults.carry = None

    return end


@pytest.mark.parametrize("winner", [0, 1])
def test_lost_results_are_found_by_the_payments(winner: int) -> None:
    scene = matched_on_both_sides()
    end = lose_results(scene)
    scene.venue.settle(MARKET, winner, scene.now)
    scene.go(2 * SECOND)
    end()
    scene.go(7 * MINUTE)
    scene.agree()
    scene.close()


@pytest.mark.parametrize("winner", [0, None])
def test_a_lost_correction_is_found_by_the_transactions(winner: int | None) -> None:
    scene = matched_on_both_sides()
    scene.venue.settle(MARKET, 1, scene.now)
    scene.go(5 * MINUTE)
    end = lose_results(scene)
    scene.venue.correct(MARKET, winner, scene.now)
    scene.go(2 * SECOND)
    end()
    scene.go(7 * MINUTE)
    scene.agree()
    scene.close()
