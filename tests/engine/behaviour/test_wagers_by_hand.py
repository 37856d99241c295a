"""Wagers that a person placed on the account: their profit across restarts, their cancel, and hedges near them."""

from __future__ import annotations

import pytest
from engine_scene import LINE, MARKET, OTHER, Fixed, Scene, settings

from mmbot.config.settings import LimitsConfig
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.domain.wager import Status
from mmbot.engine import requests as r
from mmbot.simulator.venue.records import VenueWager

LOW = LimitsConfig(line=100, market=100, event=100, tournament=100, account=100, soft=0.3, hedge=0.6)


def by_hand(scene: Scene, side: int = 0, odds: int = 150, stake: int = 1000) -> VenueWager:
    """A wager from the exchange's own page, on the line that nobody quotes at these odds."""
    line_id = scene.venue.line_id(*LINE, side)
    return scene.venue.place_by_hand(scene.account, line_id, odds, stake, scene.now)


def shared() -> Scene:
    return Scene(Fixed(), settings(account="shared"), lines=(LINE, OTHER))


def ready(scene: Scene) -> Scene:
    scene.until(lambda: scene.status().phase == "ready")
    return scene


def matched_by_hand(scene: Scene) -> VenueWager:
    placed = by_hand(scene, odds=-110)
    scene.go(2 * SECOND)
    scene.take(1, 2000)
    scene.go(2 * SECOND)
    assert scene.venue.wager(scene.account, placed.wager_id).matched == 1000
    return placed


def test_a_wager_by_hand_that_settles_between_two_runs_counts_in_profit() -> None:
    scene = ready(shared())
    matched_by_hand(scene)
    scene.run.drop_feed("crash")
    scene.venue.settle(MARKET, 0, scene.now)
    scene.restart(5 * MINUTE)
    ready(scene)
    scene.go(5 * SECOND)
    assert scene.status().profit.realised > 0
    scene.agree()


def test_a_wager_by_hand_placed_and_settled_between_two_runs_counts_in_profit() -> None:
    scene = ready(shared())
    scene.go(2 * MINUTE)
    scene.run.drop_feed("crash")
    scene.memory.last = scene.now
    placed = by_hand(scene, odds=-110)
    scene.world.advance(scene.now + SECOND)
    scene.venue.crowd.enter(scene.crowd, LINE, 1, -150, 2000, scene.now + SECOND, rest=False)
    scene.venue.settle(MARKET, 0, scene.now + 2 * SECOND)
    scene.restart(5 * MINUTE)
    ready(scene)
    scene.go(5 * SECOND)
    assert scene.venue.wager(scene.account, placed.wager_id).matched == 1000
    assert scene.status().profit.realised == scene.venue.wager(scene.account, placed.wager_id).match_win
    scene.agree()


def test_a_wager_by_hand_that_was_settled_before_the_first_run_counts_in_nothing() -> None:
    scene = shared()
    by_hand(scene, odds=-110)
    scene.world.advance(scene.now + SECOND)
    scene.venue.crowd.enter(scene.crowd, LINE, 1, -150, 2000, scene.now + SECOND, rest=False)
    scene.venue.settle(MARKET, 0, scene.now + 2 * SECOND)
    scene.venue.drain()
    ready(scene)
    scene.go(5 * SECOND)
    assert scene.status().profit.realised == 0


@pytest.mark.parametrize("result", [1, None])
def test_a_result_of_a_wager_by_hand_that_is_corrected_after_a_restart_counts_once(result: int | None) -> None:
    scene = ready(shared())
    matched_by_hand(scene)
    scene.venue.settle(MARKET, 0, scene.now)
    scene.go(5 * SECOND)
    scene.agree()
    scene.restart(MINUTE)
    ready(scene)
    scene.agree()
    scene.venue.correct(MARKET, result, scene.now)
    scene.go(5 * SECOND)
    assert scene.status().profit.realised == (-1000 if result == 1 else 0)
    scene.agree()


def test_an_exclusive_account_cancels_a_wager_from_the_exchange_s_own_page_by_its_wager_id() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    since = scene.now
    placed = by_hand(scene)
    scene.go(5 * SECOND)
    assert scene.venue.wager(scene.account, placed.wager_id).status is Status.CANCELED
    cancels = [item for request in scene.sent(r.CancelMany, since) for item in request.items]
    assert r.Cancellation(placed.wager_id, "") in cancels
    assert not scene.sent(r.CancelAll, since)
    scene.agree()
    scene.close()


def test_a_shared_account_leaves_a_wager_by_hand_alone_and_sends_no_hedge_into_it() -> None:
    """The wager by hand offers the best price for the hedge, so the exchange would reject the hedge as a self-match."""
    scene = Scene(Fixed(), settings(account="shared", limits=LOW), lines=(LINE, OTHER))
    ready(scene)
    placed = by_hand(scene, side=0, odds=100, stake=9_500)
    scene.go(2 * SECOND)
    scene.take(1, 7_000)
    scene.until(lambda: bool(scene.alerts("hedge.not_possible")))
    scene.go(10 * SECOND)
    assert scene.venue.wager(scene.account, placed.wager_id).live
    assert not scene.alerts("hedge.sent")
    assert "did not place" in scene.alerts("hedge.not_possible")[-1]["why"]
    scene.venue.cancel(scene.account, placed.wager_id, "", scene.now)
    scene.until(lambda: bool(scene.alerts("hedge.sent")))
    scene.go(5 * SECOND)
    assert not scene.alerts("wager.rejected")
    assert min(scene.position(LINE)) > -6_000
    scene.agree()
